"""What time does to requests: the due ones expire, those that nobody came back for are withdrawn."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from mcp_gate.gate import events
from mcp_gate.gate.gate import Gate
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.store.database import Unavailable
from mcp_gate.store.results import Closed

log = logging.getLogger(__name__)

EVERY_SEC: Final = 0.5
OPEN: Final = frozenset({RequestStatus.PENDING, RequestStatus.APPROVED})
ORPHAN_SEC: Final = 900.0
"""How long a request stays open for a client that went away (it may come back with the same call)."""


async def sweep_forever(gate: Gate) -> None:
    """Sweep until cancelled. A store that cannot write now is tried again."""
    while True:
        await asyncio.sleep(EVERY_SEC)
        try:
            await sweep(gate)
        except Unavailable as e:
            log.error("the queue could not be swept: %s", e)


async def sweep(gate: Gate) -> None:
    """One round."""
    gate.running.forget()
    now = gate.clock.steady()
    for request_id in gate.deadlines.take(now):
        await _look(gate, request_id, now)
    for request_id in gate.waiters.orphans(ORPHAN_SEC):
        orphan = await gate.store.request(request_id)
        if orphan is not None and orphan.status is RequestStatus.PENDING:
            await gate.cancel(orphan, "client_gone")
        gate.waiters.forget(request_id)


async def _look(gate: Gate, request_id: str, now: float) -> None:
    """Read a request that may be due; one that was extended meanwhile gets its new deadline."""
    try:
        request = await gate.store.request(request_id)
        if request is None or request.consumed or request.status not in OPEN:
            return
        if parse_rfc3339(request.due_ts) > now:
            gate.deadlines.add(request)
        else:
            await _expire(gate, request, now)
    except Unavailable:
        gate.deadlines.again(request_id, now)
        raise


async def _expire(gate: Gate, request: Request, now: float) -> None:
    """Nobody decided, or nobody collected the approval: it ends here, and names the policy as who ended it."""
    common = {
        **events.members(request.call, request.policy_snapshot),
        "approver_id": "policy:timeout",
        "decision_ts": rfc3339(now),
    }
    cause = "uncollected" if request.status is RequestStatus.APPROVED else "timeout"
    written = [events.request_event("request.expired", common, request.id, {"cause": cause})]
    closing = await gate.store.close_request(request.id, RequestStatus.EXPIRED, written)
    gate.waiters.forget(request.id)
    if isinstance(closing, Closed):
        gate.announce("request.expired", closing.request)
