"""`GET /v1/events`: what happens in the gate, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import Final

from mcp_gate.gate.hub import RESYNC, Hub
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject

KEEP_ALIVE_SEC: Final = 10.0
PAUSE_SEC: Final = 0.05
"""What happens is told a moment later, and several things together: a call that is released at that moment goes first,
however many watch."""
END: Final[JsonObject] = {"event": "end"}
"""Put behind the last message when the gate closes."""


async def stream(
    hub: Hub, closing: asyncio.Event, seen: Callable[[JsonObject], JsonObject | None],
    watching: AbstractContextManager[None], admitted: Callable[[], bool], *, resumed: bool,
) -> AsyncIterator[bytes]:  # fmt: skip
    """Messages from now on, numbered from 1 in each stream, until the gate closes or its reader is no longer let in.

    Args:
        seen: a message as this reader may see it; None: not at all.
        watching: held as long as the stream lasts.
        admitted: whether this reader would be let in now.
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
            closed.add_done_callback(lambda _: queue.put_nowait(END))
            while True:
                told = await _next(queue)
                if END in told or not admitted():
                    return
                his = [message for message in map(seen, told) if message is not None]
                if his:
                    yield b"".join(_event(number + n, message) for n, message in enumerate(his, 1))
                    number += len(his)
                elif not told:
                    yield b": keep-alive\n\n"
    finally:
        closed.cancel()


async def _next(queue: asyncio.Queue[JsonObject]) -> list[JsonObject]:
    """The next messages; none when there were none for a while."""
    try:
        async with asyncio.timeout(KEEP_ALIVE_SEC):
            told = [await queue.get()]
    except TimeoutError:
        return []
    await asyncio.sleep(PAUSE_SEC)
    while not queue.empty():
        told.append(queue.get_nowait())
    return told


def _event(number: int, message: JsonObject) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, message["event"].encode(), strictjson.dumps(message))
