"""The database file damaged, removed, locked, read-only, or of another time."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.evidence.chain import Intact
from mcp_gate.model.request import RecordedDecision
from mcp_gate.store import file, migrations, rows
from mcp_gate.store.database import Unavailable
from mcp_gate.store.store import FILE_NAME, Store
from support.chains import verify
from support.held import SNAPSHOT, an_approval
from support.stored import a_store, all_records, ended, held, new_call, new_request, sent, states

pytestmark = pytest.mark.anyio


async def _filled(folder: Path, calls: int = 30) -> None:
    async with a_store(folder) as store:
        for _ in range(calls):
            call = new_call(arguments={"text": "x" * 300})
            await sent(store, call)
            await ended(store, call)


async def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        async with a_store(tmp_path / "state") as store:
            await sent(store, new_call())
            modes = {p.name: p.stat().st_mode & 0o777 for p in _files(tmp_path / "state")}
            folder = (tmp_path / "state").stat().st_mode & 0o777
    finally:
        os.umask(old)
    assert folder == 0o700
    assert set(modes) == {FILE_NAME, FILE_NAME + "-wal", FILE_NAME + "-shm", FILE_NAME + ".lock"}
    assert set(modes.values()) == {0o600}


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_the_connection_is_as_careful_as_it_can_be(tmp_path: Path) -> None:
    await _filled(tmp_path, 1)
    connection = file.connect(tmp_path / FILE_NAME, write=True)
    expected = {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "trusted_schema": 0,
        "cell_size_check": 1,
    }  # fmt: skip
    found = {name: next(iter(connection.execute(f"pragma {name}").fetchone().values())) for name in expected}
    connection.close()
    assert found == expected


@pytest.mark.parametrize("sql", ["update audit set reason = ''", "update audit set body = '{}'", "delete from audit"])
async def test_the_record_cannot_be_edited_through_sql(tmp_path: Path, sql: str) -> None:
    await _filled(tmp_path, 1)
    with pytest.raises(sqlite3.Error), sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute(sql)
    connection.close()


# -- S217 -------------------------------------------------------------------------------------------------------


async def test_S217_write_permission_taken_away_refuses_and_given_back_recovers(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await sent(store, new_call())
        (tmp_path / FILE_NAME).chmod(0o400)
        with pytest.raises(Unavailable, match="read-only"):
            await sent(store, new_call())
        (tmp_path / FILE_NAME).chmod(0o600)
        await sent(store, new_call())
        assert len(await all_records(store)) == 6


READ_ONLY = """
import asyncio, subprocess, sys
from pathlib import Path
from mcp_gate.store.database import Unavailable
from mcp_gate.store.store import Store
folder = Path(sys.argv[1])
if subprocess.run(["mount", "--bind", "-o", "ro", folder, folder]).returncode or subprocess.run(
    ["mount", "-o", "remount,bind,ro", folder]).returncode:
    sys.exit(77)
async def main():
    try:
        await Store.open(folder / "gate.db", clock=lambda: 0.0)
    except Unavailable as error:
        print("refused", error)
asyncio.run(main())
"""


async def test_S217_a_read_only_file_system_refuses_to_start(tmp_path: Path) -> None:
    await _filled(tmp_path, 1)
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no unshare here")
    ran = _python(READ_ONLY, str(tmp_path), before=[unshare, "--mount", "--map-root-user"])
    if ran.returncode != 0:
        pytest.skip("no mount name space here")
    assert ran.stdout.startswith("refused"), ran.stderr


def _python(program: str, *args: str, before: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [*(before or []), sys.executable, "-c", program, *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=50)


# -- S218 -------------------------------------------------------------------------------------------------------


async def _refuses(folder: Path, match: str) -> None:
    with pytest.raises(Unavailable, match=match):
        async with a_store(folder):
            pass


def _write_at(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as opened:
        opened.seek(at)
        opened.write(data)


async def test_S218_garbage_in_the_header_refuses_to_start(tmp_path: Path) -> None:
    await _filled(tmp_path)
    _write_at(tmp_path / FILE_NAME, 0, os.urandom(64))
    await _refuses(tmp_path, "cannot be opened")


@pytest.mark.parametrize("page", range(1, 24, 3))
async def test_S218_garbage_in_a_page_refuses_to_start(tmp_path: Path, page: int) -> None:
    await _filled(tmp_path)
    _write_at(tmp_path / FILE_NAME, page * 4096, b"\xa5" * 4096)
    await _refuses(tmp_path, "damaged|cannot be opened|broken")


async def test_S218_a_changed_byte_at_the_end_of_the_record_refuses_to_start(tmp_path: Path) -> None:
    await _filled(tmp_path)
    data = (tmp_path / FILE_NAME).read_bytes()
    at = data.rindex(b'"event":"call.executed"')
    _write_at(tmp_path / FILE_NAME, at + 10, b"X")
    await _refuses(tmp_path, "broken at seq")


@pytest.mark.parametrize("left", [b"", None])
async def test_S218_a_lost_database_is_never_begun_anew(tmp_path: Path, left: bytes | None) -> None:
    await _filled(tmp_path)
    if left is None:
        (tmp_path / FILE_NAME).unlink()
    else:
        (tmp_path / FILE_NAME).write_bytes(left)
    await _refuses(tmp_path, "missing or empty")
    (tmp_path / (FILE_NAME + ".lock")).unlink()
    async with a_store(tmp_path) as store:
        assert await all_records(store) == []


async def test_S218_the_database_deleted_while_running_stops_the_store(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await sent(store, new_call())
        (tmp_path / FILE_NAME).unlink()
        for _ in range(3):
            with pytest.raises(Unavailable, match="deleted"):
                await sent(store, new_call())
        assert not (tmp_path / FILE_NAME).exists()


async def test_S218_another_database_put_in_its_place_stops_the_store(tmp_path: Path) -> None:
    await _filled(tmp_path / "other", 3)
    async with a_store(tmp_path) as store:
        await sent(store, new_call())
        (tmp_path / "other" / FILE_NAME).replace(tmp_path / FILE_NAME)
        for _ in range(3):
            with pytest.raises(Unavailable, match="replaced"):
                await sent(store, new_call())


async def test_S218_an_older_copy_put_in_its_place_stops_the_store(tmp_path: Path) -> None:
    await _filled(tmp_path, 2)
    shutil.copy(tmp_path / FILE_NAME, tmp_path / "copy")
    async with a_store(tmp_path) as store:
        await sent(store, new_call())
        for name in (FILE_NAME, FILE_NAME + "-wal", FILE_NAME + "-shm"):
            (tmp_path / name).unlink()
        (tmp_path / "copy").replace(tmp_path / FILE_NAME)
        for _ in range(3):
            with pytest.raises(Unavailable, match="replaced"):
                await sent(store, new_call())


async def test_S218_the_log_deleted_while_running_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    calls = [new_call() for _ in range(5)]
    async with a_store(tmp_path) as store:
        for call in calls:
            await sent(store, call)
        await store.requests.page()  # the reader is open as well
        (tmp_path / (FILE_NAME + "-wal")).unlink()
        with pytest.raises(Unavailable, match="log was deleted"):
            await sent(store, new_call())
        later = new_call()
        await sent(store, later)
        assert len(await store.trail(later.session, later.agent)) == 6
    async with a_store(tmp_path) as store:
        assert await states(store, *calls, later) == ["dispatched"] * 6
        assert isinstance(verify(await all_records(store)), Intact)


async def test_S218_garbage_in_the_log_is_never_taken_for_records(tmp_path: Path) -> None:
    program = f"""
import asyncio, os
from pathlib import Path
from support.stored import *
async def main():
    store = await Store.open(Path({str(tmp_path)!r}) / FILE_NAME, clock=Hands())
    for _ in range(20):
        await sent(store, new_call())
    os._exit(0)
asyncio.run(main())
"""
    _with_tests(program)
    log = tmp_path / (FILE_NAME + "-wal")
    _write_at(log, log.stat().st_size // 2, os.urandom(3000))
    try:
        async with a_store(tmp_path) as store:
            records = await all_records(store)
            assert isinstance(verify(records), Intact)
            assert 0 < len(records) < 60
    except Unavailable:
        pass


def _with_tests(program: str) -> str:
    tests = Path(__file__).parents[1]
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50, cwd=tests,
        env={**os.environ, "PYTHONPATH": str(tests)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


# -- S219 -------------------------------------------------------------------------------------------------------


def _set(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(sql)
    connection.close()


async def test_S219_a_newer_schema_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    await _filled(tmp_path)
    _set(tmp_path / FILE_NAME, "pragma user_version = 99")
    await _refuses(tmp_path, "newer mcp-gate")
    _set(tmp_path / FILE_NAME, f"pragma user_version = {len(migrations.SCRIPTS)}")
    async with a_store(tmp_path) as store:
        assert len(await all_records(store)) == 120


async def test_S219_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    _set(tmp_path / FILE_NAME, "create table notes(text)")
    await _refuses(tmp_path, "not a gate's")
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    assert connection.execute("select name from sqlite_schema").fetchall() == [("notes",)]
    connection.close()


async def test_S219_an_older_schema_is_brought_up_to_date_whole_or_not_at_all(tmp_path: Path) -> None:
    await _filled(tmp_path, 2)
    connection = file.connect(tmp_path / FILE_NAME, write=True)
    good, bad = "create table later(x); create index later_x on later(x)", "create table half(x); select nonsense"
    with pytest.raises(sqlite3.Error):
        migrations.migrate(connection, [*migrations.SCRIPTS, good, bad])
    assert migrations.version(connection) == len(migrations.SCRIPTS)
    assert connection.execute("select count(*) as n from sqlite_schema where name like 'later%'").fetchone()["n"] == 0
    connection.close()
    async with a_store(tmp_path) as store:
        assert len(await all_records(store)) == 8


def test_S219_words_and_requests_of_before_there_were_stages_are_those_of_the_first(tmp_path: Path) -> None:
    call, word = new_call(), an_approval("dana")
    request = replace(new_request(call), needed=2)
    (tmp_path / FILE_NAME).touch(0o600)
    old = file.connect(tmp_path / FILE_NAME, write=True)
    migrations.migrate(old, migrations.SCRIPTS[:1])
    _insert(old, "calls", {**rows.from_call(call), "verdict": "{}", "snapshot": SNAPSHOT, "state": "pending"})
    _insert(old, "requests", rows.from_request(request))
    _insert(old, "decisions", _decision(request.id, word))
    migrations.migrate(old)
    (found,) = old.execute("select * from decisions").fetchall()
    assert rows.to_decision(found) == word
    assert word.stage == 1
    (found,) = old.execute("select * from requests").fetchall()
    assert (found["id"], found["escalated_ts"], found["escalated_from"]) == (request.id, "", "")
    _insert(old, "decisions", {**_decision(request.id, an_approval("dana")), "n": 2, "stage": 2})
    old.close()


def _decision(request_id: str, word: RecordedDecision) -> dict[str, Any]:
    said = {name: getattr(word, name) for name in ("decision", "reason", "approver_id", "decision_ts", "nonce")}
    return {"request_id": request_id, "n": 1, **said, "assurance": "session", "final": 0}


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """A row of an older schema: columns that came later are left out."""
    known = {column["name"] for column in connection.execute(f"pragma table_info({table})").fetchall()}
    names = [name for name in row if name in known]
    values = ", ".join(f":{name}" for name in names)
    connection.execute(f"insert into {table}({', '.join(names)}) values({values})", row)


# -- S224 -------------------------------------------------------------------------------------------------------


async def test_S224_a_second_process_cannot_write(tmp_path: Path) -> None:
    program = f"""
import asyncio
from pathlib import Path
from support.stored import *
from mcp_gate.store.database import Unavailable
async def main():
    try:
        await Store.open(Path({str(tmp_path)!r}) / FILE_NAME, clock=Hands())
        print("opened")
    except Unavailable as error:
        print("refused", error)
asyncio.run(main())
"""
    async with a_store(tmp_path) as store:
        await sent(store, new_call())
        assert (await asyncio.to_thread(_with_tests, program)).startswith("refused another mcp-gate")
        await sent(store, new_call())
        assert len(await all_records(store)) == 6
    assert (await asyncio.to_thread(_with_tests, program)).startswith("opened")


async def test_a_store_opens_after_a_refused_start(tmp_path: Path) -> None:
    async with a_store(tmp_path):
        with pytest.raises(Unavailable):
            await Store.open(tmp_path / FILE_NAME, clock=lambda: 0.0)
    async with a_store(tmp_path) as store:
        await held(store)
