"""How much longer a request may stay open: at most twice the time that its stage was given (contract 9). Pure."""

from __future__ import annotations

from typing import Final

from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.words import coarse
from mcp_gate.lang.times import parse_rfc3339

STEPS: Final = (600, 1800, 7200, 28_800)


def choices(held: Held) -> list[tuple[int, str]]:
    """Seconds that may be added, and how they are told; none where there is no more time to be had."""
    given = int(held.verdict["timeout_sec"])
    began = parse_rfc3339(held.escalated_ts or held.opened_ts)
    left = int(began + 2 * given - parse_rfc3339(held.latest_ts))
    if left < 1:
        return []
    steps = [(step, f"{coarse(step)} more") for step in STEPS if step < left]
    return [*steps, (left, f"{coarse(left) if left >= 60 else f'{left} s'} more: all that there is")]
