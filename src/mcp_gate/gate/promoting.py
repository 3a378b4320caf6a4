"""An agent that meets the criteria for the next level: people are asked in the queue, and their word lifts it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.autonomy.level import AgentLevel, Change
from mcp_gate.autonomy.promotion import Denied, promotion, proposed
from mcp_gate.evidence.hashes import job_hash, tool_hash
from mcp_gate.gate import clock, events
from mcp_gate.gate.asking import look_request
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.decision import Decision, Tier
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import PROMOTION, Request, RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.review.people import EVERYBODYS_GROUP
from mcp_gate.store.database import Outdated

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

LOOK_EVERY_SEC: Final = 5.0
METHOD: Final = "gate/promotion"
"""Stands where a call has its MCP method; it is not one."""
NO_TOOL: Final = tool_hash({})


class Promoter:
    """Of one gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._next = 0.0

    async def round(self) -> None:
        """Ask about every agent that meets the criteria now, if it is time to look.

        Raises:
            Unavailable: the record cannot be read or written.
        """
        gate = self._gate
        ladder, now = gate.store.agents.ladder, gate.clock.steady()
        if ladder is None or now < self._next:
            return
        self._next = now + LOOK_EVERY_SEC
        agents = gate.store.agents
        for agent, state in agents.known().items():
            if not agents.stopped(agent) and proposed(gate.clock.wall(), agent, ladder, state, None) is not None:
                await self._consider(agent, ladder, state)

    async def proposal(self, agent: str, ladder: Ladder) -> Request | Refused:
        """The open request to promote an agent; one is opened where there is none.

        Raises:
            Unavailable: it could not be recorded.
        """
        while True:
            state = self._gate.store.agents.of(agent)
            change = promotion(self._gate.clock.wall(), agent, ladder, state)
            if isinstance(change, Refused):
                return change
            if self._gate.store.agents.stopped(agent):
                return Refused("stopped", 409, "the agent is stopped; resume it first")
            try:
                return await self._open(agent, ladder, state, change)
            except Outdated:
                continue  # its level changed meanwhile

    async def _consider(self, agent: str, ladder: Ladder, state: AgentLevel) -> None:
        last = await self._gate.store.promotions.last(agent)
        if last is not None and last.status is RequestStatus.PENDING:
            return
        change = proposed(self._gate.clock.wall(), agent, ladder, state, None if last is None else _denied(last))
        if change is None:
            return
        try:
            await self._open(agent, ladder, state, change)
        except Outdated as why:
            log.info("agent %s is not proposed for promotion: %s", agent, why)

    async def _open(self, agent: str, ladder: Ladder, state: AgentLevel, change: Change) -> Request:
        request = self._made(agent, ladder, state, change)
        data: JsonObject = {"kind": PROMOTION, "group": request.group, "due_ts": request.due_ts, **change.as_json()}
        common = events.members(request.call, request.policy_snapshot)
        event = events.request_event("request.opened", common, request.id, data)
        opened = await self._gate.store.promotions.propose(request, [event])
        if opened.id == request.id:
            self._gate.queue.announce("request.opened", request)
        return opened

    def _made(self, agent: str, ladder: Ladder, state: AgentLevel, change: Change) -> Request:
        """The request, and what it is about in the form of a call: so it is shown, hashed and signed as one."""
        gate, steady, now = self._gate, self._gate.clock.steady(), self._gate.clock.wall()
        about: JsonObject = {
            "agent": agent, "from_level": change.was, "to_level": change.now, "since": state.since,
            "counts": state.counts.as_json(),
            "criteria": {name: _plain(value) for name, value in ladder.promotion.items()},
        }  # fmt: skip
        bound: JsonObject = {
            "agent": agent, "upstream": "mcp-gate", "tool": "promote", "tool_hash": NO_TOOL,
            "topic": "agent.promotion", "risk_tags": (), "arguments": about,
        }  # fmt: skip
        call = Call(
            id=clock.call_id(now), ts=rfc3339(now), session="", method=METHOD, listed_name="promote", attributes={},
            job_hash=job_hash(**bound), signals={"level": change.was}, **bound,
        )  # fmt: skip
        verdict = Verdict(
            Decision.REQUIRE_APPROVAL, (PROMOTION,), f"The agent meets the criteria for level {change.now}",
            gate.loaded.snapshot.id, group=EVERYBODYS_GROUP,
        )  # fmt: skip
        return look_request(
            PROMOTION, call, verdict.as_json(), steady, snapshot=verdict.policy_snapshot, tier=Tier.HIGH,
            group=verdict.group, min_assurance=verdict.min_assurance,
        )  # fmt: skip


def _denied(last: Request) -> Denied | None:
    """What a person denied; a proposal that nobody looked at, or that was voided, was not."""
    if last.status is not RequestStatus.REJECTED:
        return None
    said = last.decisions[-1]
    about = last.call.arguments
    return Denied(parse_rfc3339(said.said_ts or said.decision_ts), about["since"], about["counts"]["successes"])


def _plain(value: object) -> bool | str:
    return value if isinstance(value, bool) else str(value)
