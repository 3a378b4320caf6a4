"""Supervision, with real children."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.upstream.link import ClientHello
from mcp_gate.upstream.manager import Upstreams
from mcp_gate.upstream.supervised import State
from mcp_gate.wire.peer import Lost
from support.upstreams import Ears, Probe, running, until

pytestmark = pytest.mark.anyio

CLIENT = ClientHello("2025-06-18", {}, {"name": "c", "version": "0"})


@asynccontextmanager
async def upstreams(*specs: UpstreamSpec, limits: Limits | None = None, **more: Any) -> AsyncIterator[Upstreams]:
    """Running upstreams that are tried again quickly."""
    found = Upstreams(limits or Limits(), jitter=lambda: 0.5, pauses=more.pop("pauses", (0.02, 0.1)), **more)
    await found.start({spec.id: spec for spec in specs}, {})
    try:
        yield found
    finally:
        await found.stop()


async def echo(found: Upstreams, upstream: str, **arguments: Any) -> Any:
    link = await found.shared(upstream)
    return await link.request("tools/call", {"name": "echo", "arguments": arguments}).result()


async def test_a_shared_connection_is_one_for_all(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with upstreams(probe.spec()) as found:
        links = await asyncio.gather(*(found.shared("probe") for _ in range(5)))
        assert len(set(map(id, links))) == 1
        (health,) = found.health()
        assert (health.state, health.version, health.error, health.restarts) == (State.UP, "2025-11-25", "", 0)
    assert not running(probe.pids()[0])


async def test_a_client_has_its_own_connection_and_its_own_process(tmp_path: Path) -> None:
    probe, ears = Probe(tmp_path), Ears()
    async with upstreams(probe.spec()) as found:
        await found.shared("probe")
        own = await found.open("probe", CLIENT, ears)
        assert own.version == "2025-06-18"
        assert len(set(probe.pids())) == 2
        await own.close()
        assert ears.ends == ["probe"]
        assert (await found.shared("probe")).alive


@pytest.mark.parametrize(("written", "starts"), [(None, ""), ("inner", "inner"), ("..", "..")])
async def test_S188_a_process_starts_in_the_gate_directory_wherever_the_gate_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str | None, starts: str
) -> None:
    gate, agents = tmp_path / "gate", tmp_path / "agents"
    (gate / "inner").mkdir(parents=True)
    agents.mkdir()
    probe = Probe(tmp_path)
    program = gate / starts / "serve"
    program.write_text(f"#!/bin/sh\nexec {' '.join(probe.command)}\n")
    program.chmod(0o700)
    spec = UpstreamSpec("here", "here_", command="./serve", cwd=written)
    monkeypatch.chdir(agents)
    async with upstreams(spec, directory=gate) as found:
        await found.shared("here")
        await (await found.open("here", CLIENT, Ears())).close()
        await found.apply({"here": spec}, {})  # nothing changed: it is kept
        await found.shared("here")
        first, _ = probe.pids()
        assert Path(f"/proc/{first}/cwd").readlink() == program.parent.resolve()


async def test_S173_a_crashed_upstream_comes_back_and_the_call_is_not_repeated(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call="exit")
    async with upstreams(probe.spec()) as found:
        with pytest.raises(Lost) as caught:
            await echo(found, "probe", n=1)
        assert caught.value.sent
        probe.change(call="answer")
        await until(lambda: found.health()[0].state is State.UP and found.health()[0].restarts > 0)
        assert (await echo(found, "probe", n=2))["structuredContent"]["arguments"] == {"n": 2}
    assert [entry["arguments"] for entry in probe.calls()] == [{"n": 1}, {"n": 2}]


async def test_a_call_while_an_upstream_is_away_fails_at_once_and_unsent(tmp_path: Path) -> None:
    async with upstreams(Probe(tmp_path, start="exit").spec(), pauses=(60.0, 60.0)) as found:
        with pytest.raises(Lost) as caught:
            await found.shared("probe")
        assert not caught.value.sent
        assert caught.value.reason == "upstream 'probe' is not up: the upstream ended"
        (health,) = found.health()
        assert health.state is State.DOWN
        assert health.error == "it ended: exit 3: ⟨U+001B⟩[31mcannot open the database⟨U+001B⟩[0m"
        with pytest.raises(Lost):
            await found.shared("probe")


async def test_pauses_double_to_the_longest_and_jitter_stays_within_a_quarter() -> None:
    lowest, highest = Upstreams(Limits(), jitter=lambda: 0.0), Upstreams(Limits(), jitter=lambda: 1.0)
    assert [lowest.pause(n, misbehaved=False) for n in (1, 2, 3)] == [0.375, 0.75, 1.5]
    assert [highest.pause(n, misbehaved=False) for n in (1, 2, 7, 1000)] == [0.625, 1.25, 37.5, 37.5]
    assert highest.pause(1, misbehaved=True) == 37.5


async def test_one_bad_upstream_delays_no_other(tmp_path: Path) -> None:
    bad = [
        Probe(tmp_path, "exit", start="exit").spec("exit"),
        Probe(tmp_path, "silent", start="silent").spec("silent"),
        Probe(tmp_path, "garbage", start="garbage").spec("garbage"),
        UpstreamSpec("absent", "absent_", command="no-such-command"),
        UpstreamSpec("unset", "unset_", command="cat", env={"A": "${env:SURELY_NOT_SET}"}),
    ]
    async with upstreams(*bad, Probe(tmp_path, "well").spec("well")) as found:
        async with asyncio.timeout(5):
            assert (await echo(found, "well", n=1))["structuredContent"]["arguments"] == {"n": 1}
        await until(lambda: [h.state for h in found.health()] == [
            State.DOWN, State.STARTING, State.SUSPENDED, State.DOWN, State.DOWN, State.UP
        ])  # fmt: skip


async def test_S178_an_upstream_of_garbage_is_suspended_with_the_reason(tmp_path: Path) -> None:
    probe = Probe(tmp_path, start="garbage")
    async with upstreams(probe.spec(), pauses=(0.02, 60.0)) as found:
        await until(lambda: found.health()[0].state is State.SUSPENDED)
        assert found.health()[0].error == "the upstream sends lines that are not JSON-RPC"
        assert len(probe.pids()) == 1


async def test_S176_an_upstream_that_was_cut_off_is_suspended_with_the_reason(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call="long_line", bytes=4 << 20)
    async with upstreams(probe.spec(), limits=Limits(upstream_bytes=1 << 20), pauses=(0.02, 60.0)) as found:
        with pytest.raises(Lost):
            await echo(found, "probe")
        await until(lambda: found.health()[0].error == "the upstream sent a line that is longer than allowed")
        assert found.health()[0].state is State.SUSPENDED


async def test_a_health_tells_since_when(tmp_path: Path) -> None:
    now = [1000.0]
    async with upstreams(Probe(tmp_path, call="exit").spec(), wall=lambda: now[0], pauses=(60.0, 60.0)) as found:
        await found.shared("probe")
        now[0] = 2000.0
        assert found.health()[0].since == 1000.0
        with pytest.raises(Lost):
            await echo(found, "probe")
        await until(lambda: found.health()[0].state is State.DOWN)
        assert found.health()[0].since == 2000.0


async def test_what_was_refused_is_shown_until_it_is_taken_back(tmp_path: Path) -> None:
    async with upstreams(Probe(tmp_path).spec()) as found:
        await found.shared("probe")
        found.blame("probe", "it lists too much")
        assert (found.health()[0].state, found.health()[0].error) == (State.SUSPENDED, "it lists too much")
        found.blame("probe", "")
        assert (found.health()[0].state, found.health()[0].error) == (State.UP, "")


async def test_tools_are_looked_at_when_an_upstream_comes_up_and_when_it_says_they_changed(tmp_path: Path) -> None:
    probe, looks = Probe(tmp_path), []
    async with upstreams() as found:
        found.on_tools = looks.append
        await found.start({"probe": probe.spec()}, {})
        await found.shared("probe")
        assert looks == ["probe"]
        probe.change(tools=[])
        await until(lambda: looks == ["probe"] * 2)
        ears = Ears()
        own = await found.open("probe", CLIENT, ears)
        probe.change(tools=[{"name": "a"}])
        await until(lambda: looks == ["probe"] * 4)
        assert ears.heard == [("probe", "notifications/tools/list_changed", None)]
        await own.close()


async def test_S185_questions_on_a_shared_connection_are_declined(tmp_path: Path) -> None:
    async with upstreams(Probe(tmp_path, call="ask").spec()) as found:
        answers = (await echo(found, "probe"))["structuredContent"]["answers"]
    assert [answer["error"]["code"] for answer in answers] == [-32601] * 3


async def test_a_reload_keeps_what_is_the_same_and_ends_what_is_gone_or_changed(tmp_path: Path) -> None:
    same, other, gone = Probe(tmp_path, "same"), Probe(tmp_path, "other"), Probe(tmp_path, "gone")
    new = Probe(tmp_path, "new")
    async with upstreams(same.spec("same"), other.spec("other"), gone.spec("gone")) as found:
        for id_ in ("same", "other", "gone"):
            await found.shared(id_)
        own = await found.open("other", CLIENT, Ears())
        changed = replace(other.spec("other"), env={"A": "1"})
        applying = asyncio.ensure_future(
            found.apply({"same": same.spec("same"), "other": changed, "new": new.spec("new")}, {})
        )
        while not applying.done():
            found.health()
            await asyncio.sleep(0)
        assert [health.upstream for health in found.health()] == ["same", "other", "new"]
        for id_ in ("same", "other", "new"):
            await found.shared(id_)
        with pytest.raises(Lost):
            await found.shared("gone")
        assert not own.alive
    assert len(same.pids()) == 1
    assert other.entries("start")[-1]["env"]["A"] == "1"


async def test_S187_the_old_process_is_gone_before_the_new_one_serves(tmp_path: Path) -> None:
    probe = Probe(tmp_path, stubborn=True, grandchild=True)
    async with upstreams(probe.spec()) as found:
        await found.shared("probe")
        (first,) = probe.entries("start")
        await found.apply({"probe": replace(probe.spec(), env={"A": "1"})}, {})
        assert not running(first["pid"])
        await until(lambda: not running(first["grandchild"]))
        await found.shared("probe")
    assert len(probe.pids()) == 2


async def test_who_waits_for_an_upstream_when_the_gate_ends_is_told(tmp_path: Path) -> None:
    async with upstreams(Probe(tmp_path, start="silent").spec()) as found:
        waiting = asyncio.ensure_future(found.shared("probe"))
        await asyncio.sleep(0)
    with pytest.raises(Lost):
        await waiting


async def test_nothing_is_opened_once_the_gate_ends(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with upstreams(probe.spec()) as found:
        await found.shared("probe")
        opening = asyncio.ensure_future(found.open("probe", CLIENT, Ears()))
        await asyncio.sleep(0)
    with pytest.raises(Lost):
        await opening
    assert len(probe.pids()) == 2
    assert not any(running(pid) for pid in probe.pids())


HOLDER = """
import asyncio, sys
from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.upstream.manager import Upstreams

async def main():
    upstreams = Upstreams(Limits())
    program, *args = sys.argv[1:]
    await upstreams.start({"probe": UpstreamSpec("probe", "probe_", command=program, args=tuple(args))}, {})
    await upstreams.shared("probe")
    print("up", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_S159_a_child_is_gone_when_the_gate_was_killed(tmp_path: Path) -> None:
    probe = Probe(tmp_path, stubborn=True)
    command = [sys.executable, "-c", HOLDER, *probe.command]
    gate = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert gate.stdout is not None
    assert await gate.stdout.readline() == b"up\n"
    (child,) = probe.pids()
    assert running(child)
    gate.kill()
    await gate.wait()
    await until(lambda: not running(child), 5)
