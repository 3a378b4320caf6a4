"""The first line of the screen. Pure."""

from __future__ import annotations

from typing import assert_never

from mcp_gate.faces.tui.desk import Desk, Link, Live, Lost, Reading
from mcp_gate.faces.tui.lines import Line, fitted, foreign, width_of
from mcp_gate.faces.tui.words import NAME, coarse

GAP: Line = (("   ", ""),)


def topline(desk: Desk, now: float, steady: float, width: int) -> Line:
    """Gate, connection, policy, counts, reviewer, waits; on a narrow screen the less needed parts go first."""
    parts = _parts(desk, now, steady)
    while len(parts) > 1 and width_of(_joined(parts)) > width:
        parts.remove(max(parts, key=lambda part: part[0]))
    return fitted(_joined(parts), width)


def _parts(desk: Desk, now: float, steady: float) -> list[tuple[int, Line]]:
    """Each part with how soon it may be left out: the highest number goes first."""
    waiting, mine, late = desk.counts(now)
    breached = desk.status.get("queue", {}).get("breached")
    stale = desk.status.get("policy") == "stale"
    policy = foreign(str(desk.status.get("policy_snapshot", "")), longest=NAME)
    return [
        (4, (("mcp-gate", "bold"), (" ", ""), *foreign(str(desk.status.get("gate_id", "")), "dim", longest=24))),
        (0, _link(desk.link, steady)),
        (2, (("policy ", "dim"), *policy)),
        *([(0, (("policy STALE", "bold reverse"),))] if stale else []),
        *([(1, (("WAITS OVER TARGET", "bold reverse"),))] if breached else []),
        (3, ((f"{waiting} held · {mine} yours", ""), (" · ", ""), (f"{late} late", "bold reverse" if late else ""))),
        (1, (*foreign(desk.me, "bold", longest=24), (f" ({desk.proof})", "dim"))),
        *([(5, _waits(desk))] if waiting else []),
    ]


def _waits(desk: Desk) -> Line:
    """The median wait of those that wait, against what it should be."""
    queue = desk.status.get("queue", {})
    median, target = queue.get("median_wait_sec"), queue.get("target_median_wait_sec")
    if not isinstance(median, int | float) or not isinstance(target, int | float):
        return ()
    late = median > target
    return (("waits ", "dim"), (coarse(median), "bold reverse" if late else ""), (f" of {coarse(target)}", "dim"))


def _joined(parts: list[tuple[int, Line]]) -> Line:
    out: Line = ()
    for _, part in parts:
        if part:
            out = (*out, *(GAP if out else ()), *part)
    return out


def _link(link: Link, steady: float) -> Line:
    match link:
        case Live():
            return (("● live", ""),)
        case Reading():
            return (("◌ reading", ""),)
        case Lost(since):
            return ((f"○ lost {_ago(steady - since)}", "bold reverse"),)
        case _:
            assert_never(link)


def _ago(seconds: float) -> str:
    whole = max(0, int(seconds))
    return f"{whole}s" if whole < 60 else f"{whole // 60}m"
