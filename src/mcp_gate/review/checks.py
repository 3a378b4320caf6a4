"""Checks that a word on a request must pass, whatever the word: each returns why not, or None."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias, assert_never

from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.config import AgentSpec
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.review.standing import Standing

Check: TypeAlias = Callable[[Request, Standing], Refused | None]

UNKNOWN_REVIEWER: Final = Refused(
    "unknown_reviewer", 403, "this gate knows no such reviewer; 'mcp-gate reviewers list' has those there are"
)


def first(checks: Iterable[Check], request: Request, standing: Standing) -> Refused | None:
    """The first refusal of the checks in their order, or None."""
    return next((refused for check in checks if (refused := check(request, standing)) is not None), None)


def person(request: Request, standing: Standing) -> Refused | None:
    """The gate must know who speaks."""
    return UNKNOWN_REVIEWER if standing.reviewer is None else None


def group(request: Request, standing: Standing) -> Refused | None:
    """He must be in the group the request went to."""
    if standing.reviewer is None or not standing.reviewer.person.decides_for(request.group):
        return Refused("not_in_group", 403, f"only reviewers in group '{request.group}' decide on this request")
    return None


def itself(request: Request, standing: Standing) -> Refused | None:
    """Nobody decides on his own call: neither the agent, nor its owner unless the operator allows it."""
    if standing.reviewer is None:
        return None
    return own(standing.reviewer.id, request.call.agent, standing.agent)


def own(reviewer: str, agent: str, spec: AgentSpec | None) -> Refused | None:
    """Whether an agent is the reviewer himself, or his.

    Args:
        spec: what the operator says of the agent.
    """
    if reviewer == agent:
        return Refused("self_approval", 403, "an agent cannot decide on what it does itself")
    if spec is not None and spec.owner == reviewer and not spec.allow_owner:
        return Refused("self_approval", 403, "the owner of an agent cannot decide on what it does")
    return None


def still_open(request: Request, standing: Standing) -> Refused | None:
    """It must wait for people, and not be due."""
    match request.status:
        case RequestStatus.PENDING:
            if parse_rfc3339(request.due_ts) <= standing.now:
                return _decided("its time is up")
            return None
        case RequestStatus.SUPERSEDED:
            return voided(request, standing) or tool_changed()
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


def voided(request: Request, standing: Standing) -> Refused | None:
    """The policy, and the agent's level, are those that the call was held under."""
    if request.policy_snapshot != standing.snapshot:
        return voided_by("the policy changed")
    if request.call.level != standing.level:
        return voided_by("the agent's autonomy level changed")
    return None


def voided_by(what: str) -> Refused:
    """The refusal of a word on a request whose policy or level has changed."""
    return Refused("policy_changed", 409, f"{what} since the call was held; it is decided anew")


def tool_changed() -> Refused:
    """The refusal of a word on a request whose tool has changed."""
    return Refused("tool_changed", 409, "the tool's definition changed since the call was held; it is decided anew")


def _decided(how: str) -> Refused:
    return Refused("already_decided", 409, f"this request is no longer open: {how}")
