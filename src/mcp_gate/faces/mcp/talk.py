"""A conversation over lines: reads requests from a peer, runs each in a task of its own, writes the answers."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from mcp_gate.gate.clock import session_id
from mcp_gate.gate.conversation import Conversation
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.job import Caller
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.errors import BUSY, INTERNAL_ERROR, INVALID_REQUEST, RpcError
from mcp_gate.wire.message import Malformed, RequestId, Why
from mcp_gate.wire.peer import Lost, Peer

log = logging.getLogger(__name__)

MOST_IN_FLIGHT: Final = 2048
MOST_MALFORMED: Final = 1000
"""Lines that are not messages, before the connection is closed."""
MOST_BUFFERED: Final = 64 << 20
"""Bytes a client may leave unread."""
ENVELOPE_DEPTH: Final = 8
"""Nesting of a message around the arguments."""


class LineFront:
    """Implements `gate.front.RequestFront`: on lines, what belongs to a request goes where everything goes."""

    def __init__(self, peer: Peer, id: RequestId) -> None:
        self._peer = peer
        self._id = id

    @property
    def id(self) -> RequestId:
        return self._id

    def notify(self, method: str, params: JsonObject | None) -> None:
        self._peer.notify(method, params)
        if self._peer.buffered > MOST_BUFFERED:
            self._peer.close("the client does not read")

    async def request(self, method: str, params: JsonObject | None) -> JsonObject:
        try:
            sent = self._peer.send_request(method, params)
            return await sent.future
        except Lost:
            raise RpcError(INTERNAL_ERROR, "The client is gone") from None
        except asyncio.CancelledError:
            self._peer.forget(sent.id)
            self._peer.notify("notifications/cancelled", {"requestId": sent.id})
            raise


class Talk:
    """Implements `wire.peer.Handler` for one client."""

    def __init__(self, gate: Gate, agent: str, transport: asyncio.WriteTransport) -> None:
        limits = gate.loaded.settings.limits
        self._gate = gate
        self._agent = agent
        self.peer = Peer(self, limit=limits.message_bytes, upstream=False, depth=max(64, limits.depth + ENVELOPE_DEPTH))
        self.peer.connect(transport)
        self._conversation = Conversation(gate, Caller(agent, session_id()), LineFront(self.peer, ""), modern=None)
        self._tasks: dict[tuple[type, RequestId], asyncio.Task[None]] = {}
        self._malformed = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def idle(self) -> None:
        """Until nothing is in flight."""
        await self._idle.wait()

    async def end(self) -> None:
        """The client is gone: nobody waits for anything any more."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._conversation.close()

    # ---- Handler

    def on_request(self, peer: Peer, id: RequestId, method: str, params: JsonObject | None) -> None:
        key = (type(id), id)  # 1 and "1" are two ids
        if key in self._tasks:
            error = RpcError(INVALID_REQUEST, "Invalid request: this id is in flight")
            self._refuse(peer, Malformed(Why.DUPLICATE_ID, error, id))
        elif len(self._tasks) >= MOST_IN_FLIGHT:
            peer.fail(id, RpcError(BUSY, f"More than {MOST_IN_FLIGHT} requests in flight"))
        else:
            self._idle.clear()
            task = asyncio.create_task(self._answer(peer, id, method, params))
            self._tasks[key] = task
            task.add_done_callback(lambda _: self._done(key))

    def on_notification(self, peer: Peer, method: str, params: JsonObject | None) -> None:
        if not method.startswith("notifications/"):  # a request without an id must never be done
            error = RpcError(INVALID_REQUEST, "Invalid request: the id is missing")
            self._refuse(peer, Malformed(Why.NOT_A_NOTIFICATION, error))
            return
        self._conversation.notification(method, params)

    def on_malformed(self, peer: Peer, what: Malformed) -> None:
        self._refuse(peer, what)

    def on_closed(self, peer: Peer) -> None:
        """The transport follows, and with it `end`."""

    # ---- parts

    async def _answer(self, peer: Peer, id: RequestId, method: str, params: JsonObject | None) -> None:
        """A request that was cancelled is not answered."""
        try:
            result = await self._conversation.handle(LineFront(peer, id), method, params)
        except RpcError as error:
            peer.fail(id, error)
        else:
            peer.answer(id, result)
        await peer.drain()

    def _done(self, key: tuple[type, RequestId]) -> None:
        del self._tasks[key]
        if not self._tasks:
            self._idle.set()

    def _refuse(self, peer: Peer, what: Malformed) -> None:
        """Answer what is not a message, and record it; nobody sends a thousand of them by mistake."""
        self._malformed += 1
        if not what.answers:
            peer.fail(what.id, what.error)
        self._gate.malformed(self._agent, what)
        if self._malformed > MOST_MALFORMED:
            log.warning("agent %s sends lines that are not JSON-RPC", self._agent)
            peer.close("too many lines that are not messages")
