"""`audit checkpoint` and `audit verify --checkpoint`, on real records."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mcp_gate.cli.audit import audit
from support.lines import an_agent
from support.running import EVERYTHING_MAPPED, place, serving, wait_for
from support.stored import a_store, edit, ended, new_call, sent
from support.upstreams import Probe


def run(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(audit, [args[0], "--state", str(folder), *args[1:]])


def fill(folder: Path, count: int = 3, key: str = "5a" * 32) -> None:
    """A record of four events a call, by a gate with a key."""

    async def main() -> None:
        async with a_store(folder) as store:
            await store.put_meta("gate_id", "g-1")
            await store.put_meta("checkpoint_key", key)
            for _ in range(count):
                call = new_call()
                await sent(store, call)
                await ended(store, call)

    asyncio.run(main())


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    fill(folder)
    return folder


@pytest.fixture
def kept(state: Path, tmp_path: Path) -> Path:
    """A checkpoint over 12 records, elsewhere."""
    file = tmp_path / "elsewhere.note"
    done = run(state, "checkpoint", "--out", str(file))
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{file}: a checkpoint over 12 records\n"
    return file


def told(result: Result) -> dict[str, Any]:
    return dict(json.loads(result.stdout))


def test_a_checkpoint_is_printed_with_the_way_to_check_it(state: Path, tmp_path: Path) -> None:
    done = run(state, "checkpoint")
    assert done.stdout.startswith("mcp-gate/g-1\n12\n")
    assert "mcp-gate audit verify --checkpoint FILE --key mcp-gate/g-1+" in done.stderr
    (tmp_path / "note").write_text(done.stdout)
    assert run(state, "verify", "--checkpoint", str(tmp_path / "note")).exit_code == 0


def test_the_record_may_have_grown_since(state: Path, kept: Path) -> None:
    fill(state)
    done = run(state, "verify", "--checkpoint", str(kept))
    assert done.exit_code == 0, done.output
    assert "intact: 24 records" in done.stdout
    assert "the first 12 are those that the checkpoint saw" in done.stdout
    assert "whether records after 12 were cut off or written anew" in done.stdout
    assert "written anew" not in run(state, "verify").stdout
    found = told(run(state, "verify", "--checkpoint", str(kept), "--json"))
    assert found["not_checked"] == ["whether records after 12 were cut off or written anew"]


def test_S211_a_cut_tail_is_found(state: Path, kept: Path) -> None:
    edit(state, "delete from audit where seq > 9")
    assert run(state, "verify").exit_code == 0
    done = run(state, "verify", "--checkpoint", str(kept))
    assert (done.exit_code, done.stdout) == (
        1, "broken: record 10 is missing: the checkpoint saw 12 (9 before it are intact)\n",
    )  # fmt: skip
    assert told(run(state, "verify", "--checkpoint", str(kept), "--json"))["seq"] == 10


def test_S211_an_older_copy_in_its_place_is_found(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    fill(state, 1)
    shutil.copytree(state, tmp_path / "older")
    fill(state, 1)
    note = tmp_path / "note"
    run(state, "checkpoint", "--out", str(note))
    assert run(tmp_path / "older", "verify", "--checkpoint", str(note)).exit_code == 1


def test_S211_a_record_written_anew_with_the_gate_s_own_key_is_found(tmp_path: Path, kept: Path) -> None:
    forged = tmp_path / "forged"
    forged.mkdir()
    fill(forged, 5)
    assert run(forged, "verify").exit_code == 0
    done = run(forged, "verify", "--checkpoint", str(kept))
    assert done.exit_code == 1
    assert "record 12 is not what the checkpoint saw: it or one before it was written anew" in done.stdout


def test_a_record_with_another_key_is_not_the_checkpoint_s(tmp_path: Path, kept: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    fill(other, key="00" * 32)
    done = run(other, "verify", "--checkpoint", str(kept))
    assert done.exit_code == 1
    assert "the checkpoint is not signed by mcp-gate/g-1+" in done.stderr


def test_an_export_is_compared_elsewhere_with_the_key_alone(state: Path, kept: Path, tmp_path: Path) -> None:
    key = told(run(state, "checkpoint", "--json"))["key"]
    whole = run(state, "export").stdout
    (tmp_path / "export").write_text(whole)
    (tmp_path / "cut").write_text("".join(whole.splitlines(keepends=True)[:-1]))
    (tmp_path / "part").write_text("".join(whole.splitlines(keepends=True)[3:]))
    shutil.rmtree(state)
    codes = {}
    for name, more in (("export", ()), ("cut", ()), ("part", ("--part",))):
        done = run(state, "verify", str(tmp_path / name), *more, "--checkpoint", str(kept), "--key", key)
        codes[name] = done.exit_code
    assert codes == {"export": 0, "cut": 1, "part": 2}
    assert "the file begins at record 4" in done.stderr


def test_a_broken_record_is_not_signed(state: Path, tmp_path: Path) -> None:
    edit(state, "delete from audit where seq = 4")
    done = run(state, "checkpoint", "--out", str(tmp_path / "note"))
    assert done.exit_code == 1
    assert "broken: record 4" in done.stdout
    assert not (tmp_path / "note").exists()


@pytest.mark.parametrize("name", ["nowhere/note", "state"])
def test_S227_a_place_that_cannot_be_reached_is_an_error_and_nothing_half_is_left(
    state: Path, tmp_path: Path, name: str
) -> None:
    if name == "state":
        (tmp_path / "blocked").write_text("")
        name = "blocked/note"
    done = run(state, "checkpoint", "--out", str(tmp_path / name))
    assert done.exit_code == 3
    assert "the checkpoint cannot be written to" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "blocked") == ["state"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--key", "x"], "--key goes with --checkpoint"),
        (["--checkpoint", "junk"], "this is not a checkpoint"),
        (["--checkpoint", "junk", "--key", "x"], "this is not a key"),
        (["--checkpoint", "absent"], "does not exist"),
    ],
)
def test_what_makes_no_sense_exits_2(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], error: str
) -> None:
    (tmp_path / "junk").write_bytes(b"\xff\x00junk")
    monkeypatch.chdir(tmp_path)
    done = run(state, "verify", *options)
    assert done.exit_code == 2
    assert error in done.stderr


def test_a_record_without_a_key_says_how_to_get_one(tmp_path: Path) -> None:
    async def main() -> None:
        async with a_store(tmp_path) as store:
            await sent(store, new_call())

    asyncio.run(main())
    done = run(tmp_path, "checkpoint")
    assert done.exit_code == 1
    assert "this record has no key to sign with yet: start the gate once" in done.stderr


def test_a_running_gate_s_record_is_signed_and_checked_under_it(tmp_path: Path) -> None:
    program, *args = Probe(tmp_path).command
    note = tmp_path / "note"
    with place({"probe": {"command": program, "args": args, **EVERYTHING_MAPPED}}) as where:
        with serving(where), an_agent(where.state) as agent:
            agent.call("probe_echo")
            assert where.run("audit", "checkpoint", "--out", str(note)).returncode == 0
            agent.call("probe_echo")
            assert where.run("audit", "verify", "--checkpoint", str(note)).returncode == 0
        with serving(where):
            assert where.run("audit", "verify", "--checkpoint", str(note)).returncode == 0, "the key stays"


def test_S227_a_gate_keeps_checkpoints_elsewhere_and_a_place_that_is_gone_is_an_alarm_and_no_standstill(
    tmp_path: Path,
) -> None:
    program, *args = Probe(tmp_path).command
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    settings = f"checkpoints: {{ file: {elsewhere}/gate.note, every_sec: 1 }}\n"
    with place({"probe": {"command": program, "args": args, **EVERYTHING_MAPPED}}, settings=settings) as where:
        with serving(where), an_agent(where.state) as agent:
            agent.call("probe_echo")
            first = wait_for(lambda: kept_size(elsewhere / "gate.note"))
            elsewhere.rename(tmp_path / "unplugged")
            agent.call("probe_echo")
            (lost,) = wait_for(lambda: [r for r in where.records() if r["event"] == "security.checkpoint_lost"])
            assert lost["data"]["why"] == "No such file or directory"
            assert lost["data"]["kept"] >= first
            assert "isError" not in agent.call("probe_echo"), "calls go on"
            (tmp_path / "unplugged").rename(elsewhere)
            wait_for(lambda: kept_size(elsewhere / "gate.note") > lost["seq"])
            agent.call("probe_echo")
        records = where.records()
        assert kept_size(elsewhere / "gate.note") == len(records), "the end is kept too"
        assert sum(r["event"] == "security.checkpoint_lost" for r in records) == 1
        assert where.run("audit", "verify", "--checkpoint", str(elsewhere / "gate.note")).returncode == 0


def kept_size(note: Path) -> int:
    return int(note.read_text().splitlines()[1]) if note.exists() else 0
