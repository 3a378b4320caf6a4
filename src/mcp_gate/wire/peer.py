"""One JSON-RPC connection: requests and answers in both directions over one byte stream."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import Json, JsonObject, is_packed
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.lines import LineSplitter
from mcp_gate.wire.message import (
    Answer,
    Failure,
    Malformed,
    Message,
    Notification,
    Request,
    RequestId,
    read,
    read_quickly,
    too_long,
)
from mcp_gate.wire.opener import LARGE, QUICK, Opener, Opening


class Lost(Exception):
    """The connection ended, or its answer could not be read.

    `sent` tells whether the other side may have seen the request.
    """

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Sent:
    """A request under way; the future gives the result, or raises `RpcError` or `Lost`."""

    id: RequestId
    future: asyncio.Future[JsonObject]


class Handler(Protocol):
    """Who owns a peer. Everything is called synchronously, in the order of the wire, and must not raise."""

    def on_request(self, peer: Peer, id: RequestId, method: str, params: JsonObject | None) -> None:
        """Answer later with `peer.answer` or `peer.fail`."""

    def on_notification(self, peer: Peer, method: str, params: JsonObject | None) -> None: ...

    def on_malformed(self, peer: Peer, what: Malformed) -> None:
        """Something that is not a message; it is not answered yet."""

    def on_closed(self, peer: Peer) -> None:
        """Nothing more will come. Called once."""


class Peer:
    """Reads lines with `feed`, writes them with `write`; owns the table of requests under way."""

    def __init__(
        self, handler: Handler, *, limit: int, upstream: bool, depth: int = 64, opener: Opener | None = None
    ) -> None:
        """
        Args:
            limit: longest line accepted, in bytes.
            upstream: whether the other side is an upstream (see `message.read`).
            depth: deepest nesting of a whole message.
            opener: reads large lines of an upstream.
        """
        self._handler = handler
        self._limit = limit
        self._upstream = upstream
        self._depth = depth
        self._opening = None if opener is None else Opening(opener, self, depth, limit)
        large = None if self._opening is None else self._opening.put
        self._splitter = LineSplitter(limit, self._line, self._overflow, LARGE, large)
        self._ids = itertools.count(1)
        self._pending: dict[RequestId, asyncio.Future[JsonObject]] = {}
        self._transport: asyncio.WriteTransport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._loop = asyncio.get_running_loop()
        self._corked = False
        self._backlog: list[bytes] = []
        self.closed = False

    def connect(self, transport: asyncio.WriteTransport) -> None:
        """Where to write."""
        self._transport = transport

    # ---- reading

    def feed(self, data: bytes) -> None:
        """Take bytes from the other side."""
        if not self.closed:
            self._splitter.feed(data)

    def end(self) -> None:
        """The other side says no more: its last line needs no line feed. What is under way goes on until `close`."""
        if not self.closed:
            self._splitter.end()

    def _overflow(self) -> None:
        self._handler.on_malformed(self, too_long(self._limit))

    def _line(self, line: bytes) -> None:
        if self.closed:
            return
        if self._opening is None:
            self.take(read(line, upstream=self._upstream, depth=self._depth))
        elif self._opening.busy:
            self._opening.put([line])
        elif len(line) <= QUICK:
            self.take(read(line, upstream=True, depth=self._depth))
        elif (message := read_quickly(line, depth=self._depth)) is not None:
            self.take(message)
        else:
            self._opening.put([line])

    def expects(self, id: int) -> bool:
        """Whether a request of ours waits for its answer."""
        return id in self._pending

    def too_much(self) -> None:
        """More came behind a large line than can be kept."""
        self.close("more came than could be read")

    def take(self, message: Message) -> None:
        """Deal with a message. After the end only answers count, which were here before."""
        if self.closed and not isinstance(message, Answer | Failure | Malformed):
            return
        match message:
            case Answer(id, result):
                self._settle(id, lambda f: f.set_result(result))
            case Request(id, method, params):
                self._handler.on_request(self, id, method, params)
            case Notification(method, params):
                self._handler.on_notification(self, method, params)
            case Failure(id, error):
                self._settle(id, lambda f: f.set_exception(error))
            case Malformed(id=id, answers=True) if id is not None:
                self._settle(id, lambda f: f.set_exception(Lost("the answer is not a JSON-RPC answer", sent=True)))
                self._malformed(message)
            case Malformed():
                self._malformed(message)
            case _:
                assert_never(message)

    def _malformed(self, message: Malformed) -> None:
        if not self.closed:
            self._handler.on_malformed(self, message)

    def _settle(self, id: RequestId, act: Callable[[asyncio.Future[JsonObject]], None]) -> None:
        future = self._pending.pop(id, None)  # None: an answer to nothing that was asked
        if future is not None and not future.done():
            act(future)

    # ---- writing

    def send_request(self, method: str, params: JsonObject | None, id: RequestId | None = None) -> Sent:
        """Write a request now.

        Raises:
            Lost: the connection is closed; nothing was written.
            strictjson.JsonError: the params are no JSON.
        """
        if id is None:
            id = next(self._ids)
        message: JsonObject = {"jsonrpc": "2.0", "id": id, "method": method}
        if params is not None:
            message["params"] = params
        data = strictjson.dumps(message)
        if not self.open:
            raise Lost("the connection is closed", sent=False)
        self._write(data)
        future: asyncio.Future[JsonObject] = self._loop.create_future()
        self._pending[id] = future
        return Sent(id, future)

    def forget(self, id: RequestId) -> None:
        """Stop waiting for an answer; one that comes later is dropped."""
        future = self._pending.pop(id, None)
        if future is not None and not future.done():
            future.cancel()
        if self._opening is not None and type(id) is int:
            self._opening.forget(id)

    def notify(self, method: str, params: JsonObject | None) -> None:
        """Write a notification; on a closed connection it is dropped."""
        message: JsonObject = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        self._write_whole(message, params)

    def answer(self, id: RequestId, result: Json) -> None:
        """Write the answer to a request; on a closed connection it is dropped."""
        message: JsonObject = {"jsonrpc": "2.0", "id": id, "result": result}
        self._write_whole(message, result)

    def fail(self, id: RequestId | None, error: RpcError) -> None:
        """Write an error; `id` None is for what had no usable id."""
        told = error.as_json()
        self._write_whole({"jsonrpc": "2.0", "id": id, "error": told}, told)

    @property
    def open(self) -> bool:
        """Whether what is written still has a way."""
        return not self.closed and self._transport is not None and not self._transport.is_closing()

    def _write(self, data: bytes) -> None:
        """The first line of a turn of the loop leaves at once, those after it together at the end of the turn: a lone
        call waits for nothing, and many at once cost few system calls."""
        if self._transport is None or not self.open:
            return
        if self._corked:
            self._backlog.append(data)
        else:
            self._transport.write(data + b"\n")
            self._corked = True
            self._loop.call_soon(self._uncork)

    def _write_whole(self, message: JsonObject, body: Json) -> None:
        """
        Args:
            body: what may be packed in it.
        """
        if type(body) is dict and is_packed(body):
            self._write_parts(strictjson.pieces(message))
        else:
            self._write(strictjson.dumps(message))

    def _write_parts(self, parts: Sequence[bytes]) -> None:
        """One line that is not put together: that would take long."""
        self._flush()
        transport = self._transport
        if transport is None or not self.open:
            return
        for part in parts:
            transport.write(part)
        transport.write(b"\n")

    def _uncork(self) -> None:
        self._corked = False
        self._flush()

    def _flush(self) -> None:
        if self._backlog:
            self._backlog.append(b"")
            lines, self._backlog = b"\n".join(self._backlog), []
            if self._transport is not None and not self._transport.is_closing():
                self._transport.write(lines)

    # ---- flow and end

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def drain(self) -> None:
        """Wait until the other side has taken enough of what was written."""
        await self._writable.wait()

    @property
    def buffered(self) -> int:
        """Bytes written and not yet taken by the other side."""
        waiting = sum(map(len, self._backlog))
        return waiting + (0 if self._transport is None else self._transport.get_write_buffer_size())

    def close(self, reason: str = "the connection was closed") -> None:
        """End the connection: every request under way raises `Lost`. May be called twice."""
        if self.closed:
            return
        self.closed = True
        self._writable.set()
        if self._opening is not None:
            self._opening.close()
        coming = frozenset[int]() if self._opening is None else self._opening.coming
        for id in self._pending.keys() - coming:
            future = self._pending.pop(id)
            if not future.done():
                future.set_exception(Lost(reason, sent=True))
                future.exception()  # whoever waits still sees it; nobody waiting is not an error
        if self._transport is not None:
            self._flush()
            self._transport.close()
        self._handler.on_closed(self)
