"""Hot reload over the whole product: files are edited under a serving gate with clients and held calls."""

from __future__ import annotations

import asyncio
import getpass
import itertools
import json
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate.reload import EVERY_SEC, Reloader
from mcp_gate.store.database import Unavailable
from support.gates import RULES, UPSTREAMS, Upstream, job, open_gate, pending, perform
from support.lines import an_agent, verdict
from support.running import EVERYTHING_MAPPED, Place, place, serving, wait_for
from support.upstreams import Probe, running, tool

ALLOW = "version: v1\nrules:\n  - {{ id: rule-{n}, match: {{ topics: ['*'] }}, decision: allow }}\n"
DENY = "version: v1\nrules:\n  - {{ id: rule-{n}, match: {{ topics: ['*'] }}, decision: deny, reason: 'Not today' }}\n"
HOLD = (
    "version: v1\nrules:\n  - {{ id: rule-{n}, match: {{ topics: ['*'] }}, decision: require_approval, "
    "approvals: {approvals} }}\n"
)
UNLOOKING = (
    "-c",
    "import functools; from mcp_gate import app; app.Setting = functools.partial(app.Setting, look_sec=86400);"
    "from mcp_gate.__main__ import main; main()",
)
"""Runs the command line of a gate that looks at its files once a day."""
NOTICED_SEC = 2.5
"""Two seconds are promised, and a loaded machine gets a little more."""


@dataclass
class Served:
    """A serving gate with one probe."""

    where: Place
    process: subprocess.Popen[bytes]
    probe: Probe

    @property
    def state(self) -> Path:
        return self.where.state

    @property
    def snapshot(self) -> str:
        return str(self.status()["policy_snapshot"])

    def status(self) -> dict[str, Any]:
        return self.where.review().get("/v1/status")

    def write(self, text: str, name: str = "policies/rules.yaml") -> None:
        """Replace a file as editors do."""
        fresh = self.where.config / "fresh.tmp"
        fresh.write_text(text)
        fresh.replace(self.where.config / name)

    def hup(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def changes(self, text: str) -> None:
        """Write a policy and have it in force."""
        before = self.snapshot
        self.write(text)
        self.hup()
        wait_for(lambda: self.snapshot != before)

    def upstreams(self, found: dict[str, Any]) -> None:
        before = self.snapshot
        self.write(json.dumps({"version": "v1", "upstreams": found}), "upstreams.yaml")
        self.hup()
        wait_for(lambda: self.snapshot != before)

    def requests(self, status: str | None = "pending") -> list[dict[str, Any]]:
        return list(self.where.review().requests(status=status))


def entry(probe: Probe, **more: Any) -> dict[str, Any]:
    program, *args = probe.command
    return {"command": program, "args": args, **EVERYTHING_MAPPED, **more}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    probe = Probe(tmp_path)
    with place({"probe": entry(probe)}, ALLOW.format(n=0)) as where, serving(where) as process:
        yield Served(where, process, probe)


def within(seconds: float, condition: Any) -> float:
    began = time.monotonic()
    wait_for(condition, seconds)
    return time.monotonic() - began


# ---- policy


def test_an_edited_file_is_in_force_within_two_seconds(served: Served) -> None:
    with an_agent(served.state) as agent:
        assert not verdict(agent.call("probe_echo"))
        served.write(DENY.format(n=1))
        within(NOTICED_SEC, lambda: verdict(agent.call("probe_echo")).get("rule_id") == "rule-1")
        assert verdict(agent.call("probe_echo"))["policy_snapshot"] == served.snapshot
        served.write(ALLOW.format(n=2), "policies/more.yaml")  # a file more; the strictest document wins
        before = served.snapshot
        within(NOTICED_SEC, lambda: served.snapshot != before)
        assert verdict(agent.call("probe_echo"))["status"] == "denied"
        (served.where.config / "policies" / "rules.yaml").unlink()
        within(NOTICED_SEC, lambda: not verdict(agent.call("probe_echo")))


def test_a_hangup_has_the_files_read_by_a_gate_that_would_not_look_by_itself(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    with place({"probe": entry(probe)}, ALLOW.format(n=0)) as where, serving(where, program=UNLOOKING) as process:
        served = Served(where, process, probe)
        before = served.snapshot
        served.write(DENY.format(n=1))
        time.sleep(2 * EVERY_SEC)
        assert served.snapshot == before, "it looked by itself: this test would prove nothing"
        served.hup()
        wait_for(lambda: served.snapshot != before)
        with an_agent(served.state) as agent:
            assert verdict(agent.call("probe_echo"))["status"] == "denied"


def test_S074_a_broken_edit_leaves_the_old_policy_in_force_and_is_an_alarm_until_it_is_mended(served: Served) -> None:
    before = served.snapshot
    with an_agent(served.state) as agent:
        served.write("version: v1\nrules:\n  - { id: a, decison: deny }\n")
        within(NOTICED_SEC, lambda: served.status()["policy"] == "stale")
        assert not verdict(agent.call("probe_echo")), "the old policy is in force"
        assert served.snapshot == before
        health = served.where.review().get("/healthz")
        assert (health["status"], health["policy"]) == ("degraded", "stale")
        told = served.where.run("status")
        assert told.returncode == 0
        assert "policies/rules.yaml:3:" in told.stdout
        assert "did you mean 'decision'?" in told.stdout
        served.hup()
        served.changes(DENY.format(n=1))
        assert served.status()["policy"] == "current"
        assert "errors" not in served.status()
        assert verdict(agent.call("probe_echo"))["status"] == "denied"
    refused = [r for r in served.where.records() if r["event"] == "policy.refused"]
    assert refused
    assert refused[0]["policy_snapshot"] == before
    assert refused[0]["data"]["errors"][0]["file"] == "policies/rules.yaml"


def test_S071_S072_files_that_others_may_write_by_now_are_not_read_again_and_mending_it_ends_the_alarm(
    served: Served,
) -> None:
    rules, above, before = served.where.config / "policies" / "rules.yaml", served.where.config.parent, served.snapshot
    for path, open_, closed in ((rules, 0o666, 0o644), (above, 0o777, 0o700)):
        path.chmod(open_)
        served.write(DENY.format(n=1), "policies/more.yaml")
        within(NOTICED_SEC, lambda: served.status()["policy"] == "stale")
        (error,) = served.status()["errors"]
        assert "others may write it" in error["message"]
        with an_agent(served.state) as agent:
            assert not verdict(agent.call("probe_echo")), "the old policy is in force"
        assert served.snapshot == before
        (served.where.config / "policies" / "more.yaml").unlink()
        path.chmod(closed)
        within(NOTICED_SEC, lambda: served.status()["policy"] == "current")
    refused = [r for r in served.where.records() if r["event"] == "policy.refused"]
    assert {error["file"] for record in refused for error in record["data"]["errors"]} == {
        "policies/rules.yaml", str(above),
    }  # fmt: skip
    assert {record["policy_snapshot"] for record in refused} == {before}


def test_S072_a_gate_directory_that_somebody_put_a_link_in_the_place_of_is_not_read(served: Served) -> None:
    other = served.where.config.with_name("other")
    shutil.copytree(served.where.config, other)
    (other / "policies" / "rules.yaml").write_text(DENY.format(n=1))
    before = served.snapshot
    served.where.config.rename(served.where.config.with_name("real"))
    served.where.config.symlink_to(other)
    within(NOTICED_SEC, lambda: served.status()["policy"] == "stale")
    with an_agent(served.state) as agent:
        assert not verdict(agent.call("probe_echo"))
    assert served.snapshot == before
    (refused,) = [r for r in served.where.records() if r["event"] == "policy.refused"]
    assert "it is a symbolic link" in refused["data"]["errors"][0]["message"]


def test_an_edit_that_is_taken_back_ends_the_alarm(served: Served) -> None:
    text = (served.where.config / "policies" / "rules.yaml").read_text()
    served.write("version: v1\nrules: [")
    served.hup()
    wait_for(lambda: served.status()["policy"] == "stale")
    served.write(text)
    served.hup()
    wait_for(lambda: served.status()["policy"] == "current")


def test_S075_the_files_are_gone_while_it_runs_the_policy_stays_and_a_restart_refuses(served: Served) -> None:
    (served.where.config / "upstreams.yaml").rename(served.where.config / "upstreams.bak")
    within(NOTICED_SEC, lambda: served.status()["policy"] == "stale")
    with an_agent(served.state) as agent:
        assert not verdict(agent.call("probe_echo"))
    assert served.where.run("stop").returncode == 0
    again = served.where.run("serve")
    assert again.returncode == 2
    assert "upstreams.yaml" in again.stderr


# ---- held calls


def test_S098_a_held_call_whose_policy_denies_now_is_told_so(served: Served) -> None:
    served.changes(HOLD.format(n=1, approvals=1))
    with an_agent(served.state) as agent:
        call = agent.begin("probe_echo", n=1)
        wait_for(served.requests)
        (before,) = served.requests()
        served.changes(DENY.format(n=2))
        told = verdict(agent.answer(call)["result"])
        assert (told["status"], told["rule_id"], told["retry"]) == ("denied", "rule-2", "never")
    assert served.requests() == []
    assert served.where.review().request(before["id"])["status"] == "superseded"
    assert served.probe.calls() == []
    gone = [r for r in served.where.records() if r.get("request_id") == before["id"]][-1]
    assert (gone["event"], gone["data"]["cause"]) == ("request.cancelled", "superseded")


@pytest.mark.parametrize(
    ("text", "needed"), [(HOLD.format(n=2, approvals=2), 2), (ALLOW.format(n=2), 1)], ids=["two", "allow"]
)
def test_S098_a_held_call_is_asked_anew_under_a_new_policy_and_never_less(
    served: Served, text: str, needed: int
) -> None:
    served.changes(HOLD.format(n=1, approvals=1))
    with an_agent(served.state) as agent:
        call = agent.begin("probe_echo", n=1)
        wait_for(served.requests)
        (before,) = served.requests()
        served.changes(text)
        wait_for(lambda: [r for r in served.requests() if r["id"] != before["id"]])
        (fresh,) = served.requests()
        assert fresh["needed"] == needed
        assert fresh["verdict"]["policy_snapshot"] == served.snapshot
        stale = served.where.run("requests", "approve", before["id"], "--digest", before["call"]["job_hash"][7:15])
        assert stale.returncode == 4
        assert served.probe.calls() == []
        if needed == 1:
            served.where.review().decide(fresh, "approve", getpass.getuser())
            assert not verdict(agent.answer(call)["result"])
            assert len(served.probe.calls()) == 1


# ---- upstreams


def test_upstreams_come_go_and_change_while_clients_are_connected(served: Served, tmp_path: Path) -> None:
    other = Probe(tmp_path, "other", tools=[tool("greet")])
    with an_agent(served.state) as agent:
        assert "probe_echo" in agent.tools()
        first = set(served.probe.pids())
        served.upstreams({"probe": entry(served.probe), "other": entry(other)})
        wait_for(lambda: "other_greet" in agent.tools())
        assert not verdict(agent.call("other_greet"))
        assert all(running(pid) for pid in first), "what did not change was restarted"
        assert set(served.probe.pids()) == first
        served.upstreams({"probe": entry(served.probe), "other": entry(other, prefix="new-")})
        wait_for(lambda: "new-greet" in agent.tools())
        assert "other_greet" not in agent.tools()
        assert not verdict(agent.call("new-greet"))
        gone = other.pids()
        served.upstreams({"probe": entry(served.probe)})
        wait_for(lambda: not [name for name in agent.tools() if "greet" in name])
        wait_for(lambda: not any(running(pid) for pid in gone))
        assert not verdict(agent.call("probe_echo"))
        listed = served.where.run("upstreams", "list", "--json").stdout.splitlines()
        assert [json.loads(line)["id"] for line in listed] == ["probe"]
    methods = [message["method"] for message in agent.heard if "method" in message]
    assert "notifications/tools/list_changed" in methods


# ---- swapped under load


def test_S083_every_decision_names_the_snapshot_it_was_made_with(served: Served) -> None:
    """Two hundred swaps under a stream of calls. The rule that decided tells which text was evaluated; the snapshot of
    each call must be the one that was recorded as loaded with that text, before the call."""
    rounds, begun, end = 200, threading.Event(), threading.Event()
    answers: list[tuple[str, str]] = []

    def calls() -> None:
        with an_agent(served.state) as agent:
            while not end.is_set():
                told = verdict(agent.call("probe_echo"))
                begun.set()
                if told:
                    answers.append((told["rule_id"], told["policy_snapshot"]))

    thread = threading.Thread(target=calls)
    thread.start()
    try:
        assert begun.wait(20)
        texts = itertools.cycle((DENY, ALLOW))
        for n in range(1, rounds + 1):
            served.write(next(texts).format(n=n))
            served.hup()
            time.sleep(0.02)
    finally:
        end.set()
        thread.join(20)
    last = ALLOW.format(n=rounds)
    assert (served.where.config / "policies" / "rules.yaml").read_text() == last
    records = served.where.records()
    loaded: set[str] = set()
    rule_of: dict[str, str] = {}
    for record in records:
        snapshot = record["policy_snapshot"]
        if record["event"] == "policy.loaded":
            loaded.add(snapshot)
        elif record["event"] == "call.decided":
            assert snapshot in loaded, record
            assert rule_of.setdefault(snapshot, record["rule_ids"][0]) == record["rule_ids"][0], "two texts, one name"
    assert len(set(rule_of.values())) == len(rule_of), "one text, two names"
    assert len(loaded) > 20
    assert len(rule_of) > 10
    assert answers
    assert all(rule_of[snapshot] == rule for rule, snapshot in answers)
    assert served.where.run("audit", "verify").returncode == 0


@pytest.mark.anyio
async def test_addresses_that_a_running_gate_does_not_take_up_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "upstreams.yaml").write_text(UPSTREAMS)
    (tmp_path / "policies" / "rules.yaml").write_text(RULES)
    async with open_gate(tmp_path) as gate:
        reloader = Reloader(gate, tmp_path)
        (tmp_path / "gate.yaml").write_text('version: v1\nlisten: { mcp: "127.0.0.1:0" }\n')
        await reloader.reload()
        assert "what changed in listen.mcp counts from the next start" in caplog.text
        await gate.upstreams.stop()


@pytest.mark.anyio
async def test_held_calls_that_cannot_be_decided_anew_at_once_are_so_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "upstreams.yaml").write_text(UPSTREAMS)
    (tmp_path / "policies" / "rules.yaml").write_text(RULES + "# changed\n")
    async with open_gate(tmp_path) as gate:
        call = asyncio.create_task(perform(gate, job("refund", {"amount": 1}), Upstream()))
        (before,) = await pending(gate)
        reloader = Reloader(gate, tmp_path, every=0.01)

        async def full(*_: object) -> None:
            raise Unavailable("the disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(gate.store.requests, "close", full)
            await reloader.reload()
        assert gate.loaded.snapshot.id != before.policy_snapshot
        assert [request.id for request in await pending(gate)] == [before.id]
        watching = asyncio.create_task(reloader.watch_forever())
        async with asyncio.timeout(30):
            while (fresh := (await pending(gate))[0]).id == before.id:
                await asyncio.sleep(0.005)
        assert fresh.policy_snapshot == gate.loaded.snapshot.id
        for task in (watching, call):
            task.cancel()
        await asyncio.gather(watching, call, return_exceptions=True)
        await gate.upstreams.stop()
