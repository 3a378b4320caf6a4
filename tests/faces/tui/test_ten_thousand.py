"""A queue of ten thousand. Processor time is measured, gate and screen together: a busy machine says nothing of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mcp_gate.store.database import Tx
from support.reviewed import GROUPS, a_gate
from support.screens import USUAL, a_desk

pytestmark = pytest.mark.anyio

MANY = 10_000
NUMBERS = "with recursive n(i) as (select 1 union all select i + 1 from n where i < :many) "


def copies(tx: Tx) -> None:
    """So many more of the one request there is, each of another call and another session."""
    calls = tx.one("select * from calls")
    requests = tx.one("select * from requests")
    assert calls is not None
    assert requests is not None
    other = {"id": "'c-X' || i", "job_hash": "'sha256:' || printf('%064d', i)", "session": "'s-' || i"}
    columns = ", ".join(other.get(name, name) for name in calls)
    tx.run(f"insert into calls({', '.join(calls)}) {NUMBERS} select {columns} from calls, n", many=MANY - 1)
    other = {"id": "'R-X' || i", "call_id": "'c-X' || i", "job_hash": "'sha256:' || printf('%064d', i)"}
    columns = ", ".join(other.get(name, name) for name in requests)
    tx.run(f"insert into requests({', '.join(requests)}) {NUMBERS} select {columns} from requests, n", many=MANY - 1)


async def test_S128_ten_thousand_pending_open_at_once_and_keys_are_quick(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold(due=3600)
        await gate.gate.store._db.write(copies)
        gate.count = MANY
        began = time.process_time()
        async with a_desk(gate, size=USUAL) as desk:
            opened = time.process_time() - began
            assert "held 10000" in desk.text
            took = []
            for key in ("j", "j", "k", "G", "g", "pagedown", "j", "o", "o", "o", "o", "o", "m", "j"):
                began = time.process_time()
                await desk.press(key)
                took.append(time.process_time() - began)
            assert opened < 5
            assert sorted(took)[int(len(took) * 0.95) - 1] < 0.3, took
