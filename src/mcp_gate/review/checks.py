"""Checks that a word on a request must pass, whatever the word: each returns why not, or None."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias, assert_never

from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.review.standing import Standing

Check: TypeAlias = Callable[[Request, Standing], Refused | None]


def first(checks: Iterable[Check], request: Request, standing: Standing) -> Refused | None:
    """The first refusal of the checks in their order, or None."""
    return next((refused for check in checks if (refused := check(request, standing)) is not None), None)


def person(request: Request, standing: Standing) -> Refused | None:
    """The gate must know who speaks."""
    if standing.reviewer is None:
        return Refused("unknown_reviewer", 403, "this gate knows no such reviewer")
    return None


def group(request: Request, standing: Standing) -> Refused | None:
    """He must be in the group the request went to."""
    if standing.reviewer is None or not standing.reviewer.person.decides_for(request.group):
        return Refused("not_in_group", 403, f"only reviewers in group '{request.group}' decide on this request")
    return None


def itself(request: Request, standing: Standing) -> Refused | None:
    """Nobody decides on his own call: neither the agent, nor its owner unless the operator allows it."""
    if standing.reviewer is None:
        return None
    me, agent = standing.reviewer.id, standing.agent
    if me == request.call.agent:
        return Refused("self_approval", 403, "an agent cannot decide on its own call")
    if agent is not None and agent.owner == me and not agent.allow_owner:
        return Refused("self_approval", 403, "the owner of an agent cannot decide on its calls")
    return None


def still_open(request: Request, standing: Standing) -> Refused | None:
    """It must wait for people, and not be due."""
    match request.status:
        case RequestStatus.PENDING:
            if parse_rfc3339(request.due_ts) <= standing.now:
                return _decided("its time is up")
            return None
        case RequestStatus.SUPERSEDED:
            if request.policy_snapshot != standing.snapshot:
                return policy_changed()
            return tool_changed()
        case RequestStatus.APPROVED | RequestStatus.REJECTED | RequestStatus.CANCELLED:
            return _decided(f"it was {request.status.value}")
        case RequestStatus.EXPIRED:
            return _decided("it expired")
        case _:
            assert_never(request.status)


def unclaimed(request: Request, standing: Standing) -> Refused | None:
    """Nobody else may be looking at it."""
    by = holder(request, standing.now)
    if by and (standing.reviewer is None or by != standing.reviewer.id):
        return Refused("claimed", 409, f"{by} is looking at this request")
    return None


def holder(request: Request, now: float) -> str:
    """Who holds the claim on a request now, or "". A claim ends with time, with its holder's word, with the request."""
    if not request.claimed_by or request.status is not RequestStatus.PENDING:
        return ""
    if parse_rfc3339(request.claimed_until) <= now:
        return ""
    spoken = any(decision.approver_id == request.claimed_by for decision in request.words)
    return "" if spoken else request.claimed_by


def policy_changed() -> Refused:
    return Refused("policy_changed", 409, "the policy changed since the call was held; it is decided anew")


def tool_changed() -> Refused:
    return Refused("tool_changed", 409, "the tool's definition changed since the call was held; it is decided anew")


def _decided(how: str) -> Refused:
    return Refused("already_decided", 409, f"this request is no longer open: {how}")
