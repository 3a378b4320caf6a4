"""Stretches of a text around the places where something may lie."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from mcp_gate.detect.finding import Finding


def around(ends: Sequence[int], before: int, after: int, size: int) -> Iterator[tuple[int, int]]:
    """Stretches from `before` characters before each end to `after` behind it, joined where they meet."""
    start = stop = -1
    for end in ends:
        if end - before > stop:
            if stop >= 0:
                yield start, min(stop, size)
            start = max(0, end - before, stop)
        stop = end + after
    if stop >= 0:
        yield start, min(stop, size)


class Covered:
    """What findings lie on; they ascend."""

    __slots__ = ("_starts", "_stops")

    def __init__(self, found: Sequence[Finding]) -> None:
        self._starts = [one.start for one in found]
        self._stops = list(accumulate([one.end for one in found], max))

    def others(self, ends: Sequence[int], ahead: int = 0) -> Sequence[int]:
        """The places that lie in no finding, and not up to so many characters ahead of one."""
        starts, stops = self._starts, self._stops
        if not starts:
            return ends
        last = stops[-1]
        return [end for end in ends if end > last or end + ahead <= starts[bisect_left(stops, end)]]
