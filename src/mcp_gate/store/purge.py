"""Taking old records out: calls that are over, with their requests and their records. Places and hashes stay, so that
the chain and every checkpoint of it still verify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mcp_gate.evidence.gaps import TOMBSTONE, tombstone
from mcp_gate.store.database import Tx

BATCH: Final = 2000
"""Records taken out in one transaction: nobody's call waits longer than that takes."""

WORDS: Final = frozenset({"request.decided", "sample.reviewed"})
"""Records that stored decisions are compared with."""

_OPEN: Final = (
    "select min(a.seq) as seq from audit a join calls c on c.id = a.call_id "
    "where c.kept = 1 or c.state in ('pending', 'approved', 'dispatched') "
    "or exists (select 1 from requests r where r.call_id = c.id and r.status = 'pending')"
)
_ALWAYS: Final = "drop trigger audit_never_updated"
_NEVER: Final = (
    "create trigger audit_never_updated before update on audit begin "
    "select raise(abort, 'the record is append-only'); end"
)
"""As `migrations` has it. The trigger is away within one transaction alone."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a purge would take out."""

    through: int
    """`seq` of the last record that goes; 0: there is nothing to take out."""
    hash: str
    """Of that record."""
    records: int


def extent(before: str, tx: Tx) -> Extent:
    """The records of calls and requests older than a time (RFC 3339), up to the first one of a call that is not
    over."""
    still = tx.one(_OPEN)
    end = None if still is None else still["seq"]
    row = tx.one(
        "select max(seq) as seq from audit where ts < :before and seq < :stop "
        "and seq < (select max(seq) from audit) and event <> :gone and (call_id is not null or request_id is not null)",
        before=before, stop=end if end is not None else 2**62, gone=TOMBSTONE,
    )  # fmt: skip
    if row is None or row["seq"] is None:
        return Extent(0, "", 0)
    last = tx.one(
        "select hash, (select count(*) from audit where seq <= :seq "
        "and (call_id is not null or request_id is not null)) "
        "as n from audit where seq = :seq",
        seq=row["seq"],
    )  # fmt: skip
    assert last is not None
    return Extent(row["seq"], last["hash"], last["n"])


def batch(through: int, tx: Tx) -> int:
    """Take some records out, and what is stored of their calls; how many. 0: none is left."""
    found = tx.all(
        "select seq, ts, event, call_id, request_id from audit where seq <= :through "
        "and (call_id is not null or request_id is not null) order by seq limit :batch",
        through=through, batch=BATCH,
    )  # fmt: skip
    tx.run(_ALWAYS)
    for row in found:
        tx.run(
            "update audit set event = :event, call_id = null, request_id = null, body = :body where seq = :seq",
            event=TOMBSTONE, body=tombstone(row["seq"], row["ts"]).decode(), seq=row["seq"],
        )  # fmt: skip
        if row["event"] in WORDS:  # later records may still speak of the call, but a word needs its own
            tx.run("delete from decisions where request_id = :id", id=row["request_id"])
    tx.run(_NEVER)
    tx.run("delete from tokens where expires_ts < (select max(ts) from audit)")
    for call_id in {row["call_id"] for row in found if row["call_id"] is not None}:
        _forget(tx, call_id)
    return len(found)


def _forget(tx: Tx, call_id: str) -> None:
    """Delete a call once no record speaks of it any more."""
    if tx.one("select 1 from audit where call_id = :id limit 1", id=call_id) is not None:
        return
    for table in ("decisions", "mistakes"):
        tx.run(f"delete from {table} where request_id in (select id from requests where call_id = :id)", id=call_id)
    tx.run("delete from requests where call_id = :id", id=call_id)
    tx.run("delete from calls where id = :id", id=call_id)
