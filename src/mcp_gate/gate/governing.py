"""What people do about agents: promote, demote, record an incident. The record names who did it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from mcp_gate.autonomy.promotion import Judging, demotion, incident, promotion, unmet
from mcp_gate.gate import reviewers
from mcp_gate.gate.reviewers import Identity, Session
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import Assurance
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.review import checks
from mcp_gate.review.people import Person, Reviewer

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


@dataclass(frozen=True, slots=True)
class NoSuchAgent:
    """Nothing is known of an agent with this id."""


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

    def listed(self) -> list[JsonObject]:
        """Every agent that gate.yaml names or that was here."""
        settings = self._gate.loaded.settings
        return [self._shown(agent) for agent in sorted({*(settings.agents or {}), *self._gate.store.agents()})]

    async def promote(self, said: Said, identity: Identity) -> Answer:
        """One level up, if the criteria are met and a reviewer who has no part in the agent says so."""
        return await self._move(said, self._reviewer(said, identity), promotion)

    async def demote(self, said: Said, identity: Identity) -> Answer:
        """One level down."""
        return await self._move(said, self._somebody(said, identity), demotion)

    async def incident(self, said: Said, identity: Identity) -> Answer:
        """To level 0."""
        return await self._move(said, self._somebody(said, identity), incident)

    async def _move(self, said: Said, who: Reviewer | Refused, judge: Judging) -> Answer:
        if isinstance(who, Refused):
            return who
        gate = self._gate
        ladder = gate.store.ladder
        if said.agent not in {*(gate.loaded.settings.agents or {}), *gate.store.agents()}:
            return NoSuchAgent()
        if ladder is None:
            return Refused("no_levels", 409, "the policy has no autonomy levels")
        now = gate.clock.wall()
        fields: JsonObject = {
            "policy_snapshot": gate.loaded.snapshot.id, "approver_id": who.id, "decision_ts": rfc3339(now),
            "assurance": who.assurance.word, "reason": said.reason,
        }  # fmt: skip
        moved = await gate.store.move_agent(said.agent, partial(judge, now, said.agent, ladder), fields)
        return moved if isinstance(moved, Refused) else self._shown(said.agent)

    def _shown(self, agent: str) -> JsonObject:
        gate = self._gate
        found, ladder = gate.store.agent(agent), gate.store.ladder
        out: JsonObject = {"id": agent, "level": found.level}
        if found.since:
            out["since"] = found.since
        out["counts"] = found.counts.as_json()
        spec = (gate.loaded.settings.agents or {}).get(agent)
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
        found = reviewers.reviewer(reviewers.people(settings), identity, said.approver_id)
        if found is None:
            return checks.UNKNOWN_REVIEWER
        return checks.own(found.id, said.agent, (settings.agents or {}).get(said.agent)) or found

    def _somebody(self, said: Said, identity: Identity) -> Reviewer | Refused:
        """Any reviewer, or the user who runs the gate: lowering an agent is safe."""
        found = reviewers.reviewer(reviewers.people(self._gate.loaded.settings), identity, said.approver_id)
        if found is None and isinstance(identity, Session) and said.approver_id == reviewers.operator():
            found = Reviewer(Person(said.approver_id, frozenset()), Assurance.SESSION)
        return found or checks.UNKNOWN_REVIEWER
