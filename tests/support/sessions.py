"""Sessions of clients over HTTP, without a server."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_gate.faces.mcp.http_session import Session
from mcp_gate.faces.mcp.http_sessions import Sessions
from mcp_gate.gate.front import Front, RequestFront


class Quiet:
    """A conversation that says nothing."""

    def __init__(self) -> None:
        self.closed = 0

    async def handle(self, front: RequestFront, method: str, params: Any) -> dict[str, Any]:
        return {}

    def notification(self, method: str, params: Any) -> None: ...

    def is_sent(self, task: asyncio.Task[Any]) -> bool:
        return False

    async def close(self) -> None:
        self.closed += 1


class Kept:
    """Sessions, the conversations begun in them, and how many were counted."""

    def __init__(self, **more: Any) -> None:
        self.begun: list[Quiet] = []
        self.count = 0
        self.sessions = Sessions(self._begin, self._count, **more)

    def _begin(self, agent: str, front: Front) -> Quiet:
        self.begun.append(Quiet())
        return self.begun[-1]

    def _count(self, change: int) -> None:
        self.count += change

    def open(self, agent: str = "a") -> Session:
        session = self.sessions.open(agent)
        assert session is not None
        return session
