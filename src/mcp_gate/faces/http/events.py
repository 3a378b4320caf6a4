"""`GET /v1/events`: what happens in the gate, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import Final, Literal

from mcp_gate.gate.hub import RESYNC, Hub
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject

KEEP_ALIVE_SEC: Final = 10.0


async def stream(
    hub: Hub, closing: asyncio.Event, visible: Callable[[JsonObject], bool], watching: AbstractContextManager[None],
    *, resumed: bool,
) -> AsyncIterator[bytes]:  # fmt: skip
    """Messages from now on, numbered from 1 in each stream, until the gate closes.

    Args:
        visible: which messages this reader may see.
        watching: held as long as the stream lasts.
        resumed: whether the reader lost an earlier stream; nothing is kept for him, so he is told to read anew.
    """
    closed = asyncio.ensure_future(closing.wait())
    try:
        with watching, hub.subscribe() as queue:
            yield b": connected\n\n"
            number = 0
            if resumed:
                number += 1
                yield _event(number, RESYNC)
            while True:
                message = await _next(queue, closed)
                if closed.done():
                    return
                if message is None:
                    yield b": keep-alive\n\n"
                elif visible(message):
                    number += 1
                    yield _event(number, message)
    finally:
        closed.cancel()


async def _next(queue: asyncio.Queue[JsonObject], closed: asyncio.Future[Literal[True]]) -> JsonObject | None:
    """The next message; None when there was none for a while, or the gate closes."""
    got = asyncio.ensure_future(queue.get())
    try:
        await asyncio.wait((got, closed), timeout=KEEP_ALIVE_SEC, return_when=asyncio.FIRST_COMPLETED)
        return got.result() if got.done() else None
    finally:
        got.cancel()


def _event(number: int, message: JsonObject) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, message["event"].encode(), strictjson.dumps(message))
