"""What an older gate wrote is all there after the schema was brought up to date."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.store import migrations
from mcp_gate.store.reading import find, page
from mcp_gate.store.rows import from_call, from_request
from mcp_gate.store.store import FILE_NAME
from mcp_gate.store.transaction import ReadTx
from support.held import a_call, a_request

OLDEST = 1
"""Scripts of the first schema that was released."""


def opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = lambda cursor, row: {d[0]: v for d, v in zip(cursor.description, row, strict=True)}
    connection.execute("pragma foreign_keys = on")
    return connection


def put(connection: sqlite3.Connection, table: str, values: dict[str, Any]) -> None:
    """Insert what of it the table has columns for, as that version of the gate would have."""
    there = {row["name"] for row in connection.execute(f"pragma table_info({table})")}
    given = {name: value for name, value in values.items() if name in there}
    columns = ", ".join(given)
    connection.execute(f"insert into {table}({columns}) values({', '.join('?' * len(given))})", list(given.values()))


def write_old(path: Path, scripts: int) -> None:
    """A database of that many scripts, with two held calls, one of them decided."""
    connection = opened(path)
    connection.execute("pragma journal_mode = wal")
    migrations.migrate(connection, migrations.SCRIPTS[:scripts])
    for n in (1, 2):
        call = a_call(id=f"c-{n}", arguments={"order": n})
        request = a_request(call, id=f"R-{n}")
        put(connection, "calls", {**from_call(call), "verdict": "{}", "snapshot": "v1:0", "state": "pending"})
        put(connection, "requests", from_request(request))
    said = {
        "request_id": "R-2", "n": 1, "decision": "approve", "reason": "", "approver_id": "dana", "final": 0, "stage": 1,
        "decision_ts": "2027-01-15T08:00:00.000Z", "assurance": "session", "nonce": "n-1", "signature": None,
    }  # fmt: skip
    put(connection, "decisions", said)
    connection.close()


@pytest.mark.parametrize("scripts", range(OLDEST, len(migrations.SCRIPTS)))
def test_requests_and_words_on_them_survive_every_step(tmp_path: Path, scripts: int) -> None:
    path = tmp_path / FILE_NAME
    write_old(path, scripts)
    connection = opened(path)
    migrations.migrate(connection)
    tx = ReadTx(connection)
    assert [request.id for request in page(None, None, None, None, 10, False, tx)] == ["R-1", "R-2"]
    decided = find(tx, "R-2")
    assert decided is not None
    assert decided.call.arguments == {"order": 2}
    assert [(said.decision, said.approver_id, said.stage) for said in decided.decisions] == [("approve", "dana", 1)]
    assert connection.execute("pragma foreign_key_check").fetchall() == []
    assert connection.execute("pragma integrity_check").fetchone() == {"integrity_check": "ok"}


def test_one_call_has_at_most_one_request_of_each_kind(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    write_old(path, len(migrations.SCRIPTS))
    connection = opened(path)
    sample = {**from_request(a_request(a_call(id="c-1", arguments={"order": 1}), kind="sample")), "id": "R-3"}
    put(connection, "requests", sample)
    with pytest.raises(sqlite3.IntegrityError):
        put(connection, "requests", {**sample, "id": "R-4"})
