"""The record as rows: appended by whoever changes state, read by everybody."""

from __future__ import annotations

from collections.abc import Iterable

from mcp_gate.evidence import export
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.store.database import Row, Tx


def append(tx: Tx, events: Iterable[Event]) -> None:
    """Chain events in their order."""
    for event in events:
        tx.record(event)


def page(tx: Tx, after_seq: int, limit: int) -> list[JsonObject]:
    """Whole records, oldest first."""
    rows = tx.all(
        "select body, prev_hash, hash from audit where seq > :after order by seq limit :limit",
        after=after_seq, limit=limit,
    )  # fmt: skip
    return [whole(row) for row in rows]


def hashes(tx: Tx, after_seq: int, limit: int) -> list[str]:
    """The hashes alone, oldest first."""
    rows = tx.all("select hash from audit where seq > :after order by seq limit :limit", after=after_seq, limit=limit)
    return [row["hash"] for row in rows]


def last(tx: Tx, count: int) -> list[JsonObject]:
    """The newest records, oldest of them first."""
    rows = tx.all("select body, prev_hash, hash from audit order by seq desc limit :count", count=count)
    return [whole(row) for row in reversed(rows)]


def about(tx: Tx, id: str) -> list[JsonObject]:
    """All records of a call or of a request, the call's own included; oldest first."""
    rows = tx.all(
        "select body, prev_hash, hash from audit where call_id = :id or request_id = :id or call_id in "
        "(select call_id from requests where id = :id) order by seq",
        id=id,
    )
    return [whole(row) for row in rows]


def whole(row: Row) -> JsonObject:
    """A record with its hashes."""
    return export.record(row["body"], row["prev_hash"], row["hash"])
