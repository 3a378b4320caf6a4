"""What detectors found and a reviewer calls a mistake: kept sealed until an admin has made up his mind about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from mcp_gate.model.event import Event
from mcp_gate.store import record
from mcp_gate.store.database import Database, Tx


@dataclass(frozen=True, slots=True)
class Mistake:
    """One finding of one result."""

    request_id: str
    n: int
    """Its number among those of the result."""
    ts: str
    approver_id: str
    entity: str
    sealed: bytes


class Mistakes:
    """All of one store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def mark(self, found: Sequence[Mistake], event: Event) -> None:
        """Remember some, with the record of who said so. Said again it changes nothing."""
        await self._db.write(partial(_mark, tuple(found), event))

    async def all(self) -> list[Mistake]:
        """Oldest first."""
        return await self._db.read(_all)


def _mark(found: tuple[Mistake, ...], event: Event, tx: Tx) -> None:
    for one in found:
        tx.run(
            "insert into mistakes(request_id, n, ts, approver_id, entity, sealed) "
            "values(:request_id, :n, :ts, :approver_id, :entity, :sealed) on conflict do nothing",
            request_id=one.request_id, n=one.n, ts=one.ts, approver_id=one.approver_id, entity=one.entity,
            sealed=one.sealed,
        )  # fmt: skip
    record.append(tx, (event,))


def _all(tx: Tx) -> list[Mistake]:
    found = tx.all("select * from mistakes order by ts, request_id, n")
    return [
        Mistake(row["request_id"], row["n"], row["ts"], row["approver_id"], row["entity"], bytes(row["sealed"]))
        for row in found
    ]
