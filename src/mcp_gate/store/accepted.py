"""What was accepted and what was in force: files of policies, and definitions of tools."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mcp_gate.model.event import Event
from mcp_gate.store import pins, snapshots
from mcp_gate.store.database import Database
from mcp_gate.store.results import Pin


class Accepted:
    """Of one store; every method may raise `Unavailable`."""

    def __init__(self, database: Database, now: Callable[[], str]) -> None:
        self._db = database
        self._now = now

    async def last(self) -> dict[str, bytes] | None:
        """The files that were in force last, by path; None: there never were any."""
        return await self._db.read(snapshots.last)

    async def files(self, snapshot_id: str) -> dict[str, bytes] | None:
        """The files of the latest snapshot with this id, by path."""
        return await self._db.read(partial(snapshots.files, snapshot_id=snapshot_id))

    async def pins(self, upstream: str) -> dict[str, Pin]:
        """Accepted definitions by the upstream's own name of the tool."""
        return await self._db.read(partial(pins.of, upstream=upstream))

    async def pin(self, upstream: str, tool: str, tool_hash: str, definition: str, event: Event | None) -> None:
        """Accept a definition in place of the one before, with the record of it."""
        await self._db.write(partial(pins.put, self._now(), upstream, tool, Pin(tool_hash, definition), event))
