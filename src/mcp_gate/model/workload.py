"""What one reviewer has before him, and what he approved lately: read from the record for each word of his."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Workload:
    """Without the request that he speaks about."""

    taken: int = 0
    """Open requests that are assigned to him; those that he claimed are."""
    claimed: int = 0
    """How many of them he claims now."""
    approved: tuple[float, ...] = ()
    """When he approved, seconds since the epoch by the gate's clock, newest first; no more of them than were asked
    for."""
