"""Which decided calls somebody else looks at again: by a keyed hash that nobody can foresee, as samples are picked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_gate.gate import clock
from mcp_gate.gate.asking import LOOK_SEC
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import OnTimeout
from mcp_gate.model.request import SECOND_REVIEW, Request, RequestStatus
from mcp_gate.review.second import PURPOSE
from mcp_gate.sampling import drawn

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


def look_at(gate: Gate, request: Request) -> Request | None:
    """The second look at a held call's decision, whatever it will be, or None where it was not picked."""
    rate = gate.loaded.queue.sampled_second_review_rate
    if rate is None or not request.holds or drawn(gate.key, request.call.id, PURPOSE) >= rate:
        return None
    now = gate.clock.steady()
    own = {"route": request.group, "approvals": 1, "timeout_sec": LOOK_SEC, "on_timeout": OnTimeout.DENY.word}
    return replace(
        request, id=clock.request_id(), kind=SECOND_REVIEW, status=RequestStatus.PENDING,
        verdict={**request.verdict, **own}, needed=1, on_timeout=OnTimeout.DENY, opened_ts=rfc3339(now),
        due_ts=rfc3339(now + LOOK_SEC), escalate_ts="", escalated_ts="", escalated_from="", claimed_by="",
        claimed_until="", assigned_to="", waiting=False, attempts=1, consumed=False, decisions=(), trail=(), asked=None,
    )  # fmt: skip
