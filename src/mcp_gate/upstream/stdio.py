"""A link to an upstream that is a child process, speaking lines over its standard streams."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.upstream.child import Child, start_child
from mcp_gate.upstream.launch import Vetting
from mcp_gate.upstream.link import (
    MODERN_VERSION,
    MOST_QUESTIONS,
    NOTIFICATIONS_PER_SEC,
    OVERRAN,
    Down,
    Inbound,
    Misbehaved,
)
from mcp_gate.upstream.overrun import PROGRESS, Overruns
from mcp_gate.upstream.rate import Rate
from mcp_gate.upstream.reach import Reach
from mcp_gate.wire.errors import BUSY, INTERNAL_ERROR, RpcError
from mcp_gate.wire.message import Malformed, RequestId, Why
from mcp_gate.wire.opener import Opener, result_of
from mcp_gate.wire.peer import Lost, Peer, Sent

log = logging.getLogger(__name__)

MOST_GARBAGE: Final = 100
"""Lines in a row that are not messages, before the upstream is given up."""
DEPTH: Final = 200


@dataclass(frozen=True, slots=True)
class StdioTicket:
    """A request written to the child."""

    sent: Sent
    method: str
    token: RequestId | None
    """What its progress is reported under."""

    @property
    def id(self) -> RequestId:
        return self.sent.id

    async def result(self) -> JsonObject:
        return result_of(self.method, await self.sent.future)


class StdioLink:
    """Implements `Link`, and is the handler of its own peer."""

    def __init__(self, spec: UpstreamSpec, inbound: Inbound, limits: Limits, opener: Opener | None = None) -> None:
        self.upstream = spec.id
        self.version = ""
        self.hello: JsonObject = {}
        self.alive = True
        self.dropped = 0
        """Notifications over the rate, and lines that were not messages."""
        self._inbound = inbound
        self._most_unread = limits.upstream_bytes
        self._garbage = 0
        self._rate = Rate(NOTIFICATIONS_PER_SEC)
        self._asked: dict[RequestId, asyncio.Task[None]] = {}
        self._ids = 0
        self._loop = asyncio.get_running_loop()
        self._child: Child | None = None
        self._violation = ""
        self._overruns = Overruns(self)
        self._ending: asyncio.Task[None] | None = None
        self.peer = Peer(self, limit=limits.upstream_bytes, upstream=True, depth=DEPTH, opener=opener)

    async def start(self, spec: UpstreamSpec, reach: Reach, vetting: Vetting) -> None:
        """Start the child.

        Raises:
            Down: it cannot be started.
        """
        self._child = await start_child(spec, self.peer, reach, vetting)
        if self.peer.closed:  # it ended while it was started
            self._let_go(self._child)

    @property
    def modern(self) -> bool:
        return self.version == MODERN_VERSION

    @property
    def ended(self) -> Down | None:
        """Says more once `close` has returned: the child's exit code."""
        if self.alive:
            return None
        if self._violation:
            return Misbehaved(self._violation)
        if self._overruns.unheeded:
            return Down("the connection ended", f"it was ended: {self._overruns.unheeded}")
        epitaph = self._child.epitaph() if self._child is not None else ""
        return Down("the connection ended", f"it ended: {epitaph}" if epitaph else "")

    # ---- Link

    def request(self, method: str, params: JsonObject | None) -> StdioTicket:
        if self.peer.buffered > self._most_unread:
            raise Lost("the upstream does not read what is sent", sent=False)
        self._ids += 1
        sent = self.peer.send_request(method, params, self._ids)
        sent.future.add_done_callback(self._answered)
        return StdioTicket(sent, method, _progress_token(params))

    def _answered(self, _: asyncio.Future[JsonObject]) -> None:
        self._garbage = 0

    def cancel(self, ticket: object, reason: str | None) -> None:
        if not isinstance(ticket, StdioTicket):
            return
        if (future := ticket.sent.future).done() and not future.cancelled():
            return  # answered meanwhile
        self.peer.forget(ticket.id)
        params: JsonObject = {"requestId": ticket.id}
        if reason is not None:
            params["reason"] = reason
        self.peer.notify("notifications/cancelled", params)

    def overran(self, ticket: object) -> None:
        self.cancel(ticket, OVERRAN)
        if isinstance(ticket, StdioTicket):
            self._overruns.watch(ticket.token)

    def put_down(self, why: str) -> None:
        """Kill the child; whoever still waits for it is told so."""
        if self._child is not None:
            self._child.stop_reading()
        self.peer.close(why)

    def notify(self, method: str, params: JsonObject | None) -> None:
        self.peer.notify(method, params)

    def learn(self, tools: list[Json]) -> None:
        """Nothing on standard streams depends on schemas."""

    async def close(self) -> None:
        """Also when cancelled it returns only once the process is gone, which takes some seconds at most."""
        self.peer.close("the gate closed the connection")
        cancelled: asyncio.CancelledError | None = None
        while self._ending is not None and not self._ending.done():
            try:
                await asyncio.shield(self._ending)
            except asyncio.CancelledError as e:
                cancelled = e
        if cancelled is not None:
            raise cancelled

    # ---- Handler

    def on_request(self, peer: Peer, id: RequestId, method: str, params: JsonObject | None) -> None:
        self._garbage = 0
        if method == "ping":
            peer.answer(id, {})
        elif id in self._asked or len(self._asked) >= MOST_QUESTIONS:
            peer.fail(id, RpcError(BUSY, "Too many requests"))
        else:
            self._asked[id] = self._loop.create_task(self._answer(peer, id, method, params))

    async def _answer(self, peer: Peer, id: RequestId, method: str, params: JsonObject | None) -> None:
        try:
            peer.answer(id, await self._inbound.request(self.upstream, method, params))
        except RpcError as error:
            peer.fail(id, error)
        except Exception:
            log.exception("upstream %s: its request could not be passed on", self.upstream)
            peer.fail(id, RpcError(INTERNAL_ERROR, "Internal error"))
        finally:
            self._asked.pop(id, None)

    def on_notification(self, peer: Peer, method: str, params: JsonObject | None) -> None:
        self._garbage = 0
        if method == "notifications/cancelled":
            id_ = (params or {}).get("requestId")
            if type(id_) in (int, str) and id_ in self._asked:
                self._asked[id_].cancel()
        elif self._goes_on(method, params) or not self._rate.take(self._loop.time()):
            self.dropped += 1
        else:
            try:
                self._inbound.notification(self.upstream, method, params)
            except Exception:
                log.exception("upstream %s: its notification could not be passed on", self.upstream)

    def _goes_on(self, method: str, params: JsonObject | None) -> bool:
        return method == PROGRESS and self._overruns.goes_on((params or {}).get("progressToken"))

    def on_malformed(self, peer: Peer, what: Malformed) -> None:
        self.dropped += 1
        self._garbage += 1
        if what.why is Why.TOO_LONG:
            self._violated("the upstream sent a line that is longer than allowed")
        elif self._garbage > MOST_GARBAGE:
            self._violated("the upstream sends lines that are not JSON-RPC")

    def _violated(self, how: str) -> None:
        self._violation = self._violation or how
        self.put_down(how)

    def on_closed(self, peer: Peer) -> None:
        self.alive = False
        self._overruns.close()
        for task in self._asked.values():
            task.cancel()
        if self._child is not None:
            self._let_go(self._child)
        self._inbound.closed(self.upstream)

    def _let_go(self, child: Child) -> None:
        self._ending = self._loop.create_task(child.end(at_once=bool(self._violation or self._overruns.unheeded)))


def _progress_token(params: JsonObject | None) -> RequestId | None:
    meta = (params or {}).get("_meta")
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    return token if type(token) in (int, str) else None
