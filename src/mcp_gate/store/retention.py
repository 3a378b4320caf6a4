"""What is taken out again of what was kept, for the gate: one call's content, and old records."""

from __future__ import annotations

from functools import partial

from mcp_gate.model.event import Event
from mcp_gate.store import erase, purge, record
from mcp_gate.store.database import Database
from mcp_gate.store.purge import Extent


class Retention:
    """Part of a `Store`. Every method may raise `Unavailable`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def erase(self, call_id: str, event: Event) -> None:
        """See `erase.erase`; gone from the disk only after `scrub`."""
        await self._db.write(partial(erase.erase, call_id, event))

    async def purgeable(self, before: str) -> Extent:
        """What there is to take out of the record that is older than a time (RFC 3339)."""
        return await self._db.read(partial(purge.extent, before))

    async def purge(self, through: int, event: Event) -> int:
        """Record that the records up to one are taken out, then take them out; how many were."""
        await self._db.write(partial(record.append, events=(event,)))
        taken = 0
        while count := await self._db.write(partial(purge.batch, through)):
            taken += count
        return taken

    async def scrub(self) -> bool:
        """Let nothing that was overwritten stand anywhere on the disk; False where somebody's reading is in the way."""
        return await self._db.scrub()
