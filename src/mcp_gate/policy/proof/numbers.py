"""One number, as far as comparisons with constants can tell: on which side of each of them it lies."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Final, TypeAlias

from mcp_gate.policy.proof.cnf import FALSE, TRUE, Cnf, Literal, Model, Variables

DIGITS: Final = 5000
"""Enough for the middle of any two numbers that fit into a condition."""

Cut: TypeAlias = tuple[Decimal, bool]
"""What lies below a number; with True, that number too. In order, each holds where the one before does."""


class Number:
    """Where one number lies."""

    def __init__(self, cnf: Cnf, *, least: int | None = None, most: int | None = None, whole: bool = False) -> None:
        self._cnf, self._whole = cnf, whole
        self._cuts: Variables[Cut] = Variables(cnf)
        if least is not None:
            self._cuts[Decimal(least), False] = FALSE
        if most is not None:
            self._cuts[Decimal(most), True] = TRUE

    def below(self, constant: Decimal) -> Literal:
        return self._cuts[constant, False]

    def at_most(self, constant: Decimal) -> Literal:
        return self._cuts[constant, True]

    def no_less_than(self, other: Number, where: Literal) -> None:
        """Say, before both are closed, that this number is no smaller than another where a literal holds."""
        for cut in sorted({*self._cuts, *other._cuts}):
            self._cnf.add(-where, -self._cuts[cut], other._cuts[cut])

    def close(self) -> None:
        """Say how the sides go together, once every constant was asked about."""
        for low, high in pairwise(sorted(self._cuts)):
            self._cnf.add(-self._cuts[low], self._cuts[high])
            if self._between(low, high) is None:
                self._cnf.add(self._cuts[low], -self._cuts[high])

    def example(self, model: Model) -> Decimal:
        """A number where the model's lies: a short one, if there is one."""
        cuts = sorted(self._cuts)
        high = next((cut for cut in cuts if model[self._cuts[cut]]), None)
        low = next((cut for cut in reversed(cuts) if not model[self._cuts[cut]]), None)
        found = self._between(low, high)
        assert found is not None, "the clauses leave a place for every number"
        return found

    def _between(self, low: Cut | None, high: Cut | None) -> Decimal | None:
        """A number above one cut and not above the other, or None."""
        if high is None:
            return Decimal(0) if low is None else self._above(low)
        if low is None:
            return high[0] if high[1] and not self._whole else Decimal(math.ceil(high[0])) - 1
        first = self._above(low)
        if first < high[0] or (first == high[0] and high[1]):
            return first
        if self._whole or low[0] >= high[0]:
            return None
        with localcontext() as context:
            context.prec = DIGITS
            return (low[0] + high[0]) / 2

    def _above(self, low: Cut) -> Decimal:
        """The number of the cut itself if it lies above, else the next whole one."""
        constant, included = low
        itself = not included and (not self._whole or constant == constant.to_integral_value())
        return constant if itself else Decimal(math.floor(constant)) + 1
