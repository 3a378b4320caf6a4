"""What people are asked to do: let a held call run, or look at something that no client waits for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mcp_gate.gate import clock
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.decision import Assurance, OnTimeout, Tier
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.model.verdict import Verdict

LOOK_SEC: Final = 7 * 86_400
"""How long something waits for somebody to look; then it expires, and the record says that nobody did."""


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


def look_request(
    kind: str, call: Call, verdict: JsonObject, now: float, *, snapshot: str, tier: Tier, group: str,
    min_assurance: Assurance, asked: JsonObject | None = None,
) -> Request:  # fmt: skip
    """A request for one person's look at something, which expires after a week.

    Args:
        verdict: what is shown of the policy's word, and why it is looked at.
        now: seconds on the elapsed clock.
        asked: what its agent asked for, where a reviewer changed that.
    """
    return Request(
        id=clock.request_id(),
        kind=kind,
        status=RequestStatus.PENDING,
        call=call,
        verdict={**verdict, "approvals": 1, "timeout_sec": LOOK_SEC, "on_timeout": OnTimeout.DENY.word},
        policy_snapshot=snapshot,
        tier=tier,
        group=group,
        needed=1,
        min_assurance=min_assurance,
        on_timeout=OnTimeout.DENY,
        opened_ts=rfc3339(now),
        due_ts=rfc3339(now + LOOK_SEC),
        asked=asked,
    )
