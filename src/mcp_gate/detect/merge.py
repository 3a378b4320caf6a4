"""Findings that overlap become one."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from mcp_gate.detect.finding import Finding

CREDENTIALS = frozenset({"API_KEY", "PRIVATE_KEY", "JWT", "PASSWORD", "CONNECTION_STRING"})


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted, none overlapping another; together they cover what was covered before.

    Of two that overlap the better one names both: the higher score, then the longer.
    """
    merged: list[Finding] = []
    longest_first = sorted(findings, key=attrgetter("end"), reverse=True)
    for finding in sorted(longest_first, key=attrgetter("start")):
        if not merged or finding.start >= merged[-1].end:
            merged.append(finding)
            continue
        last = merged[-1]
        better = (last.score, last.end - last.start) >= (finding.score, finding.end - finding.start)
        best = last if better else finding
        end, bare = max(last.end, finding.end), last.bare or finding.bare
        if best is not last or end != last.end or bare != last.bare:
            merged[-1] = Finding(last.start, end, best.entity, best.score, best.rule, bare)
    return tuple(merged)
