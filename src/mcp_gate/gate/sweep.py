"""Time passes over requests: the due ones meet their fate (`review.due`), those nobody came back for are withdrawn."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, assert_never

from mcp_gate.gate.gate import Gate
from mcp_gate.model.request import RequestStatus
from mcp_gate.model.timed import Approves, Escalates, Expires, Over, Waits
from mcp_gate.review.due import fate
from mcp_gate.store.database import Unavailable

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
    for request_id in gate.queue.deadlines.take(gate.clock.steady()):
        await _look(gate, request_id)
    await gate.sharer.round()
    for request_id in gate.waiters.orphans(ORPHAN_SEC):
        orphan = await gate.store.requests.find(request_id)
        if orphan is not None and orphan.status is RequestStatus.PENDING:
            await gate.queue.cancel(orphan, "client_gone")
        gate.waiters.forget(request_id)
    await gate.glass.round()
    await gate.promoter.round()
    await gate.targets.round()


async def _look(gate: Gate, request_id: str) -> None:
    """Let time do to a request what it does now, as one transaction, and tell whoever waits or watches."""
    moment = gate.queue.moment()
    try:
        timed, request = await gate.store.requests.pass_time(request_id, lambda found: fate(found, moment))
    except Unavailable:
        gate.queue.deadlines.add(request_id, moment.now)
        raise
    match timed:
        case Waits(until):  # it was extended
            gate.queue.deadlines.add(request_id, until)
        case Over():
            pass
        case Expires():
            gate.waiters.forget(request_id)
            gate.queue.announce("request.expired", request)
        case Escalates():
            gate.queue.announce("request.escalated", request)
        case Approves():
            gate.queue.announce("request.decided", request)
        case _:
            assert_never(timed)
