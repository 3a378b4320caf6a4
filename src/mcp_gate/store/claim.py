"""The only way from approved to dispatched: an approval is compared, proved and used up in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from mcp_gate.model.event import Event
from mcp_gate.model.request import CallState, Request, RequestStatus
from mcp_gate.store import calls, reading, record
from mcp_gate.store.database import NotFound, Outdated, Tx
from mcp_gate.store.levels import Levels
from mcp_gate.store.results import Claim, Claimed, NotClaimed, WhyNot
from mcp_gate.store.spoken import Spoken
from mcp_gate.store.stops import Stops

Proof: TypeAlias = Callable[[Request, bool], str]
"""Why a stored approval does not prove that people gave it, or ""; told whether an earlier process opened the request.
Pure, and run in the transaction that uses the approval up."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What an approval is compared with at the moment it is used."""

    job_hash: str
    """Of the call as its agent makes it, whatever a reviewer changed since."""
    tool_hash: str
    snapshot: str
    now: str
    proof: Proof
    enough: Callable[[Request], bool]
    """Whether what people were asked is all that the call, as it is made now, asks for."""


def claim(
    call_id: str, request_id: str, bound: Bound, events: tuple[Event, ...], levels: Levels, stops: Stops,
    spoken: Spoken, tx: Tx,
) -> Claim:  # fmt: skip
    """See `RequestTable.claim`."""
    request = reading.need(tx, request_id)
    if request.call.id != call_id:
        raise NotFound(call_id)
    why = _why_not(request, bound)
    if why is not None:
        return NotClaimed(why)
    if stops.stopped(request.call.agent):
        return NotClaimed(WhyNot.STOPPED)
    unproven = unproved(request, bound.proof, spoken)
    if unproven:
        tx.record(Event("security.unproved_approval", dict(events[0].fields), {"why": unproven}))
        return NotClaimed(WhyNot.UNPROVED)
    if not bound.enough(request):
        return NotClaimed(WhyNot.STRICTER)
    try:
        levels.check(tx, request.call.agent, request.call.level)
    except Outdated:
        return NotClaimed(WhyNot.LEVEL_CHANGED)
    calls.move(tx, call_id, CallState.DISPATCHED)
    tx.run("update requests set consumed = 1 where id = :id", id=request_id)
    spoken.ended(tx, request_id)
    record.append(tx, events)
    return Claimed(replace(request, consumed=True))


def unproved(request: Request, proof: Proof, spoken: Spoken) -> str:
    """Why the approval is not what people said, or ""."""
    known = spoken.known(request)
    if known is None:
        return "neither the gate nor its record knows of it what its row says"
    return proof(request, known.found)


def _why_not(request: Request, bound: Bound) -> WhyNot | None:
    if request.status is not RequestStatus.APPROVED:
        return WhyNot.NOT_APPROVED
    if request.consumed:
        return WhyNot.ALREADY_USED
    if request.asked_call.job_hash != bound.job_hash:
        return WhyNot.ARGUMENTS_CHANGED
    if request.call.tool_hash != bound.tool_hash:
        return WhyNot.TOOL_CHANGED
    if request.policy_snapshot != bound.snapshot:
        return WhyNot.POLICY_CHANGED
    if request.due_ts <= bound.now:
        return WhyNot.EXPIRED
    return None
