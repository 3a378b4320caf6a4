"""Who is looking at a request, and how long it may stay open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import Request
from mcp_gate.model.timed import Escalates
from mcp_gate.review.checks import first as first_refusal
from mcp_gate.review.checks import group, itself, person, still_open, unclaimed
from mcp_gate.review.due import escalation
from mcp_gate.review.fatigue import room
from mcp_gate.review.second import another
from mcp_gate.review.standing import Standing

CLAIM_SEC: Final = 600
"""A claim lapses after ten minutes, so that nobody's coffee break holds up the queue."""
ROUNDING_SEC: Final = 0.001
"""Written times are whole milliseconds; what is less apart is equal."""


@dataclass(frozen=True, slots=True)
class Granted:
    """It may be done. `ts` (RFC 3339): until when the claim holds, or when the request is due from now on."""

    ts: str


Asked: TypeAlias = Granted | Refused


def judge_claim(request: Request, standing: Standing) -> Asked:
    """Whether a reviewer may take a request for himself. Claiming his own again renews it."""
    refused = first_refusal((person, group, itself, another, still_open, unclaimed, room), request, standing)
    return refused or Granted(rfc3339(standing.now + CLAIM_SEC))


def judge_release(request: Request, standing: Standing) -> Asked:
    """Whether a reviewer may give a claim back: his own, or one that is not there."""
    return first_refusal((person, group, still_open, unclaimed), request, standing) or Granted("")


def judge_extend(request: Request, standing: Standing, seconds: int) -> Asked:
    """Whether a request may stay open `seconds` longer: at most doubling the time that its stage was given."""
    refused = first_refusal((person, group, itself, still_open, unclaimed), request, standing)
    if refused is not None:
        return refused
    given = request.timeout_sec
    latest = parse_rfc3339(request.stage_ts) + 2 * given
    due = parse_rfc3339(request.due_ts) + seconds
    if due - latest > ROUNDING_SEC:
        left = max(0, int(latest - parse_rfc3339(request.due_ts) + ROUNDING_SEC))
        text = f"a request may stay open for at most twice the {given} s first given; {left} s more are possible"
        return Refused("too_far", 422, text, ("seconds",))
    return Granted(rfc3339(due + ROUNDING_SEC / 2))


def judge_escalate(request: Request, standing: Standing, reason: str) -> Escalates | Refused:
    """Whether a reviewer may send a request on to the next group, as time would. It goes on once, and held calls do."""
    refused = first_refusal((person, group, itself, still_open, unclaimed), request, standing)
    if refused is not None:
        return refused
    if not request.holds:
        return Refused("not_held", 409, "nobody waits for it: it is not sent on to another group")
    if request.stage > 1:
        return Refused("already_escalated", 409, f"it came from '{request.escalated_from}': it goes on only once")
    if request.escalate_to == request.group:
        return Refused("already_escalated", 409, f"it is with '{request.group}' already, where it would go")
    assert standing.reviewer is not None
    data = {"cause": "reviewer", **({"reason": reason} if reason else {})}
    said = {"approver_id": standing.reviewer.id, "assurance": standing.reviewer.assurance.word}
    return escalation(request, standing.now, said, data)
