"""Somebody who may write to the whole state directory, and knows how the gate writes there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcp_gate.evidence.chain import GENESIS, link
from mcp_gate.lang.canonical import canonical
from mcp_gate.store.store import FILE_NAME

Bodies = list[dict[str, Any]]


def write(folder: Path, *statements: str, **values: Any) -> None:
    """Change rows of the database, whether the gate runs or not."""
    connection = sqlite3.connect(folder / FILE_NAME, timeout=10)
    try:
        for statement in statements:
            connection.execute(statement, values)
        connection.commit()
    finally:
        connection.close()


def approve_row(folder: Path, request_id: str, **changes: Any) -> None:
    """What a decision leaves behind in the rows, without any decision."""
    values = {
        "request_id": request_id, "n": 1, "decision": "approve", "reason": "", "approver_id": "dana",
        "decision_ts": "2027-01-15T08:00:00.000Z", "assurance": "signed", "nonce": "forged", "signature": None,
        "statement": "", "final": 1, "stage": 1, **changes,
    }  # fmt: skip
    write(
        folder,
        f"insert into decisions({', '.join(values)}) values({', '.join(':' + name for name in values)})",
        **values,
    )
    set_approved(folder, request_id)


def set_approved(folder: Path, request_id: str) -> None:
    """As if it were approved and not used."""
    write(
        folder,
        "update requests set status = 'approved', consumed = 0 where id = :id",
        "update calls set state = 'approved', kept = 0 where id = (select call_id from requests where id = :id)",
        id=request_id,
    )


def rewrite_record(folder: Path, change: Callable[[Bodies], Bodies]) -> None:
    """Write the whole record anew, so that its chain is whole: no gate runs."""
    connection = sqlite3.connect(folder / FILE_NAME)
    bodies = change([json.loads(row[0]) for row in connection.execute("select body from audit order by seq")])
    connection.execute("drop trigger if exists audit_never_updated")
    connection.execute("drop trigger if exists audit_never_deleted")
    connection.execute("delete from audit")
    prev = GENESIS
    for seq, body in enumerate(bodies, 1):
        sealed = canonical({**body, "seq": seq})
        hash = link(prev, sealed)
        connection.execute(
            "insert into audit(seq, ts, event, call_id, request_id, body, prev_hash, hash) "
            "values(?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, body["ts"], body["event"], body.get("call_id"), body.get("request_id"), sealed.decode(), prev, hash),
        )
        prev = hash
    connection.commit()
    connection.close()
