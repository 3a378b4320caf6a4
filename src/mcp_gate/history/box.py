"""Bounds on numbers within which people always said the same."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mcp_gate.history.cases import Case, Told

ROUNDS: Final = 4
"""How often a box is cut before the search is given up."""

Bounds = Mapping[str, tuple[Decimal, Decimal]]
"""Lowest and highest value of each attribute."""


@dataclass(frozen=True, slots=True)
class Box:
    """Calls of these agents whose attributes lie within the bounds: all of them were told the same."""

    agents: tuple[str, ...]
    bounds: Bounds
    cases: tuple[Case, ...]
    """Those that support it: each by people who can have read it."""
    clicked: int
    """Told the same too quickly to count."""

    def holds(self, case: Case) -> bool:
        return case.agent in self.agents and within(case, self.bounds)


def within(case: Case, bounds: Bounds) -> bool:
    """Whether all the numbers are known and within the bounds."""
    return all(name in case.numbers and low <= case.numbers[name] <= high for name, (low, high) in bounds.items())


def fit(cases: Sequence[Case], told: Told) -> Box | None:
    """The box of what was told so, free of everything that was not; None where there is none.

    It is never wider than the evidence: every attribute is bounded by the values that people saw, and where one is
    no number the case supports nothing.
    """
    support = [case for case in cases if case.told is told and not case.clicked and not case.unbound]
    names = sorted({name for case in support for name in case.numbers})
    support = [case for case in support if all(name in case.numbers for name in names)]
    against = [case for case in cases if case.told is not told]
    for _ in range(ROUNDS):
        if not support:
            return None
        agents = tuple(sorted({case.agent for case in support}))
        bounds = _hull(support, names)
        inside = [case for case in against if case.agent in agents and within(case, bounds)]
        if not inside:
            clicked = sum(
                case.clicked and case.told is told and case.agent in agents and within(case, bounds) for case in cases
            )
            return Box(agents, bounds, tuple(support), clicked)
        support = _cut(support, inside, names)
    return None


def _hull(support: Sequence[Case], names: Sequence[str]) -> Bounds:
    return {
        name: (min(case.numbers[name] for case in support), max(case.numbers[name] for case in support))
        for name in names
    }


def _cut(support: Sequence[Case], inside: Sequence[Case], names: Sequence[str]) -> list[Case]:
    """The most support that lies on one side of everything against it, along one attribute."""
    runs = [run for name in names for run in _runs(support, sorted({case.numbers[name] for case in inside}), name)]
    return max(runs, key=len, default=[])


def _runs(support: Sequence[Case], walls: Sequence[Decimal], name: str) -> list[list[Case]]:
    """Support between walls; what stands on a wall is told both ways and supports nothing."""
    out: list[list[Case]] = [[] for _ in range(len(walls) + 1)]
    for case in support:
        at = bisect_left(walls, case.numbers[name])
        if at == len(walls) or walls[at] != case.numbers[name]:
            out[at].append(case)
    return out
