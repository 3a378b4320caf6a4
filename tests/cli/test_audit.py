"""The audit commands on real databases, while a gate writes and while none does."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mcp_gate.cli.audit import audit
from mcp_gate.evidence.chain import GENESIS, Head, link, seal
from mcp_gate.evidence.record import members
from mcp_gate.lang.canonical import canonical
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.event import Event
from mcp_gate.store.store import FILE_NAME
from support.held import NOW, SNAPSHOT
from support.running import wait_for
from support.stored import (
    Hands,
    a_store,
    approve,
    begun,
    claim,
    edit,
    ended,
    held,
    new_call,
    said,
    sent,
)  # fmt: skip

HOSTILE = 'rm -rf\n{"seq": 1}\r\x1b[2J\x1b]0;pwned\x07\u202e\u2028"done"'


def run(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(audit, [args[0], "--state", str(folder), *args[1:]])


def fill(folder: Path, *calls: Any) -> None:
    async def main() -> None:
        async with a_store(folder) as store:
            for call in calls:
                await sent(store, call)
                await ended(store, call)

    asyncio.run(main())


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(text) for text in result.stdout.split("\n") if text]


# -- export -----------------------------------------------------------------------------------------------------


def test_export_writes_the_members_of_the_contract_oldest_first(tmp_path: Path) -> None:
    call = new_call()
    fill(tmp_path, call)
    records = lines(run(tmp_path, "export"))
    assert [(r["seq"], r["event"]) for r in records] == [
        (1, "call.received"), (2, "call.decided"), (3, "call.dispatched"), (4, "call.executed"),
    ]  # fmt: skip
    first = records[0]
    assert first == {
        **members(call, SNAPSHOT), "seq": 1, "ts": rfc3339(NOW), "event": "call.received", "data": {},
        "prev_hash": GENESIS, "hash": first["hash"],
    }  # fmt: skip
    body = {k: v for k, v in first.items() if k not in ("prev_hash", "hash")}
    assert first["hash"] == link(GENESIS, canonical(body))


def test_export_since_begins_at_a_time_and_still_verifies(tmp_path: Path) -> None:
    clock = Hands()

    async def main() -> None:
        async with a_store(tmp_path, clock) as store:
            for _ in range(3):
                await sent(store, new_call())
                clock.now += 60

    asyncio.run(main())
    out = run(tmp_path, "export", "--since", rfc3339(NOW + 30))
    assert [r["seq"] for r in lines(out)] == [4, 5, 6, 7, 8, 9]
    (tmp_path / "part.jsonl").write_text(out.stdout)
    found = run(tmp_path, "verify", "--part", str(tmp_path / "part.jsonl"))
    assert found.exit_code == 0
    assert "the records before 4" in found.stdout
    assert run(tmp_path, "verify", "--part").exit_code == 2
    assert lines(run(tmp_path, "export", "--since", rfc3339(NOW + 3600))) == []
    assert run(tmp_path, "export", "--since", "7d").exit_code == 0
    assert run(tmp_path, "export", "--since", "yesterday").exit_code == 2


@pytest.mark.parametrize("kept", [slice(1, None), slice(0, 0)], ids=["its_beginning", "all_of_it"])
def test_an_export_that_somebody_took_the_beginning_of_is_broken(tmp_path: Path, kept: slice) -> None:
    fill(tmp_path, new_call())
    whole = run(tmp_path, "export").stdout.splitlines(keepends=True)
    (tmp_path / "cut.jsonl").write_text("".join(whole[kept]))
    found = run(tmp_path, "verify", str(tmp_path / "cut.jsonl"))
    assert found.exit_code == 1
    assert found.stdout.startswith("broken: record 1 is missing")
    assert "--part" in found.stderr
    assert lines(run(tmp_path, "verify", str(tmp_path / "cut.jsonl"), "--json"))[0]["seq"] == 1


def test_S221_an_event_is_one_line_and_its_text_comes_back_whole(tmp_path: Path) -> None:
    call = new_call(tool=HOSTILE, topic=HOSTILE)
    fill(tmp_path, call)
    out = run(tmp_path, "export").stdout
    assert len(out.splitlines()) == 4
    assert out.replace("\n", "").isprintable()
    assert {r["tool"] for r in lines(run(tmp_path, "export"))} == {HOSTILE}
    for command in (["tail"], ["show", call.id], ["tail", "--json"], ["show", call.id, "--json"]):
        shown = run(tmp_path, *command).stdout
        assert shown.replace("\n", "").isprintable()
        assert "\u202e" not in shown
    assert len(run(tmp_path, "tail").stdout.splitlines()) == 4


# -- verify -----------------------------------------------------------------------------------------------------


def test_verify_says_that_a_record_is_intact_and_what_it_could_not_check(tmp_path: Path) -> None:
    fill(tmp_path, new_call())
    found = run(tmp_path, "verify")
    assert found.exit_code == 0
    assert found.stdout.startswith("intact: 4 records")
    assert "cut off at the end" in found.stdout
    assert "wrote the whole record anew" in found.stdout
    (told,) = lines(run(tmp_path, "verify", "--json"))
    assert told["intact"] is True
    assert told["seq"] == 4
    assert len(told["not_checked"]) == 2


@pytest.mark.parametrize(
    ("statements", "seq"),
    [
        (["update audit set body = replace(body, 'call.decided', 'call.decidee') where seq = 6"], 6),
        (["update audit set hash = '0' || substr(hash, 2) where seq = 5 and hash not like '0%'",
          "update audit set hash = '1' || substr(hash, 2) where seq = 5 and prev_hash = hash"], 5),
        (["delete from audit where seq = 7"], 7),
        (["update audit set seq = -1 where seq = 3", "update audit set seq = 3 where seq = 4",
          "update audit set seq = 4 where seq = -1"], 3),
        (["update audit set call_id = 'c-other' where seq = 8"], 8),
        (["update audit set body = '{' where seq = 2"], 2),
        (["delete from audit where seq = 1"], 1),
        (["delete from audit"], 1),
        (["update audit set prev_hash = hash where seq = 9"], 9),
    ],
    ids=["byte", "hash", "delete", "swap", "column", "junk", "first", "all", "link"],
)  # fmt: skip
def test_S210_an_edited_database_is_broken_and_the_first_bad_record_is_named(
    tmp_path: Path, statements: list[str], seq: int
) -> None:
    fill(tmp_path, *(new_call() for _ in range(3)))
    edit(tmp_path, *statements)
    found = run(tmp_path, "verify")
    assert found.exit_code == 1
    assert found.stdout.startswith(f"broken: record {seq} ")
    (told,) = lines(run(tmp_path, "verify", "--json"))
    assert (told["intact"], told["seq"], told["checked"]) == (False, seq, seq - 1)


def test_S211_what_a_chain_cannot_show_is_said_plainly(tmp_path: Path) -> None:
    """Cut off, rolled back, or written anew, a chain is consistent; the command never claims otherwise."""
    fill(tmp_path, *(new_call() for _ in range(5)))
    shutil.copy(tmp_path / FILE_NAME, tmp_path / "older.db")
    whole = lines(run(tmp_path, "verify", "--json"))[0]
    edit(tmp_path, "delete from audit where seq > 10")
    cut = run(tmp_path, "verify")
    assert cut.exit_code == 0
    assert "not checked" in cut.stdout
    assert lines(run(tmp_path, "verify", "--json"))[0]["seq"] == 10 != whole["seq"]
    rewritten = _rewritten(lines(run(tmp_path, "export")))
    (tmp_path / "forged.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rewritten))
    found = run(tmp_path, "verify", str(tmp_path / "forged.jsonl"))
    assert found.exit_code == 0
    assert "whether somebody wrote the whole record anew" in found.stdout
    assert rewritten[-1]["hash"] not in cut.stdout


def _rewritten(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    prev, out = GENESIS, []
    for record in records:
        body = {k: v for k, v in record.items() if k not in ("prev_hash", "hash")} | {"agent": "somebody-else"}
        hash_ = link(prev, canonical(body))
        out.append({**body, "prev_hash": prev, "hash": hash_})
        prev = hash_
    return out


def test_S212_an_export_is_checked_elsewhere_with_nothing_but_the_file(tmp_path: Path) -> None:
    fill(tmp_path / "here", new_call(tool=HOSTILE), new_call())
    (tmp_path / "export.jsonl").write_text(run(tmp_path / "here", "export").stdout)
    shutil.rmtree(tmp_path / "here")
    env = {k: v for k, v in os.environ.items() if not k.startswith("MCP_GATE")} | {"HOME": str(tmp_path / "nobody")}
    ran = _command(["verify", str(tmp_path / "export.jsonl")], env=env)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("intact: 8 records")


def _command(args: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from mcp_gate.cli.audit import audit; audit()", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, **how)


def _grow(folder: Path, count: int) -> None:
    """More records, sealed as the store seals them, in one transaction."""
    connection = sqlite3.connect(folder / FILE_NAME)
    seq, hash_ = connection.execute("select seq, hash from audit order by seq desc limit 1").fetchone()
    head, rows, call = Head(seq, hash_), [], new_call()
    for n in range(count):
        sealed = seal(head, rfc3339(NOW), said(call, "call.executed", n=n))
        head = Head(sealed.seq, sealed.hash)
        rows.append((*head[:1], rfc3339(NOW), "call.executed", call.id, sealed.body.decode(), *sealed[2:]))
    connection.executemany(
        "insert into audit(seq, ts, event, call_id, body, prev_hash, hash) values(?, ?, ?, ?, ?, ?, ?)", rows
    )
    connection.commit()
    connection.close()


@pytest.mark.slow
def test_S209_a_hundred_thousand_events_verify_in_time(tmp_path: Path) -> None:
    fill(tmp_path, new_call())
    _grow(tmp_path, 100_000)
    since = time.monotonic()
    found = run(tmp_path, "verify")
    assert found.exit_code == 0
    assert found.stdout.startswith("intact: 100004 records")
    assert time.monotonic() - since < 60


# -- while a gate runs ------------------------------------------------------------------------------------------


def test_everything_can_be_read_while_a_gate_writes(tmp_path: Path) -> None:
    async def main() -> None:
        async with a_store(tmp_path) as store:
            for count in range(1, 4):
                await sent(store, new_call())
                assert len(lines(await asyncio.to_thread(run, tmp_path, "export"))) == 3 * count
                assert (await asyncio.to_thread(run, tmp_path, "verify")).exit_code == 0
                assert len(lines(await asyncio.to_thread(run, tmp_path, "tail", "--json", "-n", "2"))) == 2

    asyncio.run(main())


WRITER = """
import asyncio, itertools, sys
from pathlib import Path
from support.stored import *
async def main():
    store = await Store.open(Path(sys.argv[1]) / FILE_NAME, clock=Hands())
    for n in itertools.count():
        call = new_call(id=f"c-{sys.argv[2]}-{n}")
        await sent(store, call)
        await ended(store, call, lazy=n % 2 == 0)
        if n == 9:
            Path(sys.argv[1], f"{sys.argv[2]}.writes").touch()
asyncio.run(main())
"""


def alive(processes: list[subprocess.Popen[str]]) -> int:
    return sum(process.poll() is None for process in processes)


@pytest.mark.slow
def test_S224_two_writers_taken_turns_by_force_leave_one_chain(tmp_path: Path) -> None:
    """Each is killed at a bad moment and the other takes over; while one runs, the other is refused."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    last = 0
    for turn in range(12):
        pair = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(tmp_path), f"{turn}-{n}"], env=env, stderr=subprocess.PIPE, text=True
            )
            for n in range(2)
        ]
        marks = f"{turn}-*.writes"
        wait_for(lambda pair=pair, marks=marks: alive(pair) == 1 and [*tmp_path.glob(marks)], 30)
        for process in pair:
            process.send_signal(signal.SIGKILL)
            _, said_ = process.communicate(timeout=20)
            assert process.returncode == -signal.SIGKILL or "another mcp-gate" in said_
        (found,) = lines(run(tmp_path, "verify", "--json"))
        assert found["intact"] is True
        assert found["seq"] == found["count"] > last
        last = found["count"]
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    connection.close()


@pytest.mark.slow
def test_tail_follows_what_is_written(tmp_path: Path) -> None:
    fill(tmp_path, new_call())
    command = [sys.executable, "-c", "from mcp_gate.cli.audit import audit; audit()"]
    follower = subprocess.Popen(
        [*command, "tail", "-f", "-n", "1", "--json", "--state", str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert follower.stdout is not None
    try:
        assert json.loads(follower.stdout.readline())["seq"] == 4
        fill(tmp_path, new_call())
        assert [json.loads(follower.stdout.readline())["seq"] for _ in range(4)] == [5, 6, 7, 8]
    finally:
        follower.kill()
        follower.communicate()


# -- tail, show -------------------------------------------------------------------------------------------------


def test_tail_shows_the_newest_records(tmp_path: Path) -> None:
    fill(tmp_path, *(new_call() for _ in range(10)))
    assert [r["seq"] for r in lines(run(tmp_path, "tail", "--json"))] == list(range(21, 41))
    assert [r["seq"] for r in lines(run(tmp_path, "tail", "-n", "3", "--json"))] == [38, 39, 40]
    text = run(tmp_path, "tail", "-n", "1").stdout
    assert re.match(r" +40 \S+Z call.executed +c-\d+ claude-code shop.refund_order", text)


def _held_and_sent(folder: Path) -> Any:
    async def main() -> Any:
        async with a_store(folder) as store:
            await sent(store, new_call())
            request = await held(store, new_call(arguments={"order": "O-77"}))
            await approve(store, request)
            await claim(store, request)
            await ended(store, request.call)
            return request

    return asyncio.run(main())


def test_show_tells_the_whole_story_by_call_or_by_request(tmp_path: Path) -> None:
    request = _held_and_sent(tmp_path)
    story = [
        "call.received", "call.decided", "request.opened", "request.decided", "call.dispatched", "call.executed",
    ]  # fmt: skip
    for id_ in (request.id, request.call.id):
        assert [r["event"] for r in lines(run(tmp_path, "show", id_, "--json"))] == story
        text = run(tmp_path, "show", id_).stdout
        assert "O-77" in text
        assert all(event in text for event in story)


def test_an_unknown_id_exits_1(tmp_path: Path) -> None:
    fill(tmp_path, new_call())
    found = run(tmp_path, "show", "c-\x1bnone")
    assert found.exit_code == 1
    assert "\x1b" not in found.output


@pytest.mark.parametrize("command", ["tail", "verify", "export", "show"])
def test_without_a_record_a_command_exits_2(tmp_path: Path, command: str) -> None:
    found = run(tmp_path, command, *(["c-1"] if command == "show" else []))
    assert found.exit_code == 2
    assert "no record yet" in found.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["tail", "verify", "export"])
def test_S218_a_damaged_database_is_reported_without_a_traceback(tmp_path: Path, command: str) -> None:
    fill(tmp_path, new_call())
    (tmp_path / FILE_NAME).write_bytes(b"garbage" * 1000)
    found = run(tmp_path, command)
    assert found.exit_code == 1
    assert "cannot be read" in found.stderr


@pytest.mark.parametrize("body", ["{", "[]", "7"])
@pytest.mark.parametrize("command", ["tail", "export"])
def test_S218_a_record_that_is_none_is_reported_without_a_traceback(tmp_path: Path, command: str, body: str) -> None:
    fill(tmp_path, new_call())
    edit(tmp_path, f"update audit set body = '{body}' where seq = 2")
    found = run(tmp_path, command)
    assert found.exit_code == 1
    assert found.stderr == "a record cannot be read: 'mcp-gate audit verify' says which\n"


def test_the_state_directory_is_found_from_the_gate_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCP_GATE_STATE", raising=False)
    (tmp_path / "upstreams.yaml").write_text("not: [valid")
    (tmp_path / "gate.yaml").write_text("version: v1\nstate_dir: there\n")
    fill(tmp_path / "there", new_call())
    found = CliRunner().invoke(audit, ["verify", "--config", str(tmp_path)])
    assert found.exit_code == 0, found.output


def test_the_events_of_the_contract_have_their_own_members_in_data(tmp_path: Path) -> None:
    async def main() -> None:
        async with a_store(tmp_path) as store:
            await store.snapshot_loaded(
                SNAPSHOT, "ff", {"upstreams.yaml": b"x"},
                Event("policy.loaded", {"agent": None, "policy_snapshot": SNAPSHOT}, {"files": 1}),
            )  # fmt: skip
            assert await store.accepted.files(SNAPSHOT) == {"upstreams.yaml": b"x"}
            await sent(store, new_call())

    asyncio.run(main())
    first, *rest = lines(run(tmp_path, "export"))
    assert first["agent"] is None
    assert first["data"] == {"files": 1}
    assert len(rest) == len(begun(new_call()))
