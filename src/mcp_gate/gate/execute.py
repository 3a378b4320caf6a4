"""An approved call is executed once, in a task of the gate: a client that goes away neither stops nor repeats it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from mcp_gate.gate import editing, events, reviewers, words
from mcp_gate.gate.dispatch import dispatch
from mcp_gate.gate.job import Sender
from mcp_gate.gate.receive import Received, forbidden
from mcp_gate.gate.tokens import facts_sent
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.config import GateSettings
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Delivered, NextLeg, Outcome, Refused, Status, UpstreamError
from mcp_gate.model.request import Request
from mcp_gate.model.verdict import Verdict
from mcp_gate.review.joining import covers
from mcp_gate.review.proof import Terms, unproved
from mcp_gate.store.results import Claim, Claimed, NotClaimed, WhyNot
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

VOID: Final = frozenset(
    {
        WhyNot.POLICY_CHANGED,
        WhyNot.LEVEL_CHANGED,
        WhyNot.TOOL_CHANGED,
        WhyNot.ARGUMENTS_CHANGED,
        WhyNot.UNPROVED,
        WhyNot.STRICTER,
    }
)
"""What makes an approval worthless: the call is to be decided anew."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """Policy, level or tool changed under the request: the call is to be decided anew."""

    request_id: str
    call_id: str
    """Of the call that the request was about: one that is on the record."""


HoldOutcome: TypeAlias = Outcome | Superseded


@dataclass(frozen=True, slots=True)
class Execution:
    """The execution of a call that people approved, as its agent makes it now."""

    gate: Gate
    received: Received
    verdict: Verdict
    """Today's."""
    send: Sender

    async def outcome(self, request: Request) -> HoldOutcome | None:
        """The outcome, whoever began the execution. None where the approval is overdue: the sweep ends it in a
        moment."""
        key = (request.call.agent, request.asked_call.job_hash)
        if key not in self.gate.running:
            if not request.consumed and request.due_ts <= rfc3339(self.gate.clock.steady()):
                return None
            self.gate.running.start(key, request, self._run(request))
        return await collected(self.gate, key, self.received.call.session)

    async def _run(self, request: Request) -> HoldOutcome:
        call = request.call
        try:
            current = await self.send.definition()
        except Lost as lost:
            return words.failed(self.verdict, call.id, lost.reason, sent=False, request_id=request.id)
        if current != call.tool_hash:
            await self.gate.queue.supersede(request, "tool_changed")
            return words.tool_changed(self.verdict, call.id, request.id)
        received = editing.as_it_runs(self.received, request)
        if received is None:
            await self.gate.queue.supersede(request, WhyNot.ARGUMENTS_CHANGED.value)
            return Superseded(request.id, request.call.id)
        verdict = self._bound(request)
        await self.gate.tokens.acquaint(call.agent, call.session, call.arguments)
        received = self.gate.tokens.put_back(received, call)
        over = forbidden(verdict.constraints, facts_sent(received), call.id)
        if over:
            await self.gate.queue.cancel(request, "constraint")
            return words.over_constraint(verdict, call.id, over)
        common = events.members(call, request.policy_snapshot)
        claimed = await self._claim(request, _dispatched(request, received, common, current), current)
        match claimed:
            case Claimed(used):  # the call as it was when it was proved
                outcome = await dispatch(self.gate, used.call, verdict, received, self.send, common, held=used)
                return editing.told(outcome, request)
            case NotClaimed(why):
                log.warning("request %s was not claimed: %s", request.id, why)
                if why in VOID:
                    await self.gate.queue.supersede(request, why.value)
                return Superseded(request.id, request.call.id)
            case _:
                assert_never(claimed)

    async def _claim(self, request: Request, dispatched: Event, tool_hash: str) -> Claim:
        """Use the approval up, if it still holds for what is sent now."""
        return await self.gate.store.requests.claim(
            request.call.id,
            request.id,
            job_hash=self.received.call.job_hash,
            tool_hash=tool_hash,
            snapshot=self.gate.loaded.snapshot.id,
            now=self.gate.clock.steady(),
            proof=partial(self._proof, self.gate.loaded.settings, request.call),
            enough=partial(covers, verdict=self.verdict),
            events=[dispatched],
        )

    def _proof(self, settings: GateSettings, call: Call, request: Request, found: bool) -> str:
        """Runs in the store's transaction: `request` is what is written there now."""
        clock = self.gate.clock
        terms = Terms(
            self.verdict, call, self.received.call.method, reviewers.people(settings),
            settings.agent(call.agent), self.gate.id, min(clock.wall(), clock.steady()),
        )  # fmt: skip
        return unproved(request, terms, found=found)

    def _bound(self, request: Request) -> Verdict:
        """Today's verdict, with the constraints that the reviewer saw joined in."""
        shown = Constraints.of(request.verdict.get("constraints", {}))
        return replace(self.verdict, constraints=self.verdict.constraints.join(shown))


def _dispatched(request: Request, received: Received, common: JsonObject, tool_hash: str) -> Event:
    data: JsonObject = {"bytes_sha256": received.bytes_sha256, "tool_hash": tool_hash}
    if received.puts_back:
        data["puts_back"] = list(received.puts_back)
    return events.request_event("call.dispatched", common, request.id, data)


async def collected(gate: Gate, key: tuple[str, str], session: str) -> HoldOutcome:
    """The outcome of an execution, which thereby reaches its agent, in one of its sessions."""
    outcome, request = await gate.running.collect(key)
    if isinstance(outcome, UpstreamError):
        gate.taint.told_too(request.call.session, session)
    if _handed_over(outcome) and not request.call.parent:  # a step's result is kept until its run has it
        delivered(gate, request)
    return outcome


def collectable(outcome: HoldOutcome) -> bool:
    """Whether an outcome that its client did not wait for is kept for the same call to collect."""
    match outcome:
        case Superseded() | NextLeg():
            return False
        case Refused(status=Status.FAILED, sent=False):
            return False  # the approval was not consumed: the same call tries again
        case Refused(status=Status.QUARANTINED):
            return False  # what becomes of it is the quarantine's to tell
        case _:
            return True


def _handed_over(outcome: HoldOutcome) -> bool:
    """Whether an outcome is the complete one of a call that was sent."""
    match outcome:
        case Delivered() | UpstreamError() | Refused(status=Status.UNKNOWN) | Refused(status=Status.FAILED, sent=True):
            return True
        case _:
            return False  # it was not sent, or a reviewer has to look at its result


def delivered(gate: Gate, request: Request) -> None:
    """Record that the agent has the outcome of an approved call."""
    common = events.members(request.call, request.policy_snapshot)
    gate.later(gate.store.delivered(request.call.id, [events.request_event("call.delivered", common, request.id, {})]))
