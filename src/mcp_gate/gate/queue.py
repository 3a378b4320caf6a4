"""Requests that wait for people: who is told of them, when time does something to them, and how they end unanswered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, assert_never

from mcp_gate.gate import events
from mcp_gate.gate.deadlines import Deadlines
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.waited import Waited
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.model.timed import Approves, Escalates, Expires, Over, Waits
from mcp_gate.review.due import Moment, fate
from mcp_gate.store.results import Closed, NotOpen

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)


class Queue:
    """Those of one gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.deadlines = Deadlines()
        self.waited = Waited()

    def announce(self, event: str, request: Request, *, blind: bool = False) -> None:
        """Tell watchers, waiters and the sweep that a request changed.

        Args:
            blind: how it ended is told only to those who had a part in it (`look`: their ids).
        """
        self.watch(request)
        self.waited.note(event, request, self._gate.clock.steady())
        self._gate.sharer.changed()
        message: JsonObject = {
            "event": event, "request_id": request.id, "group": request.group, "status": request.status.value,
        }  # fmt: skip
        if blind:
            message["look"] = [said.approver_id for said in request.decisions]
        if event == "request.escalated":
            message["from"] = request.escalated_from
        self._gate.hub.publish(message)

    def opened(self, request: Request) -> None:
        """Tell of a new request, whose client may come back or not, and decide it anew where a reload overtook it."""
        self._gate.waiters.adopt(request.id)
        self.announce("request.opened", request)
        if request.policy_snapshot != self._gate.loaded.snapshot.id:
            self._gate.later(redecide(self._gate))

    def watch(self, request: Request) -> None:
        """Have the sweep look at a request when time does something to it."""
        timed = fate(request, self.moment())
        match timed:
            case Waits(until):
                self.deadlines.add(request.id, until)
            case Expires() | Escalates() | Approves():
                self.deadlines.add(request.id, self._gate.clock.steady())
            case Over():
                pass
            case _:
                assert_never(timed)

    def moment(self) -> Moment:
        """Now, as what time does to requests goes by it."""
        return Moment(self._gate.clock.steady(), self._gate.clock.started, self._gate.loaded.snapshot.id)

    async def supersede(self, request: Request, why: str) -> bool:
        """Void a request because policy, tool or level changed under it; its call is to be decided anew. False: it was
        no longer open."""
        return await self._close(request, RequestStatus.SUPERSEDED, {"cause": "superseded", "why": why})

    async def cancel(self, request: Request, cause: str) -> None:
        """End a request that nobody wants any more."""
        await self._close(request, RequestStatus.CANCELLED, {"cause": cause})

    async def _close(self, request: Request, status: RequestStatus, data: JsonObject) -> bool:
        """
        Raises:
            Unavailable: it could not be recorded; the request is as it was.
        """
        common = events.members(request.call, request.policy_snapshot)
        written = [events.request_event("request.cancelled", common, request.id, {**data, **request.more_time})]
        closing = await self._gate.store.requests.close(request.id, status, written)
        self._gate.waiters.forget(request.id)
        match closing:
            case Closed(closed):
                self.announce("request.cancelled", closed)
                return True
            case NotOpen(actual):
                log.info("request %s was %s already", request.id, actual.value)
                return False
            case _:
                assert_never(closing)
