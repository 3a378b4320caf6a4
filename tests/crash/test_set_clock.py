"""The machine's clock is set by a day under a serving gate and over its restart: libfaketime tells `serve` the time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.faces.client import Unreachable
from support.crashing import PATIENT, answers, kept_its_promises
from support.lines import an_agent, verdict
from support.running import EVERYTHING_MAPPED, Place, place, serving, wait_for
from support.upstreams import Probe

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(not LIBRARIES, reason="faketime is not installed (apt-get install faketime)"),
]

RULES = """\
version: v1
risk_tiers: {{ low: {{ risk_tags: [read], timeout_sec: {seconds}, on_timeout: approve }} }}
rules:
  - {{ id: held, match: {{ topics: ["*"] }}, decision: require_approval }}
"""
DAYS = [pytest.param("+1d", id="forward"), pytest.param("-1d", id="back")]


class WallClock:
    """What time the gates of one test believe it is."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set("+0")

    def set(self, offset: str) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(offset + "\n")
        fresh.replace(self._file)

    @property
    def environment(self) -> dict[str, str]:
        """Elapsed time is left alone: nobody sets that."""
        return {
            "LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip


@contextmanager
def gates(tmp: Path, seconds: int) -> Iterator[tuple[Place, Probe, WallClock]]:
    probe = Probe(tmp)
    program, *args = probe.command
    entry: dict[str, Any] = {"command": program, "args": args, "prefix": "", **EVERYTHING_MAPPED}
    with place({"probe": entry}, RULES.format(seconds=seconds), PATIENT) as where:
        yield where, probe, WallClock(tmp / "clock")


@contextmanager
def served(where: Place, clock: WallClock) -> Iterator[None]:
    """A gate that goes by this clock, once it answers."""
    with serving(where, **clock.environment):
        wait_for(lambda: answers(where))
        yield


def status(where: Place) -> str:
    """Of the first request; "" while there is none, or no gate."""
    try:
        return next((str(found["status"]) for found in where.review().requests(status=None)), "")
    except Unreachable:
        return ""


@pytest.mark.parametrize("day", DAYS)
def test_S052_while_it_runs_a_clock_set_by_a_day_neither_hastens_nor_delays_an_approval(
    tmp_path: Path, day: str
) -> None:
    with gates(tmp_path, 8) as (where, probe, clock):
        with served(where, clock), an_agent(where.state, seconds=60) as agent:
            began = time.monotonic()
            call = agent.begin("echo", n=1)
            wait_for(lambda: status(where) == "pending")
            clock.set(day)
            time.sleep(3)
            assert status(where) == "pending"
            assert not verdict(agent.answer(call)["result"])
            assert 7.5 < time.monotonic() - began < 40
        records = kept_its_promises(where, probe)
        assert len(probe.calls()) == 1
        decided = next(r for r in records if r["event"] == "request.decided")
        assert decided["approver_id"] == "policy:timeout"
        days = {record["ts"][:10] for record in records if record.get("request_id")}
        assert len(days) == 2, "the clock was not set"


@pytest.mark.parametrize("day", DAYS)
def test_S052_over_a_restart_a_clock_set_by_a_day_approves_nothing_and_keeps_nothing_open(
    tmp_path: Path, day: str
) -> None:
    with gates(tmp_path, 3600) as (where, probe, clock):
        with served(where, clock), an_agent(where.state) as agent:
            agent.begin("echo", n=1)
            wait_for(lambda: status(where) == "pending")
        clock.set(day)
        with served(where, clock):
            wait_for(lambda: status(where) == "expired", 30)
            with an_agent(where.state) as agent:
                assert verdict(agent.call("echo", n=1))["status"] == "expired"
        ends = [r for r in kept_its_promises(where, probe) if r["event"] == "request.expired"]
        assert [end["data"]["cause"] for end in ends] == ["timeout" if day == "+1d" else "clock"]
        assert probe.calls() == []
