"""How long requests waited until they were settled, by how they ended, since the gate started."""

from __future__ import annotations

from typing import Final

from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.durations import Durations
from mcp_gate.model.request import Request, RequestStatus

WAIT_SEC: Final = (5, 15, 60, 300, 900, 1800, 3600, 14400, 86400)
ENDINGS: Final = frozenset({"request.decided", "request.expired", "request.cancelled"})
"""Events after which a request may be over."""


class Waited:
    """Durations of held calls by status. A look at what ran delays nobody."""

    def __init__(self) -> None:
        self.by_status: dict[str, Durations] = {}

    def note(self, event: str, request: Request, now: float) -> None:
        """Something happened to a request; `now` in seconds since the epoch."""
        if event in ENDINGS and request.holds and request.status is not RequestStatus.PENDING:
            durations = self.by_status.setdefault(request.status.value, Durations(WAIT_SEC))
            durations.add(max(0.0, now - parse_rfc3339(request.opened_ts)))
