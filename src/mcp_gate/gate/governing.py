"""What people do about agents: promote, demote, stop, let go on. The record names who did it, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.autonomy.promotion import Judging, demotion, incident, unmet
from mcp_gate.gate import reviewers
from mcp_gate.gate.memory import memory_of
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.reviewers import Bearer, Identity, Session
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import Assurance
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import ReviewerDecision
from mcp_gate.policy.read_settings import PERSON
from mcp_gate.review import checks
from mcp_gate.review.people import Person, Reviewer
from mcp_gate.store.database import Unavailable
from mcp_gate.store.stops import EVERYBODY

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


@dataclass(frozen=True, slots=True)
class NoSuchAgent:
    """No agent with this id is known."""


@dataclass(frozen=True, slots=True)
class Said:
    """A person's word on an agent."""

    agent: str
    approver_id: str
    reason: str


Answer: TypeAlias = JsonObject | Refused | NoSuchAgent
"""The agent as it is afterwards, or why nothing changed."""


class Governing:
    """What is done about agents, for every face. Every method may raise `store.database.Unavailable`."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def listed(self) -> list[JsonObject]:
        """Every agent that gate.yaml names or that has called, even where the policy has no levels."""
        return [self._shown(agent) for agent in sorted(await self._known())]

    async def _known(self) -> set[str]:
        named, store = self._gate.loaded.settings.agents or {}, self._gate.store
        return {*named, *store.agents.known(), *await store.agents.callers()} - {EVERYBODY}

    async def promote(self, said: Said, identity: Identity) -> Answer:
        """One level up, if the criteria are met and a reviewer who has no part in the agent says so: his approval of
        the request in the queue, which is opened for it where there is none."""
        who, gate = self._reviewer(said, identity), self._gate
        if isinstance(who, Refused):
            return who
        ladder = await self._ladder(said.agent)
        if not isinstance(ladder, Ladder):
            return ladder
        request = await gate.promoter.proposal(said.agent, ladder)
        if isinstance(request, Refused):
            return request
        word = ReviewerDecision(
            decision="approve", reason=said.reason, approver_id=who.id, job_hash=request.call.job_hash,
            policy_snapshot=request.policy_snapshot, decision_ts=rfc3339(gate.clock.wall()), nonce=os.urandom(8).hex(),
        )  # fmt: skip
        answer = await gate.reviewing.decide(request.id, word, identity)
        return answer if isinstance(answer, Refused) else self._shown(said.agent)

    async def demote(self, said: Said, identity: Identity) -> Answer:
        """One level down."""
        return await self._move(said, self._somebody(said, identity), demotion)

    async def incident(self, said: Said, identity: Identity) -> Answer:
        """To level 0."""
        return await self._move(said, self._somebody(said, identity), incident)

    async def stop(self, said: Said, identity: Identity) -> Answer:
        """Nothing more of the agent, or of `EVERYBODY`: new calls are refused, those at an upstream are cut off, those
        that are held end."""
        who = self._somebody(said, identity)
        if isinstance(who, Refused):
            return who
        if not self._may_come(said.agent):
            return NoSuchAgent()
        gate = self._gate
        recorded = gate.store.agents.stop(said.agent, self._stopped(said, who, stopped=True))
        gate.under_way.cut_off(gate.store.agents.stopped)
        memory_of(gate).overdue.cut_off(gate.store.agents.stopped)
        try:
            await recorded
        except Unavailable:
            text = "stopped: nothing more of it is let pass; that cannot be recorded now, and will be as soon as it can"
            return Refused("unavailable", 503, text)
        await redecide(gate)
        return await self._after(said.agent)

    async def resume(self, said: Said, identity: Identity) -> Answer:
        """Let the agent, or everybody, go on. What was held or cut off is not taken up again."""
        who = self._somebody(said, identity)
        if isinstance(who, Refused):
            return who
        spec = self._gate.loaded.settings.agent(said.agent)
        refused = checks.own(who.id, said.agent, spec) if isinstance(identity, Bearer) else None
        if refused is not None:
            return refused
        if not self._gate.store.agents.stopped_by_name(said.agent):
            also = "; all agents are" if self._gate.store.agents.stopped(said.agent) else ""
            return Refused("not_stopped", 409, f"this agent is not stopped by its name{also}")
        await self._gate.store.agents.resume(said.agent, self._stopped(said, who, stopped=False))
        return await self._after(said.agent)

    def _stopped(self, said: Said, who: Reviewer, *, stopped: bool) -> Event:
        whose: JsonObject = {} if said.agent == EVERYBODY else {"agent": said.agent}
        return Event("agent.stopped", {**whose, **self._signed(said, who)}, {"stopped": stopped, "all": not whose})

    def _may_come(self, agent: str) -> bool:
        """Whether an agent with this id has called, or is admitted."""
        agents = self._gate.loaded.settings.agents
        if agents is None:
            return agent == EVERYBODY or PERSON.fullmatch(agent) is not None
        return agent in {EVERYBODY, *agents, *self._gate.store.agents.known()}

    async def _after(self, agent: str) -> JsonObject:
        return {"agents": await self.listed()} if agent == EVERYBODY else self._shown(agent)

    async def _move(self, said: Said, who: Reviewer | Refused, judge: Judging) -> Answer:
        if isinstance(who, Refused):
            return who
        gate, ladder = self._gate, await self._ladder(said.agent)
        if not isinstance(ladder, Ladder):
            return ladder
        judging = partial(judge, gate.clock.wall(), said.agent, ladder)
        moved = await gate.store.agents.move(said.agent, judging, self._signed(said, who))
        return moved if isinstance(moved, Refused) else self._shown(said.agent)

    async def _ladder(self, agent: str) -> Ladder | Refused | NoSuchAgent:
        """The levels that an agent moves on."""
        gate = self._gate
        if agent not in await self._known():
            return NoSuchAgent()
        return gate.store.agents.ladder or Refused("no_levels", 409, "the policy has no autonomy levels")

    def _signed(self, said: Said, who: Reviewer) -> JsonObject:
        """Members of an event: who says so, when, and why."""
        fields: JsonObject = {
            "policy_snapshot": self._gate.loaded.snapshot.id, "approver_id": who.id,
            "decision_ts": rfc3339(self._gate.clock.wall()), "assurance": who.assurance.word,
        }  # fmt: skip
        return {**fields, "reason": said.reason} if said.reason else fields

    def _shown(self, agent: str) -> JsonObject:
        gate = self._gate
        found, ladder = gate.store.agents.of(agent), gate.store.agents.ladder
        out: JsonObject = {"id": agent, "level": found.level}
        if found.since:
            out["since"] = found.since
        out["stopped"] = gate.store.agents.stopped(agent)
        out["counts"] = found.counts.as_json()
        spec = gate.loaded.settings.agent(agent)
        if spec is not None and spec.owner is not None:
            out["owner"] = spec.owner
        if ladder is not None:
            out["max"] = ladder.most(agent)
            if found.level < ladder.most(agent):
                out["lacking"] = list(unmet(gate.clock.wall(), found, ladder))
        return out

    # ---- who speaks

    def _reviewer(self, said: Said, identity: Identity) -> Reviewer | Refused:
        """A reviewer who is neither the agent nor its owner."""
        settings = self._gate.loaded.settings
        found = reviewers.speaker(settings, identity, said.approver_id)
        if found is None:
            return checks.UNKNOWN_REVIEWER
        return checks.own(found.id, said.agent, settings.agent(said.agent)) or found

    def _somebody(self, said: Said, identity: Identity) -> Reviewer | Refused:
        """Any reviewer, or the user who runs the gate: lowering an agent is safe."""
        found = reviewers.speaker(self._gate.loaded.settings, identity, said.approver_id)
        if found is None and isinstance(identity, Session) and said.approver_id == reviewers.operator():
            found = Reviewer(Person(said.approver_id, frozenset()), Assurance.SESSION)
        return found or checks.UNKNOWN_REVIEWER
