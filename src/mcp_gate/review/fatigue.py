"""How much one person may take on, and when he needs a break (contract 9, Queue). Denying is always possible."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from mcp_gate.model.judged import Refused
from mcp_gate.model.request import Request
from mcp_gate.policy.read_queue import Queue
from mcp_gate.review.standing import Standing

TIRING: Final = ("approve", "edit", "release")
"""Words that let something pass: they count for a break, and wait for it."""
WINDOW_SEC: Final = 3600
COOLDOWN_SEC: Final = 900
"""Where `fatigue_controls` say nothing else."""


def room(request: Request, standing: Standing) -> Refused | None:
    """Whether the reviewer may take the request on besides what he has.

    Where assignments may be moved, only what he claimed himself is in the way: the rest goes to somebody else.
    """
    most, load = standing.controls.max_open_requests_per_reviewer, standing.load
    if most is None or standing.reviewer is None:
        return None
    his = request.assigned_to == standing.reviewer.id
    full = load.claimed >= most or not (his or rebalances(standing.controls) or load.taken < most)
    if not full:
        return None
    text = f"you have {load.taken} open requests and may have {most}; decide on one, or give one back"
    return Refused("over_capacity", 403, text)


def rested(_: Request, standing: Standing) -> Refused | None:
    """Whether the reviewer may approve now, or needs a break first."""
    left = cooling(standing.load.approved, standing.now, standing.controls)
    if not left:
        return None
    most = standing.controls.cooldown_after_approvals
    text = f"you let {most} pass in a row: take a break; you may approve again in {left} s, and deny at any time"
    return Refused("cooldown", 403, text)


def cooling(approved: Sequence[float], now: float, controls: Queue) -> int:
    """Whole seconds until somebody may approve again; 0: he may. A break of `cooldown_sec` starts the count again.

    Args:
        approved: when he approved, newest first, at least the last `cooldown_after_approvals`.
    """
    most = controls.cooldown_after_approvals
    if most is None or len(approved) < most:
        return 0
    window, pause = controls.cooldown_window_sec or WINDOW_SEC, controls.cooldown_sec or COOLDOWN_SEC
    run = approved[:most]
    breaks = any(later - earlier >= pause for later, earlier in pairwise(run))
    left = run[0] + pause - now
    if breaks or run[0] - run[-1] > window or left <= 0:
        return 0
    return int(-(-left // 1))


def rebalances(controls: Queue) -> bool:
    """Whether assignments are moved from who cannot attend to them; yes, unless the policy says no."""
    return controls.auto_rebalance is not False
