"""Sharing out open requests: to whoever has the least, and away from who cannot attend to them. Pure.

An assignment says whose turn it is and counts for him. It keeps nobody else of the group from deciding: claims do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mcp_gate.model.config import AgentSpec
from mcp_gate.review.checks import own
from mcp_gate.review.people import People

SHARED: Final = ("gate", "quarantine")
"""Kinds that are shared out: somebody waits for them. The others count for who claims them."""


class Why(StrEnum):
    """Why a request goes to another person: `request.assigned.data.why`."""

    UNASSIGNED = "unassigned"
    REVOKED = "revoked"
    """Who had it may not decide on it any more."""
    ABSENT = "absent"
    OVER_CAPACITY = "over_capacity"
    LAPSED = "lapsed"
    """A claim ended on what is not shared out."""


@dataclass(frozen=True, slots=True)
class Lying:
    """An open request, as far as it matters whose it is."""

    id: str
    kind: str
    group: str
    agent: str
    assigned_to: str = ""
    claimed: bool = False
    """Whether who has it is looking at it."""
    spoken: frozenset[str] = frozenset()
    """Who said his word on it already, in this stage."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A request that is somebody else's from now on, or nobody's ("")."""

    id: str
    group: str
    was: str
    to: str
    why: Why


@dataclass(frozen=True, slots=True)
class Roster:
    """Who there is to decide, and how much each may have."""

    people: People
    most: int
    rebalance: bool
    here: frozenset[str]
    """Who is at his screen, or was a moment ago."""
    agents: Mapping[str, AgentSpec] = field(default_factory=dict)

    def able(self, who: str, lying: Lying) -> bool:
        """Whether somebody may decide on a request and has not yet."""
        if who in lying.spoken or not self.people.decides_for(who, lying.group):
            return False
        return own(who, lying.agent, self.agents.get(lying.agent)) is None

    def room(self, group: str, load: Mapping[str, int]) -> int:
        """How many more the people of a group may have."""
        those = [person.id for person in self.people.persons.values() if person.decides_for(group)]
        return sum(max(0, self.most - load.get(id, 0)) for id in those)


class Sharing:
    """One round of sharing out."""

    def __init__(self, roster: Roster, load: Mapping[str, int]) -> None:
        """
        Args:
            load: how many open requests each person has who has any.
        """
        self._roster = roster
        self.load = Counter(load)

    def suspects(self) -> list[str]:
        """Whose requests may have to go to others; mostly nobody's. Who is in other groups now is not among them: that
        is another policy, under which every request is opened anew."""
        return [who for who, count in self.load.items() if count and self._suspect(who)]

    def moved(self, taken: Sequence[Lying]) -> Iterator[Placed]:
        """What is taken from who has it. Of who has too much, the newest goes.

        Args:
            taken: what suspects have, and all that is not shared out but claimed; oldest first.
        """
        for lying in reversed(taken):
            why = self._why(lying)
            if why is not None:
                to = self._to(lying, why)
                if to != lying.assigned_to:
                    yield self._placed(lying, to, why)

    def shared(self, waiting: Iterable[Lying]) -> Iterator[Placed]:
        """What is nobody's yet, in its order, as far as somebody has room."""
        for lying in waiting:
            to = self._least(lying)
            if to:
                yield self._placed(lying, to, Why.UNASSIGNED)

    def _why(self, lying: Lying) -> Why | None:
        who = lying.assigned_to
        if not self._roster.able(who, lying):
            return Why.REVOKED
        if lying.claimed:
            return None
        if lying.kind not in SHARED:
            return Why.LAPSED
        if not self._roster.rebalance:
            return None
        if self.load[who] > self._roster.most:
            return Why.OVER_CAPACITY
        return Why.ABSENT if self._missed(who) else None

    def _suspect(self, who: str) -> bool:
        if self._roster.people.find(who) is None:
            return True
        return self._roster.rebalance and (self.load[who] > self._roster.most or self._missed(who))

    def _missed(self, who: str) -> bool:
        return who not in self._roster.here and self._somebody_is_free()

    def _somebody_is_free(self) -> bool:
        """Whether anybody who is here has room; otherwise it can as well wait for who has it."""
        return any(self.load[id] < self._roster.most for id in self._roster.here)

    def _to(self, lying: Lying, why: Why) -> str:
        if lying.kind not in SHARED:
            return ""
        found = self._least(lying)
        if why is Why.ABSENT and found not in self._roster.here:
            return lying.assigned_to  # none of them may decide on it
        return found

    def _least(self, lying: Lying) -> str:
        """Who is here before who is not, then who has the least, then by name; "" where nobody has room."""
        roster, load = self._roster, self.load
        free = [id for id in roster.people.persons if load[id] < roster.most and id != lying.assigned_to]
        those = (id for id in free if roster.able(id, lying))
        return min(those, key=lambda id: (id not in roster.here, load[id], id), default="")

    def _placed(self, lying: Lying, to: str, why: Why) -> Placed:
        self.load[lying.assigned_to] -= 1
        self.load[to] += 1
        return Placed(lying.id, lying.group, lying.assigned_to, to, why)
