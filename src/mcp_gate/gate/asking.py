"""What people are asked of a held call."""

from __future__ import annotations

from collections.abc import Sequence

from mcp_gate.gate import clock
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.model.verdict import Verdict


def new_request(call: Call, verdict: Verdict, now: float, over: str, puts_back: Sequence[str] = ()) -> Request:
    """A request for a held call, due by its verdict.

    Args:
        over: why a constraint forbids the call whoever approves it, or "".
        puts_back: tokens in its arguments whose values are put back when it is sent.
    """
    shown = verdict.as_json()
    if puts_back:
        shown = {**shown, "puts_back": list(puts_back)}
    after = verdict.escalate_after_sec
    return Request(
        id=clock.request_id(),
        kind="gate",
        status=RequestStatus.PENDING,
        call=call,
        verdict={**shown, "forbidden": over} if over else shown,
        policy_snapshot=verdict.policy_snapshot,
        tier=verdict.tier,
        group=verdict.group,
        needed=verdict.approvals,
        min_assurance=verdict.min_assurance,
        on_timeout=verdict.on_timeout,
        opened_ts=rfc3339(now),
        due_ts=rfc3339(now + verdict.timeout_sec),
        escalate_ts="" if after is None or after > verdict.timeout_sec else rfc3339(now + after),
        escalate_to=verdict.escalate_to,
    )
