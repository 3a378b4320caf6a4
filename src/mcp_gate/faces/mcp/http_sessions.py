"""All sessions of the handshake era over HTTP: who holds them, and when they end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from mcp_gate.faces.mcp.http_session import Conversation, Session
from mcp_gate.gate.front import Front

MOST_SESSIONS: Final = 1_000
IDLE_SEC: Final = 1_800.0
SWEEP_SEC: Final = 60.0


class Sessions:
    """All sessions, by id and agent."""

    def __init__(
        self,
        begin: Callable[[str, Front], Conversation],
        on_change: Callable[[int], None],
        *,
        most: int = MOST_SESSIONS,
        idle_sec: float = IDLE_SEC,
    ) -> None:
        """
        Args:
            begin: makes the conversation of an agent's new session.
            on_change: called with 1 for a session that began, with -1 for one that ended.
        """
        self._begin = begin
        self._on_change = on_change
        self._most = most
        self._idle_sec = idle_sec
        self._all: dict[str, Session] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._all)

    def open(self, agent: str) -> Session | None:
        """A new session; None when there are too many."""
        self.sweep()
        if len(self._all) >= self._most:
            return None
        session = Session(agent)
        session.touched = self._loop.time()
        session.conversation = self._begin(agent, session)
        self._all[session.id] = session
        self._on_change(1)
        if self._timer is None:
            self._timer = self._loop.call_later(SWEEP_SEC, self._tick)
        return session

    def get(self, id: str, agent: str) -> Session | None:
        """The agent's own session; another agent's is as unknown as none."""
        session = self._all.get(id)
        if session is None or session.agent != agent:
            return None
        session.touched = self._loop.time()
        return session

    async def end(self, session: Session) -> None:
        """Forget a session at once, then close it."""
        if self._all.pop(session.id, None) is not None:
            self._on_change(-1)
            await session.close()

    def sweep(self) -> None:
        """End what nobody has used for too long. A request or a stream that is open is use."""
        before = self._loop.time() - self._idle_sec
        for session in [s for s in self._all.values() if not s.held and s.touched < before]:
            self._later(self.end(session))

    async def close(self) -> None:
        """End all of them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await asyncio.gather(*(self.end(session) for session in list(self._all.values())))
        if self._closing:
            await asyncio.wait(self._closing, timeout=2)

    def _tick(self) -> None:
        self.sweep()
        self._timer = self._loop.call_later(SWEEP_SEC, self._tick) if self._all else None

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
