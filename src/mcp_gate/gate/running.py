"""Approved calls under way, and outcomes that nobody has collected yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from mcp_gate.model.request import Request

if TYPE_CHECKING:
    from mcp_gate.gate.execute import HoldOutcome

Key: TypeAlias = tuple[str, str]
"""Agent and job hash."""

KEEP_SEC: Final = 900.0
"""How long an outcome waits to be collected."""
MOST: Final = 1000
"""Outcomes kept; beyond, the oldest go."""


@dataclass(slots=True)
class _Run:
    task: asyncio.Task[HoldOutcome]
    request: Request
    waiting: int = 0
    done_at: float = 0.0


class Running:
    """Executions owned by the gate, so that a client's end neither stops nor repeats them."""

    def __init__(self, collectable: Callable[[HoldOutcome], bool]) -> None:
        self._runs: dict[Key, _Run] = {}
        self._collectable = collectable

    def __contains__(self, key: Key) -> bool:
        return key in self._runs

    def start(self, key: Key, request: Request, execution: Coroutine[object, object, HoldOutcome]) -> None:
        """Begin the execution of a request; its outcome stays until it is collected or forgotten."""
        run = _Run(asyncio.create_task(execution), request)
        self._runs[key] = run
        run.task.add_done_callback(lambda _: self._ended(key, run))

    async def collect(self, key: Key) -> tuple[HoldOutcome, Request]:
        """Wait for the execution and take its outcome, with the request; cancelling leaves it for the next who asks.

        Raises:
            Exception: whatever the execution raised.
        """
        run = self._runs[key]
        run.waiting += 1
        try:
            outcome = await asyncio.shield(run.task)
        finally:
            run.waiting -= 1
        self._runs.pop(key, None)
        return outcome, run.request

    def forget(self) -> None:
        """Drop outcomes that were kept long enough."""
        now = asyncio.get_running_loop().time()
        finished = [(run.done_at, key) for key, run in self._runs.items() if run.done_at and not run.waiting]
        for _, key in sorted(finished)[: max(0, len(finished) - MOST)]:
            del self._runs[key]
        for done_at, key in finished:
            if now - done_at > KEEP_SEC:
                self._runs.pop(key, None)

    async def finish(self, timeout: float) -> None:
        """Wait for what is under way, at most `timeout` seconds, then cancel it."""
        tasks = [run.task for run in self._runs.values() if not run.task.done()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1)

    def _ended(self, key: Key, run: _Run) -> None:
        run.done_at = asyncio.get_running_loop().time()
        kept = not run.task.cancelled() and run.task.exception() is None and self._collectable(run.task.result())
        if not kept and not run.waiting and self._runs.get(key) is run:
            del self._runs[key]


class UnderWay:
    """The calls that are at an upstream, and whose they are."""

    def __init__(self) -> None:
        self._scopes: dict[asyncio.Timeout, str] = {}
        self._none = asyncio.Event()
        self._none.set()

    @property
    def nothing(self) -> bool:
        """Whether there is none."""
        return not self._scopes

    def begin(self, agent: str) -> asyncio.Timeout:
        """The scope to send a call in: it expires when the call is cut off."""
        scope = asyncio.timeout(None)
        self._scopes[scope] = agent
        self._none.clear()
        return scope

    def end(self, scope: asyncio.Timeout) -> None:
        """The call in it is over."""
        del self._scopes[scope]
        if not self._scopes:
            self._none.set()

    def cut_off(self, stopped: Callable[[str], bool]) -> None:
        """Cancel the calls of those agents, at their upstreams too."""
        now = asyncio.get_running_loop().time()
        for scope, agent in self._scopes.items():
            if stopped(agent):
                with suppress(RuntimeError):  # it is over, and about to be recorded
                    scope.reschedule(now)

    async def finish(self, timeout: float) -> None:
        """Wait until there is none, at most `timeout` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._none.wait()


class Waiters:
    """Which requests have a client waiting, and since when others have none."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._count: dict[str, int] = {}
        self._left: dict[str, float] = {}

    @contextmanager
    def waiting(self, request_id: str) -> Iterator[None]:
        """Count one client as waiting."""
        self._count[request_id] = self._count.get(request_id, 0) + 1
        self._left.pop(request_id, None)
        try:
            yield
        finally:
            left = self._count[request_id] - 1
            if left:
                self._count[request_id] = left
            else:
                del self._count[request_id]
                self._left[request_id] = self._now()

    def __contains__(self, request_id: str) -> bool:
        return request_id in self._count

    def __len__(self) -> int:
        """How many requests have a client waiting."""
        return len(self._count)

    def adopt(self, request_id: str) -> None:
        """A request from before a restart, or one that was opened for nobody: its client may come from now on."""
        if request_id not in self._count:
            self._left[request_id] = self._now()

    def orphans(self, seconds: float) -> list[str]:
        """Requests whose last client left longer ago than that."""
        before = self._now() - seconds
        return [request_id for request_id, left in self._left.items() if left < before]

    def forget(self, request_id: str) -> None:
        """It is settled, and nobody has to collect it."""
        self._left.pop(request_id, None)
