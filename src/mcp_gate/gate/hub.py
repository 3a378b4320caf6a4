"""In-process publish and subscribe: who waits for a request, who watches the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from mcp_gate.model.foreign import JsonObject

BACKLOG = 1000
"""Messages a slow watcher may lag behind before it is told to read everything anew."""

RESYNC: JsonObject = {"event": "resync"}


class Hub:
    """Fan-out of small messages; a slow subscriber loses messages, and knows it, but slows nobody."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[JsonObject]] = set()

    def publish(self, message: JsonObject) -> None:
        """Hand a message to every subscriber at once."""
        for queue in self._queues:
            if queue.qsize() >= BACKLOG:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(RESYNC)
            queue.put_nowait(message)

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[JsonObject]]:
        queue: asyncio.Queue[JsonObject] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
