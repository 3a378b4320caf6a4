"""Processes that work for the gate: few, started when there is work, kept warm, replaced when one fails."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Generic, TypeVar

from mcp_gate.scanning.child import Child
from mcp_gate.scanning.failed import Failure, ScanFailed

C = TypeVar("C", bound=Child)
T = TypeVar("T")
MOST: Final = min(2, os.cpu_count() or 1)
"""Processes of one kind that work at once: as many as the machine has cores, and no more than two."""


class Workers(Generic[C]):
    """All of one kind. How many there may be at once is for the caller to bound: each job takes one."""

    def __init__(self, start: Callable[[], Awaitable[C]]) -> None:
        self._start = start
        self._idle: deque[C] = deque()
        self._all: set[C] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.closed = False

    @property
    def pids(self) -> frozenset[int]:
        """Of those that run."""
        return frozenset(worker.pid for worker in self._all)

    @property
    def warm(self) -> bool:
        """Whether one has done a job and is still there."""
        return any(worker.warm for worker in self._all)

    async def do(self, job: Callable[[C], Awaitable[T]]) -> T:
        """Have a job done by one that is free, or by a new one.

        Raises:
            ScanFailed: the gate is ending, or no process starts; or as the job does.
        """
        worker = await self._free()
        try:
            return await job(worker)
        finally:
            if worker.usable:
                self._idle.append(worker)
            else:
                await self._end(worker)

    async def undisturbed(self, work: Coroutine[None, None, T]) -> T:
        """What becomes of work that goes on though its caller goes away, so that no process is ended in the midst of a
        job."""
        return await asyncio.shield(self._own(work))

    def end_idle(self) -> bool:
        """End the one that has been idle longest. Says whether there are more."""
        if self._idle:
            worker = self._idle.popleft()
            worker.kill()
            self._all.discard(worker)
            self._own(worker.gone())
        return bool(self._idle)

    async def close(self) -> None:
        """End them all, whatever they are at."""
        self.closed = True
        self._idle.clear()
        for worker in self._all:
            worker.kill()
        await asyncio.gather(*(worker.gone() for worker in self._all))
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._all.clear()

    async def _free(self) -> C:
        """The one that was used last is the warmest."""
        if self.closed:
            raise ScanFailed(Failure.CLOSED)
        while self._idle:
            worker = self._idle.pop()
            if worker.there:
                return worker
            await self._end(worker)  # it was ended from outside, as when memory is short
        worker = await self._start()
        self._all.add(worker)
        if self.closed:
            worker.kill()
        return worker

    async def _end(self, worker: C) -> None:
        await worker.gone()
        self._all.discard(worker)

    def _own(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # its caller may be gone
