"""Where an agent stands, and what its conduct does to that: it falls by itself, and rises by a person's word alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final, assert_never

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.model.foreign import JsonObject

FEWEST: Final = 20
"""An error rate is told of at least so many calls: after fewer, those that were not made count as successes. So one
error at the start says little, and several still show at once."""


class Conduct(StrEnum):
    """What an agent did, as far as its level is concerned."""

    SUCCESS = "success"
    ERROR = "error"
    VIOLATION = "violation"
    INCIDENT = "incident"


class Cause(StrEnum):
    """Why a level changed: `agent.level_changed.data.cause`."""

    INITIAL = "initial"
    """Where the operator lets a new agent begin."""
    VIOLATION = "policy_violation"
    ERROR_RATE = "error_rate"
    INCIDENT = "safety_incident"
    PROMOTED = "promoted"
    DEMOTED = "demoted"
    CAPPED = "capped"
    """There are fewer levels now, or the agent's own `max` was lowered."""
    LOST = "state_lost"
    """What is kept of the agent cannot be read, or is not what the record says."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What an agent did since its level last changed."""

    successes: int = 0
    errors: int = 0
    violations: int = 0

    @property
    def executed(self) -> int:
        return self.successes + self.errors

    def and_(self, conduct: Conduct) -> Counts:
        """One more."""
        match conduct:
            case Conduct.SUCCESS:
                return replace(self, successes=self.successes + 1)
            case Conduct.ERROR:
                return replace(self, errors=self.errors + 1)
            case Conduct.VIOLATION:
                return replace(self, violations=self.violations + 1)
            case Conduct.INCIDENT:
                return self
            case _:
                assert_never(conduct)

    def as_json(self) -> JsonObject:
        return {"successes": self.successes, "errors": self.errors, "violations": self.violations}


@dataclass(frozen=True, slots=True)
class AgentLevel:
    """An agent's level, since when (RFC 3339, "" where nothing is known of it yet), and what it did since."""

    level: int = 0
    since: str = ""
    counts: Counts = Counts()


@dataclass(frozen=True, slots=True)
class Change:
    """A level that changed, or an incident at level 0: either way the counts start again."""

    was: int
    now: int
    cause: Cause

    def as_json(self) -> JsonObject:
        return {"from": self.was, "to": self.now, "cause": self.cause.value}


def after(before: AgentLevel, conduct: Conduct, ladder: Ladder) -> tuple[AgentLevel, Change | None]:
    """The level after one more piece of conduct; never a higher one. `since` is the caller's to set."""
    counts = before.counts.and_(conduct)
    cause = _trigger(conduct, counts, ladder)
    down = 0 if cause is Cause.INCIDENT else max(0, before.level - 1)
    if cause is None or (down == before.level and cause is not Cause.INCIDENT):
        return replace(before, counts=counts), None
    return AgentLevel(down), Change(before.level, down, cause)


def _trigger(conduct: Conduct, counts: Counts, ladder: Ladder) -> Cause | None:
    match conduct:
        case Conduct.SUCCESS:
            return None
        case Conduct.ERROR:
            limit = ladder.error_rate_above
            return Cause.ERROR_RATE if limit is not None and error_rate(counts) > limit else None
        case Conduct.VIOLATION:
            return Cause.VIOLATION if ladder.violations_demote else None
        case Conduct.INCIDENT:
            return Cause.INCIDENT
        case _:
            assert_never(conduct)


def error_rate(counts: Counts) -> Decimal:
    """The share of executed calls that failed, told of at least `FEWEST`."""
    return Decimal(counts.errors) / max(FEWEST, counts.executed)
