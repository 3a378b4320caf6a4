"""What time does to requests: the due ones expire, those that nobody came back for are withdrawn."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from mcp_gate.gate import events
from mcp_gate.gate.gate import Gate
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.store.store import Unavailable

log = logging.getLogger(__name__)

EVERY_SEC: Final = 0.5
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
    for request in await gate.store.open_requests():
        if parse_rfc3339(request.due_ts) <= now:
            await _expire(gate, request, now)
        elif request.status is RequestStatus.PENDING and gate.waiters.alone_for(request.id) > ORPHAN_SEC:
            await gate.cancel(request, "client_gone")


async def _expire(gate: Gate, request: Request, now: float) -> None:
    """Nobody decided, or nobody collected the approval: it ends here, and names the policy as who ended it."""
    common = {
        **events.members(request.call, request.policy_snapshot),
        "approver_id": "policy:timeout",
        "decision_ts": rfc3339(now),
    }
    cause = "uncollected" if request.status is RequestStatus.APPROVED else "timeout"
    written = [events.request_event("request.expired", common, request.id, {"cause": cause})]
    await gate.store.close_request(request.id, RequestStatus.EXPIRED, written)
    gate.waiters.forget(request.id)
    gate.announce("request.expired", await gate.store.request(request.id) or request)
