"""A waiting line before some reviewers: first come, first served, until due."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PURGE: Final = 1024
"""Open requests remembered before those that are settled are looked for."""


@dataclass(frozen=True, slots=True)
class Served:
    """What became of one request. Times are seconds since the epoch."""

    settled: float
    """When the last word was said, or its time was up."""
    in_time: bool


class Line:
    """The queue of one group. Requests are told in the order in which they come."""

    def __init__(self, reviewers: int) -> None:
        self._free = [float("-inf")] * reviewers
        """From when on each reviewer has time."""
        self._open: dict[str, float] = {}
        self._purge_at = PURGE

    def come(self, key: str, at: float, work: Sequence[float], due: float) -> Served | None:
        """A request comes; None: the same one is open already, and it joins that.

        Args:
            key: what identical calls of one agent have in common.
            work: seconds that each of the people takes whom it needs; they are different people.
        """
        if self._open.get(key, at) > at:
            return None
        while len(self._free) < len(work):
            heapq.heappush(self._free, float("-inf"))
        people = [heapq.heappop(self._free) for _ in work]
        said = [_looked_at(free, at, seconds, due) for free, seconds in zip(people, work, strict=True)]
        for free, (until, _) in zip(people, said, strict=True):
            heapq.heappush(self._free, max(free, until))
        in_time = all(done for _, done in said)
        settled = max(until for until, _ in said) if in_time else due
        self._remember(key, at, settled)
        return Served(settled, in_time)

    def _remember(self, key: str, at: float, settled: float) -> None:
        self._open[key] = settled
        if len(self._open) > self._purge_at:
            self._open = {key: until for key, until in self._open.items() if until > at}
            self._purge_at = max(PURGE, 2 * len(self._open))


def _looked_at(free: float, at: float, seconds: float, due: float) -> tuple[float, bool]:
    """Until when one reviewer is busy with it, and whether he said his word in time; what is over is not begun."""
    start = max(free, at)
    if start >= due:
        return free, False
    return min(start + seconds, due), start + seconds <= due
