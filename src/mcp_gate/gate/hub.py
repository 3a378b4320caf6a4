"""In-process publish and subscribe: who waits for a request, who watches the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from mcp_gate.model.foreign import JsonObject

BACKLOG = 1000
"""Messages a slow watcher may lag behind before it is told to read everything anew."""

RESYNC: JsonObject = {"event": "resync"}


class Hub:
    """Fan-out of small messages; a slow subscriber loses messages, and knows it, but slows nobody."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[JsonObject]] = set()
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def publish(self, message: JsonObject) -> None:
        """Hand a message to every subscriber, and wake who waits for its `request_id`."""
        for future in self._waiting.pop(message.get("request_id", ""), ()):
            if not future.done():
                future.set_result(None)
        for queue in self._queues:
            if queue.qsize() >= BACKLOG:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(RESYNC)
            queue.put_nowait(message)

    def wake(self) -> None:
        """Wake everybody who waits for a request, whichever."""
        for future in [future for futures in self._waiting.values() for future in futures]:
            if not future.done():
                future.set_result(None)

    def change(self, request_id: str) -> asyncio.Future[None]:
        """A future that is done at the next message about a request. Take it before reading the request's state."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(request_id, set()).add(future)
        future.add_done_callback(lambda f: self._forget(request_id, f))
        return future

    def _forget(self, request_id: str, future: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(request_id)
        if waiting is not None:
            waiting.discard(future)
            if not waiting:
                del self._waiting[request_id]

    @contextmanager
    def subscribe(self) -> Generator[asyncio.Queue[JsonObject]]:
        """A queue of all messages from now on."""
        queue: asyncio.Queue[JsonObject] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
