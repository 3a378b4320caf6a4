"""Held calls as evidence: what people said of each, how long they looked, and what can be told of its kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Final

from mcp_gate.history.past import Past, Word
from mcp_gate.history.service import timed
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Facts

FAST_SEC: Final = 2.0
"""Who decides in less has not read it."""
HARMLESS: Final = frozenset({"approve", "good", "release"})
"""Words that say nothing against a call; every other does, and so does one that nobody here knows."""


class Told(Enum):
    """What became of a call in the hands of people."""

    APPROVED = "approved"
    DENIED = "denied"
    BAD = "found bad"
    """Approved or not: somebody said something against it afterwards, or changed it."""
    UNDECIDED = "not decided by a person"


@dataclass(frozen=True, slots=True)
class Thing:
    """Calls of one tool with the same topic and tags."""

    upstream: str
    tool: str
    topic: str
    tags: frozenset[str]

    @classmethod
    def of(cls, facts: Facts) -> Thing:
        told = facts.description
        return cls(facts.upstream, facts.tool, told.topic, told.risk_tags)


@dataclass(frozen=True, slots=True)
class Case:
    """One call as evidence."""

    call_id: str
    agent: str
    told: Told
    numbers: Mapping[str, Decimal]
    """The declared attributes that are plain numbers."""
    people: tuple[str, ...] = ()
    at: float = 0.0
    """When it was decided, seconds since the epoch."""
    seconds: float = 0.0
    """How long the quickest of its people looked."""
    unbound: bool = False
    """Whether a declared attribute of it is not a number: no bound would keep a rule to what people saw of that."""

    @property
    def clicked(self) -> bool:
        """Whether somebody cannot have read it: such a word supports nothing."""
        return self.seconds < FAST_SEC

    @property
    def day(self) -> str:
        return rfc3339(self.at)[:10]


class Spoken:
    """What people said of each call of a period."""

    def __init__(self, words: Iterable[Word]) -> None:
        self._words: dict[str, list[tuple[Word, float]]] = defaultdict(list)
        for word, seconds in timed(words):
            self._words[word.call_id].append((word, seconds))

    def case(self, past: Past, facts: Facts) -> Case:
        """A call as evidence, whether it was held or not."""
        found = self._words.get(past.call.id, [])
        told = _told([word for word, _ in found])
        numbers = {
            name: Decimal(value)
            for name, value in facts.description.attributes.items()
            if isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        }
        unbound = len(numbers) < len(facts.description.attributes)
        case = Case(past.call.id, past.call.agent, told, numbers, unbound=unbound)
        said = {Told.APPROVED: "approve", Told.DENIED: "deny"}.get(told)
        if said is None:
            return case
        theirs = [(word, seconds) for word, seconds in found if word.said == said]
        return Case(
            case.call_id, case.agent, told, numbers, tuple(sorted({word.by for word, _ in theirs})),
            max(word.at for word, _ in theirs), min(seconds for _, seconds in theirs), unbound,
        )  # fmt: skip


def _told(words: list[Word]) -> Told:
    against = {word.said for word in words} - HARMLESS
    if against - {"deny"}:
        return Told.BAD
    if against:
        return Told.DENIED
    return Told.APPROVED if any(word.said == "approve" and word.final for word in words) else Told.UNDECIDED
