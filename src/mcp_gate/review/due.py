"""What becomes of a request by time alone: it expires, goes to another group once, or the policy approves it.

A stage ends at `due_ts`, or at `escalate_ts` if that is sooner. The first stage ends as the policy says; the second
has the same time again and ends in denial. Pure: the same request at the same moment has the same fate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from mcp_gate.evidence.record import members
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.decision import Assurance, OnTimeout, Tier
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Accepted
from mcp_gate.model.request import RecordedDecision, Request, RequestStatus
from mcp_gate.model.timed import Approves, Escalates, Expires, Over, Timed, Waits

POLICY: Final = "policy:timeout"
"""Who decided, where time did."""
OPEN: Final = frozenset({RequestStatus.PENDING, RequestStatus.APPROVED})
ROUNDING_SEC: Final = 1.0


@dataclass(frozen=True, slots=True)
class Moment:
    """The gate's side of it."""

    now: float
    """Seconds since the epoch on the elapsed clock."""
    since: float
    """When this gate started. What the clock said before is not known to be true: somebody may have set it."""
    snapshot: str
    """The policy snapshot in force."""


def fate(request: Request, moment: Moment) -> Timed:
    """What time does to a request at a moment."""
    if request.consumed or request.status not in OPEN:
        return Over()
    ends = parse_rfc3339(stage_end(request))
    if _set_back(request, moment):
        return _expires(request, moment, "clock")
    if ends > moment.now:
        return Waits(ends)
    if request.status is RequestStatus.APPROVED:
        return _expires(request, moment, "uncollected")
    word = after(request)
    match word:
        case OnTimeout.ESCALATE:
            return _escalates(request, moment)
        case OnTimeout.APPROVE if ends > moment.since and request.policy_snapshot == moment.snapshot:
            return _approves(request, moment)
        case OnTimeout.APPROVE | OnTimeout.DENY:
            return _expires(request, moment, "timeout")
        case _:
            assert_never(word)


def stage_end(request: Request) -> str:
    """When the stage that a request is in ends (RFC 3339)."""
    if request.status is RequestStatus.PENDING and request.stage == 1 and request.escalate_ts:
        return min(request.escalate_ts, request.due_ts)
    return request.due_ts


def after(request: Request) -> OnTimeout:
    """What happens at the end of the stage to a request that nobody decided by then."""
    if request.stage > 1:
        return OnTimeout.DENY
    word = OnTimeout.DENY if request.on_timeout is OnTimeout.APPROVE and _guarded(request) else request.on_timeout
    if not request.escalate_ts or request.escalate_ts > request.due_ts:
        return word
    return OnTimeout.ESCALATE if request.escalate_ts < request.due_ts else max(word, OnTimeout.ESCALATE)


def _guarded(request: Request) -> bool:
    """Whether time alone can never approve it, whatever the policy's word."""
    return (
        request.kind != "gate"
        or request.tier is not Tier.LOW
        or request.needed > 1
        or request.min_assurance > Assurance.SESSION
        or bool(request.verdict.get("forbidden"))
    )


def _set_back(request: Request, moment: Moment) -> bool:
    """Whether more time is left than any stage has: the clock went back over a restart, and nobody can say how long
    the request has waited."""
    left = parse_rfc3339(stage_end(request)) - moment.now
    return left > 2 * request.timeout_sec + ROUNDING_SEC


def _expires(request: Request, moment: Moment, cause: str) -> Expires:
    return Expires((Event("request.expired", _signed(request, moment), {"cause": cause, **request.more_time}),))


def _escalates(request: Request, moment: Moment) -> Escalates:
    cause = "timeout" if parse_rfc3339(request.due_ts) <= moment.now else "undecided"
    return escalation(request, moment.now, {}, {"cause": cause})


def escalation(request: Request, now: float, said: JsonObject, data: JsonObject) -> Escalates:
    """The second stage of a request, beginning now.

    Args:
        said: members of the event that name who sends it on; none where time does.
        data: why.
    """
    due_ts = max(request.due_ts, rfc3339(now + request.timeout_sec))
    data = {"from": request.group, "to": request.escalate_to, "due_ts": due_ts, **data, **request.more_time}
    event = Event("request.escalated", {**members(request.call, request.policy_snapshot, request.id), **said}, data)
    return Escalates(request.escalate_to, rfc3339(now), due_ts, (event,))


def _approves(request: Request, moment: Moment) -> Approves:
    reason = f"nobody decided within {request.timeout_sec} s; the policy approves tier {request.tier.word}"
    said = RecordedDecision("approve", reason, POLICY, rfc3339(moment.now), None, "", final=True, stage=request.stage)
    event = Event(
        "request.decided",
        {**_signed(request, moment), "reason": reason},
        {"decision": said.decision, "reason": reason, "final": True, **request.more_time},
    )
    return Approves(Accepted(said, RequestStatus.APPROVED, (event,)), rfc3339(moment.now + request.timeout_sec))


def _signed(request: Request, moment: Moment) -> JsonObject:
    """The members of an event that names the policy as who decided."""
    common = members(request.call, request.policy_snapshot, request.id)
    return {**common, "approver_id": POLICY, "decision_ts": rfc3339(moment.now)}
