"""Stretches of a text around the places where something may lie."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

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


def uncovered(ends: Sequence[int], found: Sequence[Finding], ahead: int = 0) -> Sequence[int]:
    """The places that lie in no finding, and not up to so many characters ahead of one; both ascend."""
    if not found:
        return ends
    out: list[int] = []
    at, last = 0, len(found) - 1
    start, stop = found[0][:2]
    for end in ends:
        while stop < end:
            if at == last:
                start = stop = sys.maxsize
            else:
                at += 1
                start, stop = found[at][:2]
        if end + ahead <= start:
            out.append(end)
    return out
