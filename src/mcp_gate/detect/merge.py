"""Findings that overlap become one."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter

from mcp_gate.detect.finding import Finding

CREDENTIALS = frozenset({"API_KEY", "PRIVATE_KEY", "JWT", "PASSWORD", "CONNECTION_STRING"})


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted, none overlapping another; together they cover what was covered before.

    Of two that overlap the better one names both: the higher score, then the longer.
    """
    merged: list[Finding] = []
    behind = 0
    longest_first = sorted(findings, key=itemgetter(1), reverse=True)
    longest_first.sort(key=itemgetter(0))
    for finding in longest_first:
        if finding[0] >= behind or not merged:
            merged.append(finding)
            behind = finding[1]
            continue
        last = merged[-1]
        better = (last.score, last.end - last.start) >= (finding.score, finding.end - finding.start)
        best = last if better else finding
        end, bare = max(last.end, finding.end), last.bare or finding.bare
        if best is not last or end != last.end or bare != last.bare:
            merged[-1] = Finding(last.start, end, best.entity, best.score, best.rule, bare)
            behind = end
    return tuple(merged)
