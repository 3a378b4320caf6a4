"""Erasing what a call carried: arguments, claims, a kept result. Its hashes and its record stay, so that both can be
checked for ever; what they stand for cannot be told from them."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Final

from mcp_gate.model.call import ERASED
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import CallState
from mcp_gate.store import file, record, rows
from mcp_gate.store.database import Conflict, NotFound, Tx

OVER: Final = frozenset(
    {
        CallState.DENIED, CallState.REJECTED, CallState.EXPIRED, CallState.CANCELLED, CallState.SUPERSEDED,
        CallState.EXECUTED, CallState.QUARANTINED, CallState.FAILED, CallState.UNKNOWN, CallState.DELIVERED,
    }
)  # fmt: skip
"""States in which nothing more is done with what a call carried, unless its outcome is kept for its agent."""

NUMBERS: Final = (int, float, Decimal)


def erase(call_id: str, event: Event, tx: Tx) -> None:
    """Put `{"$erased": JOB_HASH}` in the place of what a call carried. Numbers among its attributes stay: windows are
    filled from them. What reviewers marked in its result goes, and what its session has tokens for.

    Raises:
        NotFound: there is no such call.
        Conflict: it is not over yet, or its outcome waits for its agent.
    """
    row = tx.one("select state, kept, job_hash, attributes from calls where id = :id", id=call_id)
    if row is None:
        raise NotFound(call_id)
    if CallState(row["state"]) not in OVER or row["kept"]:
        raise Conflict("the call is not over, or its outcome waits for its agent")
    gone: JsonObject = {ERASED: row["job_hash"]}
    attributes = {k: v for k, v in rows.value(row["attributes"]).items() if isinstance(v, NUMBERS)}
    tx.run(
        "update calls set arguments = :gone, claims = '{}', attributes = :attributes, result = null where id = :id",
        id=call_id, gone=rows.text(gone), attributes=rows.text(attributes),
    )  # fmt: skip
    for request in tx.all("select id, asked from requests where call_id = :id and asked <> ''", id=call_id):
        asked = {**rows.value(request["asked"]), "arguments": gone, "attributes": {}}
        tx.run("update requests set asked = :asked where id = :id", id=request["id"], asked=rows.text(asked))
    tx.run("delete from mistakes where request_id in (select id from requests where call_id = :id)", id=call_id)
    tx.run("delete from tokens where (agent, session) = (select agent, session from calls where id = :id)", id=call_id)
    record.append(tx, (event,))


def scrub(path: Path) -> bool:
    """Bring the write-ahead log into the file and empty it: what was overwritten stands nowhere after that.

    Returns:
        Whether the log is empty; not while somebody reads from it.
    """
    connection = file.connect(path, write=True)
    try:
        row = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
        return not row["busy"]
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
