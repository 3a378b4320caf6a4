"""What proofs find, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from mcp_gate.model.call import Facts
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.rules import Rule


class Result(Enum):
    """How a question ended."""

    PROVED = "proved"
    DISPROVED = "disproved"
    """The engine itself confirmed an example."""
    POSSIBLE = "possible"
    """There may be an example; the one that was built is none. It rests on what is not modelled."""
    UNDECIDED = "undecided"
    """The time was over."""


@dataclass(frozen=True, slots=True)
class Example:
    """One call, and what the engine says of it."""

    facts: Facts
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether every call that a rule is about gets its decision or a stricter one, at each level."""

    rule: Rule
    levels: Mapping[int, Result]
    example: Example | None = None
    """A call that is let off too lightly, or may be."""
    empty: bool = False
    """No call is one that the rule is about."""

    @property
    def result(self) -> Result:
        """The worst of all levels."""
        order = (Result.DISPROVED, Result.POSSIBLE, Result.UNDECIDED, Result.PROVED)
        return next(result for result in order if result in self.levels.values())


@dataclass(frozen=True, slots=True)
class Idle:
    """A rule that never decides."""

    layer: str
    rule: Rule
    hidden_by: tuple[Rule, ...]
    """Earlier rules that together take all its calls; empty where no call matches it at all."""


@dataclass(frozen=True, slots=True)
class Step:
    """Two levels of which the higher is stricter for some call."""

    level: int
    """The lower of the two."""
    result: Result
    lower: Example | None = None
    higher: Example | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which two policies differ."""

    what: str
    """Such as `require_approval -> allow`."""
    weaker: bool
    """Whether the new policy is the weaker one there."""
    result: Result
    levels: tuple[int, ...]
    facts: Facts | None = None
    """A call for which it is so, or may be, at the first of the levels."""
    before: Verdict | None = None
    after: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found out about one policy."""

    claims: tuple[Claim, ...] = ()
    invariants: tuple[Claim, ...] = ()
    """Without the invariants: whether the rules alone would keep each."""
    idle: tuple[Idle, ...] = ()
    undecided: tuple[Rule, ...] = ()
    """Rules of which it is not known whether they ever decide."""
    steps: tuple[Step, ...] = ()

    @property
    def all_proved(self) -> bool:
        """Whether every `never` claim is."""
        return all(claim.result is Result.PROVED for claim in self.claims)
