"""kill -9 at moments nobody chose: of the gate alone, and of the gate with everything it started."""

from __future__ import annotations

import getpass
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.faces.client import Problem, Unreachable
from mcp_gate.store import live
from mcp_gate.store.store import Store
from support.crashing import HELD, PATIENT, kept_its_promises, started
from support.lines import an_agent, verdict
from support.running import EVERYTHING_MAPPED, place, wait_for
from support.upstreams import Probe

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]


def entry(probe: Probe) -> dict[str, Any]:
    program, *args = probe.command
    return {"command": program, "args": args, "prefix": "", **EVERYTHING_MAPPED}


def killed(tmp_path: Path, *options: str) -> dict[str, Any]:
    """What `bench/kill.py` saw."""
    found = tmp_path / "kills.json"
    command = [sys.executable, str(ROOT / "bench" / "kill.py"), *options, "--json", str(found)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=560, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    outcome: dict[str, Any] = json.loads(found.read_text())
    assert outcome["violations"] == []
    return outcome


def test_S229_a_hundred_kills_under_load_break_no_promise(tmp_path: Path, rounds: int) -> None:
    outcome = killed(tmp_path, "--kills", str(100 * rounds), "--longest", "0.3")
    assert outcome["executed"] > 100
    assert outcome["requests"] > 10


def test_S229_kills_while_time_ends_requests_move_none_twice_and_lose_none(tmp_path: Path, rounds: int) -> None:
    outcome = killed(tmp_path, "--kills", str(8 * rounds), "--longest", "3")
    assert outcome["escalated"] > 0
    assert outcome["settled"] > 0


def test_S230_no_acknowledged_word_is_lost_when_the_gate_and_all_it_started_are_killed(
    tmp_path: Path, rounds: int
) -> None:
    probe, rng = Probe(tmp_path), random.Random(1)
    with place({"probe": entry(probe)}, HELD, PATIENT) as where:
        for n in range(4 * rounds):
            acknowledged = False
            with started(where) as process, an_agent(where.state) as agent:
                agent.begin("deploy", n=n)
                wait_for(lambda: list(where.review().requests()))
                (request,) = where.review().requests()
                if rng.random() < 0.8:
                    try:
                        where.review().decide(request, "approve", getpass.getuser(), "test")
                        acknowledged = True
                    except (Problem, Unreachable):
                        pass
                for pid in {process.pid, *probe.pids()[-4:]}:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        continue
                process.wait()
            with started(where), an_agent(where.state) as agent:
                left = [r["id"] for r in where.review().requests()]
                assert left == ([] if acknowledged else [request["id"]])
                if not acknowledged:
                    where.review().decide(request, "approve", getpass.getuser(), "test")
                told = verdict(agent.call("deploy", n=n))
                assert told.get("status") in (None, "unknown")
        kept_its_promises(where, probe)
        assert max(probe_counts(probe).values()) == 1


def probe_counts(probe: Probe) -> dict[int, int]:
    """How often each call reached the upstream."""
    counts: dict[int, int] = {}
    for call in probe.calls():
        counts[call["arguments"]["n"]] = counts.get(call["arguments"]["n"], 0) + 1
    return counts


@pytest.mark.anyio
async def test_S230_every_commit_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "gate.db", clock=time.time)
    await store.close()
    connection = live.open_for_writing(tmp_path / "gate.db")
    try:
        assert connection.execute("pragma journal_mode").fetchone()["journal_mode"] == "wal"
        assert (
            connection.execute("pragma synchronous").fetchone()["synchronous"] >= 2
        )  # FULL: the log is synced at every commit
    finally:
        connection.close()
