"""How the queue stands against its targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import Request, RequestStatus

MEDIAN_SEC: Final = 900
P95_SEC: Final = 1800
"""Targets where `approval_queue_policy` names none."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Requests that wait for people. Times in seconds; None where nothing waits."""

    open: int
    overdue: int
    """Waiting longer than the target for the slowest (p95)."""
    escalated: int
    """In their second stage."""
    by_group: dict[str, int]
    median_wait_sec: float | None
    p95_wait_sec: float | None
    oldest_wait_sec: float | None
    target_median_wait_sec: int
    target_p95_wait_sec: int

    def as_json(self) -> JsonObject:
        """The member `queue` of `/v1/status`."""
        out: JsonObject = {
            "open": self.open,
            "overdue": self.overdue,
            "escalated": self.escalated,
            "groups": self.by_group,
            "target_median_wait_sec": self.target_median_wait_sec,
            "target_p95_wait_sec": self.target_p95_wait_sec,
        }
        for name in ("median_wait_sec", "p95_wait_sec", "oldest_wait_sec"):
            seconds = getattr(self, name)
            if seconds is not None:
                out[name] = round(seconds, 1)
        return out


def measure(requests: Iterable[Request], now: float, target_median_sec: int, target_p95_sec: int) -> Queue:
    """The figures of the held calls that are pending at `now` (seconds since the epoch). Samples delay nobody."""
    pending = [request for request in requests if request.status is RequestStatus.PENDING and request.holds]
    waits = sorted(max(0.0, now - parse_rfc3339(request.opened_ts)) for request in pending)
    return Queue(
        open=len(waits),
        overdue=sum(wait > target_p95_sec for wait in waits),
        escalated=sum(request.stage > 1 for request in pending),
        by_group=dict(sorted(Counter(request.group for request in pending).items())),
        median_wait_sec=quantile(waits, 0.5),
        p95_wait_sec=quantile(waits, 0.95),
        oldest_wait_sec=waits[-1] if waits else None,
        target_median_wait_sec=target_median_sec,
        target_p95_wait_sec=target_p95_sec,
    )


def quantile(ascending: list[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    if not ascending:
        return None
    rank = -(-len(ascending) * round(share * 100) // 100)
    return ascending[max(0, rank - 1)]
