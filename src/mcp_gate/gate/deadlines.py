"""When time does something to requests, in memory, so that the sweep reads nothing while nothing is due."""

from __future__ import annotations

import heapq


class Deadlines:
    """A heap of (when, request id). An entry may be out of date: whoever takes it reads the request again."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []

    def add(self, request_id: str, at: float) -> None:
        """Have a request looked at, at a time or soon after."""
        heapq.heappush(self._heap, (at, request_id))

    def take(self, now: float) -> list[str]:
        """Ids of what is to be looked at, each once; they are forgotten here."""
        due: dict[str, None] = {}
        while self._heap and self._heap[0][0] <= now:
            due[heapq.heappop(self._heap)[1]] = None
        return list(due)
