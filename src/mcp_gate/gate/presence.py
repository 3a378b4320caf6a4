"""Which reviewers are there: those who have the queue open, or decided something a while ago."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

ABSENT_SEC: Final = 900.0
"""Whoever had no event stream and said nothing for this long is not there. After a start everybody gets this long."""


class Presence:
    """In memory: a stream does not outlive the gate either."""

    def __init__(self, now: Callable[[], float]) -> None:
        """
        Args:
            now: seconds on a clock that only goes forward.
        """
        self._now = now
        self._start = now()
        self._seen: dict[str, float] = {}
        self._watching: Counter[str] = Counter()

    def seen(self, reviewer: str) -> None:
        """He said or did something just now."""
        self._seen[reviewer] = self._now()

    @contextmanager
    def watching(self, reviewer: str) -> Iterator[None]:
        """He has the queue before him as long as this lasts."""
        self._watching[reviewer] += 1
        try:
            yield
        finally:
            self._watching[reviewer] -= 1
            self.seen(reviewer)

    def here(self, reviewers: Iterable[str]) -> frozenset[str]:
        """Those of them who are there."""
        since = self._now() - ABSENT_SEC
        return frozenset(id for id in reviewers if self._watching[id] > 0 or self._seen.get(id, self._start) > since)
