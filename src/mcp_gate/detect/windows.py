"""Stretches of a text around the places where something may lie."""

from __future__ import annotations

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
    which = 0
    for end in ends:
        while which < len(found) and found[which].end < end:
            which += 1
        if which == len(found) or end + ahead <= found[which].start:
            out.append(end)
    return out
