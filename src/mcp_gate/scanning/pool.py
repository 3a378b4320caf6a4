"""Processes that scan: few, started when there is work, kept warm, replaced when one fails."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

from mcp_gate.scanning.failed import Failure, ScanFailed
from mcp_gate.scanning.pieces import Piece
from mcp_gate.scanning.process import Found, Worker

T = TypeVar("T")
MOST: Final = 2
PIECE_SEC: Final = 5.0
"""How long one piece may take."""
START_SEC: Final = 20.0
"""How long the first piece of a process may take, which waits for rules to be compiled, once in the life of a gate."""


class Pool:
    """As many as the machine has cores, and no more than two."""

    def __init__(self, rules: Path, *, most: int | None = None, piece_sec: float = PIECE_SEC) -> None:
        self._rules = rules
        self.most = most or min(MOST, os.cpu_count() or 1)
        self._piece_sec = piece_sec
        self._idle: deque[Worker] = deque()
        self._all: set[Worker] = set()
        self._places = asyncio.Semaphore(self.most)
        self._tasks: set[asyncio.Task[object]] = set()
        self.closed = False

    async def scan(self, piece: Piece, options: bytes) -> Found:
        """What is in a piece. A caller that goes away does not disturb the process at it.

        Raises:
            ScanFailed: nothing is known of it.
        """
        return await asyncio.shield(self._own(self._scan(piece, options)))

    async def close(self) -> None:
        """End them all, whatever they are at."""
        self.closed = True
        for worker in self._all:
            worker.kill()
        await asyncio.gather(*(worker.gone() for worker in self._all))
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._all.clear()

    @property
    def pids(self) -> frozenset[int]:
        """Of those that run."""
        return frozenset(worker.pid for worker in self._all)

    @property
    def warm(self) -> bool:
        """Whether a process has done a piece of work and is still there."""
        return any(worker.warm for worker in self._all)

    def _own(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # its caller may be gone

    async def _scan(self, piece: Piece, options: bytes) -> Found:
        async with self._places:
            worker, limit = await self._worker()
            try:
                found = await worker.scan(piece, options, limit)
                worker.warm = True
                return found
            finally:
                if worker.usable:
                    self._idle.append(worker)
                else:
                    await worker.gone()
                    self._all.discard(worker)

    async def _worker(self) -> tuple[Worker, float]:
        """One that is free, and how long it may take. The one that was used last is the warmest."""
        if self.closed:
            raise ScanFailed(Failure.CLOSED)
        while self._idle:
            worker = self._idle.pop()
            if worker.there:
                return worker, self._piece_sec if worker.warm else START_SEC + self._piece_sec
            await worker.gone()  # it was ended from outside, as when memory is short
            self._all.discard(worker)
        worker = await Worker.start(self._rules)
        self._all.add(worker)
        if self.closed:
            worker.kill()
        return worker, START_SEC + self._piece_sec
