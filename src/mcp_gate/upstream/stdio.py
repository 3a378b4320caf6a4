"""A link to an upstream that is a child process, speaking lines over its standard streams."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.upstream.child import Child, start_child
from mcp_gate.upstream.link import (
    LEGACY_VERSION,
    MODERN_VERSION,
    ClientHello,
    Inbound,
    ask,
    own_hello,
    own_meta,
)
from mcp_gate.upstream.rate import Rate
from mcp_gate.wire.errors import METHOD_NOT_FOUND, RpcError
from mcp_gate.wire.message import Malformed, RequestId, Why
from mcp_gate.wire.peer import Lost, Peer, Sent

log = logging.getLogger(__name__)

HANDSHAKE_SEC: Final = 30.0
DISCOVER_SEC: Final = 10.0
"""An upstream of the handshake era may say nothing at all to the question."""
MOST_GARBAGE: Final = 100
"""Lines in a row that are no messages, before the upstream is given up."""
NOTIFICATIONS_PER_SEC: Final = 200.0
DEPTH: Final = 200


@dataclass(frozen=True, slots=True)
class StdioTicket:
    """A request written to the child."""

    sent: Sent

    @property
    def id(self) -> RequestId:
        return self.sent.id

    async def result(self) -> JsonObject:
        return await self.sent.future


class StdioLink:
    """Implements `Link`, and is the handler of its own peer."""

    def __init__(self, spec: UpstreamSpec, inbound: Inbound, limits: Limits) -> None:
        self.upstream = spec.id
        self.version = ""
        self.hello: JsonObject = {}
        self.alive = True
        self.dropped = 0
        """Notifications over the rate, and lines that were no messages."""
        self._inbound = inbound
        self._garbage = 0
        self._rate = Rate(NOTIFICATIONS_PER_SEC)
        self._asked: dict[RequestId, asyncio.Task[None]] = {}
        self._ids = 0
        self._loop = asyncio.get_running_loop()
        self._child: Child | None = None
        self._ending: asyncio.Task[None] | None = None
        self.peer = Peer(self, limit=limits.upstream_bytes, upstream=True, depth=DEPTH)

    async def start(self, spec: UpstreamSpec) -> None:
        """Start the child.

        Raises:
            Lost: it cannot be started.
        """
        self._child = await start_child(spec, self.peer, self._exited)

    @property
    def modern(self) -> bool:
        return self.version == MODERN_VERSION

    # ---- Link

    def request(self, method: str, params: JsonObject | None) -> StdioTicket:
        self._ids += 1
        return StdioTicket(self.peer.send_request(method, params, self._ids))

    def cancel(self, ticket: object, reason: str | None) -> None:
        if isinstance(ticket, StdioTicket):
            self.peer.forget(ticket.id)
            params: JsonObject = {"requestId": ticket.id}
            if reason is not None:
                params["reason"] = reason
            self.peer.notify("notifications/cancelled", params)

    def notify(self, method: str, params: JsonObject | None) -> None:
        self.peer.notify(method, params)

    def learn(self, tools: list[Json]) -> None:
        """Nothing on standard streams depends on schemas."""

    async def close(self) -> None:
        self.peer.close("the gate closed the connection")
        if self._ending is not None:
            await asyncio.shield(self._ending)

    def last_words(self) -> str:
        """The end of its standard error, for people."""
        return self._child.last_words() if self._child is not None else ""

    # ---- Handler

    def on_request(self, peer: Peer, id: RequestId, method: str, params: JsonObject | None) -> None:
        self._garbage = 0
        if method == "ping":
            peer.answer(id, {})
        elif id in self._asked or len(self._asked) >= MOST_GARBAGE:
            peer.fail(id, RpcError(METHOD_NOT_FOUND, "too many requests"))
        else:
            self._asked[id] = self._loop.create_task(self._answer(peer, id, method, params))

    async def _answer(self, peer: Peer, id: RequestId, method: str, params: JsonObject | None) -> None:
        try:
            peer.answer(id, await self._inbound.request(self.upstream, method, params))
        except RpcError as error:
            peer.fail(id, error)
        finally:
            self._asked.pop(id, None)

    def on_notification(self, peer: Peer, method: str, params: JsonObject | None) -> None:
        self._garbage = 0
        if method == "notifications/cancelled":
            asked = self._asked.get((params or {}).get("requestId", ""))
            if asked is not None:
                asked.cancel()
        elif self._rate.take(self._loop.time()):
            self._inbound.notification(self.upstream, method, params)
        else:
            self.dropped += 1

    def on_malformed(self, peer: Peer, what: Malformed) -> None:
        self.dropped += 1
        self._garbage += 1
        if what.why is Why.TOO_LONG:
            peer.close("the upstream sent a line that is longer than allowed")
        elif self._garbage > MOST_GARBAGE:
            peer.close("the upstream sends what is no JSON-RPC")

    def on_closed(self, peer: Peer) -> None:
        self.alive = False
        for task in self._asked.values():
            task.cancel()
        if self._child is not None:
            self._ending = self._loop.create_task(self._child.end())
        self._inbound.closed(self.upstream)

    def _exited(self) -> None:
        log.info("upstream %s ended: %s", self.upstream, self.last_words())


async def open_stdio(spec: UpstreamSpec, hello: ClientHello | None, inbound: Inbound, limits: Limits) -> StdioLink:
    """Start the child and shake hands (see `link.open_link`)."""
    if hello is None:
        link = await _discovered(spec, inbound, limits)
        if link is not None:
            return link
    link = await _started(spec, inbound, limits)
    await _handshake(link, hello if hello is not None else own_hello())
    if hello is None:
        link.notify("notifications/initialized", None)
    return link


async def _started(spec: UpstreamSpec, inbound: Inbound, limits: Limits) -> StdioLink:
    link = StdioLink(spec, inbound, limits)
    await link.start(spec)
    return link


async def _discovered(spec: UpstreamSpec, inbound: Inbound, limits: Limits) -> StdioLink | None:
    """A link in the stateless protocol; None where the upstream does not speak it.

    An upstream that refuses the question has seen a message before `initialize`; some do not recover from that, so
    the handshake is made on a fresh process.
    """
    link = await _started(spec, inbound, limits)
    try:
        hello = await asyncio.wait_for(link.request("server/discover", {"_meta": own_meta()}).result(), DISCOVER_SEC)
    except (RpcError, Lost, TimeoutError):
        return await _downgraded(link)
    except asyncio.CancelledError:
        await link.close()
        raise
    if MODERN_VERSION not in hello.get("supportedVersions", ()):
        return await _downgraded(link)
    link.version, link.hello = MODERN_VERSION, hello
    return link


async def _downgraded(link: StdioLink) -> StdioLink | None:
    """The handshake on the same process, if it is still there to make it; else None."""
    try:
        await _handshake(link, own_hello())
    except Lost:
        return None
    link.notify("notifications/initialized", None)
    return link


async def _handshake(link: StdioLink, hello: ClientHello) -> None:
    """`initialize`.

    Raises:
        Lost: it failed; the link is closed.
    """
    try:
        link.hello = await ask(link, "initialize", hello.params(), HANDSHAKE_SEC)
    except RpcError as error:
        await link.close()
        raise Lost(f"the upstream refused the handshake: {error.code}", sent=False) from None
    except Lost as lost:
        words = link.last_words()
        await link.close()
        raise Lost(f"{lost.reason}{': ' + words if words else ''}", sent=False) from None
    except asyncio.CancelledError:
        await link.close()
        raise
    version = link.hello.get("protocolVersion")
    link.version = version if isinstance(version, str) else LEGACY_VERSION
