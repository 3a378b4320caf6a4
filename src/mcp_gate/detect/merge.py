"""Findings that overlap become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mcp_gate.detect.finding import Finding

CREDENTIALS = frozenset({"API_KEY", "PRIVATE_KEY", "JWT", "PASSWORD", "CONNECTION_STRING"})


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted, none overlapping another; together they cover what was covered before.

    Of two that overlap the better one names both: the higher score, then the longer.
    """
    merged: list[Finding] = []
    for finding in sorted(findings, key=lambda one: (one.start, -one.end)):
        if not merged or finding.start >= merged[-1].end:
            merged.append(finding)
            continue
        last = merged[-1]
        best = max(last, finding, key=lambda one: (one.score, one.end - one.start))
        merged[-1] = replace(best, start=last.start, end=max(last.end, finding.end), bare=last.bare or finding.bare)
    return tuple(merged)
