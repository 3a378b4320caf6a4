"""Answers on their way: one JSON body, or a stream of events in the order in which they were put there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from starlette.types import Receive, Send

from mcp_gate.faces.mcp.http_headers import EVENTS, JSON
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject

ALIVE: Final = b": alive\n\n"
ALIVE_SEC: Final = 10.0
"""How often a silent stream says that it is alive."""
MOST_WAITING: Final = 2_000
"""Events that a client has not taken yet; notifications beyond are dropped."""
MOST_WAITING_BYTES: Final = 64 << 20
TOGETHER: Final = 1 << 20
"""Bytes of events that are sent in one piece."""

Headers = list[tuple[bytes, bytes]]


class Outbox:
    """Events for one stream, until its writer takes them."""

    __slots__ = ("_events", "_loop", "_size", "_waker", "dropped", "gone")

    def __init__(self) -> None:
        self._events: deque[bytes] = deque()
        self._size = 0
        self._loop = asyncio.get_running_loop()
        self._waker: asyncio.Future[None] | None = None
        self.gone = False
        """Whether the client closed the stream."""
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._events)

    def put(self, message: JsonObject, *, keep: bool = False) -> None:
        """Add one message.

        Args:
            keep: never dropped, however far behind the client is.
        """
        if self.gone:
            return
        if not keep and (len(self._events) >= MOST_WAITING or self._size > MOST_WAITING_BYTES):
            self.dropped += 1
            return
        event = event_of(message)
        self._size += sum(map(len, event))
        self._events += event
        self.wake()

    def take(self) -> list[bytes]:
        """All events, in order, in pieces: small ones together, large ones as they are."""
        taken = [b"".join(self._events)] if 0 < self._size <= TOGETHER else list(self._events)
        self._events.clear()
        self._size = 0
        return taken

    def leave(self) -> None:
        """The client closed the stream: what was not taken is lost."""
        self.gone = True
        self.take()
        self.wake()

    def wake(self, _: object = None) -> None:
        """End the wait: something happened that its owner looks at."""
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Until the next event, a `wake`, or that time has passed. One waits at a time."""
        if self._events or self.gone:
            return
        self._waker = self._loop.create_future()
        timer = self._loop.call_later(seconds, self.wake)
        try:
            await self._waker
        finally:
            timer.cancel()
            self._waker = None


def event_of(message: JsonObject) -> list[bytes]:
    """One event, in pieces; JSON holds no line ends."""
    first, *rest = strictjson.pieces(message)
    first = b"event: message\ndata: " + first
    return [first, *rest[:-1], rest[-1] + b"\n\n"] if rest else [first + b"\n\n"]


async def send_json(send: Send, status: int, body: JsonObject | None, extra: Headers) -> None:
    """A whole answer; without a body where there is none."""
    pieces = [] if body is None else strictjson.pieces(body)
    head = [(b"content-length", b"%d" % sum(map(len, pieces))), (b"cache-control", b"no-store"), *extra]
    if pieces:
        head.append((b"content-type", JSON.encode()))
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send_events(send, pieces, more=False)


async def begin_events(send: Send, extra: Headers) -> None:
    """From here on the answer is a stream."""
    head = [
        (b"content-type", EVENTS.encode()),
        (b"cache-control", b"no-store, no-transform"),
        (b"x-accel-buffering", b"no"),
        *extra,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": head})


async def send_events(send: Send, pieces: Sequence[bytes], *, more: bool = True) -> None:
    """Send events, each as one piece of the body; without `more` the body ends with them."""
    *before, last = pieces or [b""]
    for piece in before:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": last, "more_body": more})


async def watch(receive: Receive, outbox: Outbox) -> None:
    """Until the client closes the stream."""
    while (await receive())["type"] != "http.disconnect":
        pass
    outbox.leave()
