"""How long things take, as counts below bounds: what is kept does not grow with what is measured."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence


class Durations:
    """Counts of durations by bound, in seconds."""

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """
        Args:
            bounds: ascending.
        """
        self.bounds = tuple(bounds)
        self.total = 0.0
        """Sum of all."""
        self._counts = [0] * (len(self.bounds) + 1)

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """How many lasted at most so long, for each bound and, at last, for infinity."""
        below = 0
        for bound, count in zip((*self.bounds, float("inf")), list(self._counts), strict=True):
            below += count
            yield bound, below
