"""Small words of the screen: risk, clocks, how a request ended. Pure."""

from __future__ import annotations

import time
from typing import Final, assert_never

from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.kinds import became
from mcp_gate.faces.tui.lines import ORANGE, Line, Piece, foreign
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.decision import Tier

BLUE: Final = "#56B4E9"
VERMILION: Final = "#FFB48C"
"""Light, so that the highest risk is not the dimmest word where colours become shades of grey (NO_COLOR)."""
LATE_SEC: Final = 60
SOON_SEC: Final = 300
"""Below this the clock shows seconds; above, minutes, so that a quiet queue writes nothing to a slow line."""
FAR_SEC: Final = 12 * 3600
"""What is further off than this is no longer of today."""
NAME: Final = 64
"""Characters of a foreign name that are shown."""


def risk(tier: Tier) -> Piece:
    """Shape, word and colour: each tells the risk without the others."""
    match tier:
        case Tier.LOW:
            return "○ low", BLUE
        case Tier.MEDIUM:
            return "◆ med", ORANGE
        case Tier.HIGH:
            return "▲ HIGH", f"bold {VERMILION}"
        case _:
            assert_never(tier)


def clock(seconds: float) -> str:
    """Time left, at most five cells."""
    if seconds <= 0:
        return "due"
    if seconds < SOON_SEC:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
    return coarse(seconds)


def coarse(seconds: float) -> str:
    """A time in minutes, hours or days."""
    minutes = int(seconds) // 60
    if minutes < 60:
        return f"{minutes}m"
    if minutes < 24 * 60:
        return f"{minutes // 60}h{minutes % 60:02}"
    return f"{minutes // 1440}d"


def urgency(seconds: float) -> str:
    """Style of a clock."""
    if seconds < LATE_SEC:
        return "bold reverse"
    return "bold" if seconds < SOON_SEC else ""


def local_time(ts: str) -> str:
    """A time of the gate's as a clock on the wall here; what is not a time is shown as it came."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(parse_rfc3339(ts)))
    except (ValueError, TypeError, OverflowError):
        return "?"


def local_day(ts: str) -> str:
    """The same with its day."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(parse_rfc3339(ts)))
    except (ValueError, TypeError, OverflowError):
        return "?"


def due_at(held: Held) -> str:
    """When its stage ends; with the day where that is far from when it came."""
    far = held.due - parse_rfc3339(held.opened_ts) > FAR_SEC
    return local_day(held.due_ts) if far else local_time(held.due_ts)


def ending(held: Held) -> Line:
    """How a request that is no longer open ended, in a sentence."""
    final = next((said for said in reversed(held.decisions) if said.get("final")), None)
    match held.status, final:
        case "approved" | "rejected", {"approver_id": str(by), **said}:
            verb = became(held.kind, str(said.get("decision", ""))).partition(";")[0] or "decided"
            at = local_time(str(said.get("decision_ts", "")))
            return ((f"{verb} by ", ""), *foreign(by, "bold", longest=NAME), (f" at {at}", ""))
        case "expired", _:
            return (("expired: nobody decided in time", ""),)
        case "cancelled", _:
            return (("withdrawn: nobody waits for it any more", ""),)
        case "superseded", _:
            return (("superseded: the policy or the tool changed; the call is decided anew", ""),)
        case status, _:
            return foreign(status, longest=NAME)


def ago(seconds: float) -> str:
    """A time that passed, in a few words."""
    return "just now" if seconds < 60 else f"{coarse(seconds)} ago"
