"""When requests are due, in memory, so that the sweep reads nothing while nothing is due."""

from __future__ import annotations

import heapq

from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.request import Request


class Deadlines:
    """A heap of (due, request id). An entry may be out of date: whoever takes it reads the request again."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []

    def add(self, request: Request) -> None:
        """Remember when a request is due."""
        heapq.heappush(self._heap, (parse_rfc3339(request.due_ts), request.id))

    def take(self, now: float) -> list[str]:
        """Ids of what may be due, each once; they are forgotten here."""
        due: dict[str, None] = {}
        while self._heap and self._heap[0][0] <= now:
            due[heapq.heappop(self._heap)[1]] = None
        return list(due)

    def again(self, request_id: str, at: float) -> None:
        """Put back what could not be looked at."""
        heapq.heappush(self._heap, (at, request_id))
