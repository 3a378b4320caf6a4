"""How the queue stands against its targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mcp_gate.model.foreign import JsonObject

MEDIAN_SEC: Final = 900
P95_SEC: Final = 1800
"""Targets where `approval_queue_policy` names none."""
SETTLED_SEC: Final = 3600
"""Waits that ended count for so long: a queue that was worked off is not at once a quick one."""
SHARE: Final = (0.05, 0.10)
"""How much of its calls a gate should hold: less guards little, more wears people out."""


class Target(StrEnum):
    """What a queue is measured by."""

    MEDIAN = "median"
    P95 = "p95"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The held calls that wait for one group."""

    group: str
    since: Sequence[float]
    """Since when each waits, seconds since the epoch."""
    escalated: int = 0
    """How many of them are in their second stage."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Held calls that wait for people, and those that did lately. Times in seconds; None where there are none."""

    open: int
    overdue: int
    """Waiting longer than the target for the slowest (p95)."""
    escalated: int
    """In their second stage."""
    by_group: dict[str, int]
    settled: int
    """How many were decided or expired within the last `SETTLED_SEC`."""
    median_wait_sec: float | None
    """Of those that wait, so far, and of those that were settled."""
    p95_wait_sec: float | None
    oldest_wait_sec: float | None
    target_median_wait_sec: int
    target_p95_wait_sec: int

    @property
    def breached(self) -> tuple[Target, ...]:
        """The targets that are not met."""
        out = []
        if self.median_wait_sec is not None and self.median_wait_sec > self.target_median_wait_sec:
            out.append(Target.MEDIAN)
        if self.p95_wait_sec is not None and self.p95_wait_sec > self.target_p95_wait_sec:
            out.append(Target.P95)
        return tuple(out)

    def as_json(self) -> JsonObject:
        """The member `queue` of `/v1/status`."""
        out: JsonObject = {
            "open": self.open,
            "overdue": self.overdue,
            "escalated": self.escalated,
            "groups": self.by_group,
            "settled": self.settled,
            "target_median_wait_sec": self.target_median_wait_sec,
            "target_p95_wait_sec": self.target_p95_wait_sec,
            "breached": [target.value for target in self.breached],
        }
        for name in ("median_wait_sec", "p95_wait_sec", "oldest_wait_sec"):
            seconds = getattr(self, name)
            if seconds is not None:
                out[name] = round(seconds, 1)
        return out


def measure(
    waiting: Iterable[Waiting], settled: Iterable[float], now: float, target_median_sec: int, target_p95_sec: int
) -> Queue:
    """The figures at `now` (seconds since the epoch).

    Args:
        settled: how long those waited that were settled lately, seconds.
    """
    groups, ended = list(waiting), list(settled)
    open_ = sorted(max(0.0, now - since) for group in groups for since in group.since)
    waits = sorted([*open_, *ended])
    return Queue(
        open=len(open_),
        overdue=sum(wait > target_p95_sec for wait in open_),
        escalated=sum(group.escalated for group in groups),
        by_group={group.group: len(group.since) for group in sorted(groups, key=lambda group: group.group)},
        settled=len(ended),
        median_wait_sec=quantile(waits, 0.5),
        p95_wait_sec=quantile(waits, 0.95),
        oldest_wait_sec=open_[-1] if open_ else None,
        target_median_wait_sec=target_median_sec,
        target_p95_wait_sec=target_p95_sec,
    )


def quantile(ascending: list[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    if not ascending:
        return None
    rank = -(-len(ascending) * round(share * 100) // 100)
    return ascending[max(0, rank - 1)]
