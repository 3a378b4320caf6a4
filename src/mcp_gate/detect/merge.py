"""Findings that overlap become one."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Final

from mcp_gate.detect.finding import Finding

_START: Final = itemgetter(0)
_END: Final = itemgetter(1)
CREDENTIALS = frozenset({"API_KEY", "PRIVATE_KEY", "JWT", "PASSWORD", "CONNECTION_STRING"})


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted, none overlapping another; together they cover what was covered before.

    Of two that overlap the better one names both: the higher score, then the longer.
    """
    merged: list[Finding] = []
    ordered = sorted(findings, key=_END, reverse=True)  # the longest of those that begin together first
    ordered.sort(key=_START)
    stop = -1
    for finding in ordered:
        if finding[0] >= stop:
            merged.append(finding)
            stop = finding[1]
            continue
        last = merged[-1]
        better = (last.score, last.end - last.start) >= (finding.score, finding.end - finding.start)
        best = last if better else finding
        end, bare = max(last.end, finding.end), last.bare or finding.bare
        if best is not last or end != last.end or bare != last.bare:
            merged[-1] = Finding(last.start, end, best.entity, best.score, best.rule, bare)
            stop = end
    return tuple(merged)
