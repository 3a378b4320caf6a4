"""A gate as a process: how it starts, how it listens, how it ends. Everything real."""

from __future__ import annotations

import getpass
import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.lines import an_agent, verdict
from support.running import ALLOW_ALL, EVERYTHING_MAPPED, Place, place, serving, wait_for
from support.upstreams import Probe, running, tool

HELD = """\
version: v1
rules:
  - { id: people, match: { tools: ["refund_order"] }, decision: require_approval, reason: "A person decides" }
  - { id: rest, match: { topics: ["*"] }, decision: allow }
"""


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    return Probe(tmp_path)


@pytest.fixture
def gate(probe: Probe) -> Iterator[Place]:
    with place({"probe": entry(probe)}, HELD) as found:
        yield found


def entry(probe: Probe, **more: Any) -> dict[str, Any]:
    program, *args = probe.command
    return {"command": program, "args": args, **EVERYTHING_MAPPED, **more}


def files_of(pid: int) -> set[str]:
    """What a process holds open."""
    return {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}


def health(where: Place) -> dict[str, Any]:
    return where.review().get("/healthz")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---- starting


def test_what_the_gate_was_given_to_hold_does_not_reach_an_upstream(gate: Place, probe: Probe) -> None:
    read, write = os.pipe()
    try:
        pipe = str(Path(f"/proc/self/fd/{write}").readlink())
        with serving(gate, pass_fds=[write]) as process, an_agent(gate.state) as agent:
            agent.call("probe_echo")
            assert pipe in files_of(process.pid), "the gate was not given it: this test would prove nothing"
            pids = [pid for pid in probe.pids() if running(pid)]
            assert pids
            assert not any(pipe in files_of(pid) for pid in pids)
    finally:
        os.close(read)
        os.close(write)


def test_what_a_gate_leaves_in_its_state_directory_is_for_its_user_alone(gate: Place) -> None:
    with serving(gate), an_agent(gate.state) as agent:
        agent.call("probe_echo")
        assert mode(gate.state) == 0o700
        found = {path.name: mode(path) for path in gate.state.iterdir()}
        assert {"agent.sock", "review.sock", "gate.db"} <= set(found)
        assert set(found.values()) == {0o600}, found


def test_a_state_directory_that_others_may_read_is_closed(gate: Place) -> None:
    gate.state.mkdir(mode=0o755)
    gate.state.chmod(0o755)
    with serving(gate):
        assert mode(gate.state) == 0o700


def test_a_second_gate_on_the_same_state_ends_with_3_and_a_sentence_and_the_first_goes_on(gate: Place) -> None:
    with serving(gate), an_agent(gate.state) as agent:
        second = gate.run("serve")
        assert second.returncode == 3
        assert "another" in second.stderr
        assert "Traceback" not in second.stderr
        assert "isError" not in agent.call("probe_echo")
        with an_agent(gate.state) as another:
            assert "probe_echo" in another.tools()


def test_a_name_collision_at_start_exits_2_and_names_both_upstream_and_tool(tmp_path: Path) -> None:
    one, other = Probe(tmp_path, "one"), Probe(tmp_path, "other")
    with place({"one": entry(one, prefix=""), "other": entry(other, prefix="")}) as where:
        done = where.run("serve")
        assert done.returncode == 2
        told = r"^upstreams.yaml:1:(?!1:)\d+: the listed name 'echo' of upstream 'o\w+' collides with another tool's; "
        assert re.search(told, done.stderr, re.MULTILINE)
        assert "Traceback" not in done.stderr
        assert not (where.state / "agent.sock").exists()


def test_a_tool_name_that_no_client_can_be_shown_exits_2(tmp_path: Path) -> None:
    probe = Probe(tmp_path, tools=[tool("what is this")])
    with place({"probe": entry(probe)}) as where:
        done = where.run("serve")
        assert done.returncode == 2
        assert "is not [A-Za-z0-9._-]{1,128}" in done.stderr


def test_an_upstream_that_does_not_start_leaves_the_gate_serving_and_degraded(probe: Probe, tmp_path: Path) -> None:
    broken = Probe(tmp_path, "broken", start="exit")
    with place({"probe": entry(probe), "broken": entry(broken)}) as where, serving(where):
        wait_for(lambda: health(where)["upstreams"]["probe"] == "up")
        with an_agent(where.state) as agent:
            wait_for(lambda: "probe_echo" in agent.tools())
            assert "isError" not in agent.call("probe_echo")
            assert not [name for name in agent.tools() if name.startswith("broken_")]
        assert health(where)["status"] == "degraded"
        listed = where.run("upstreams", "list")
        assert listed.returncode == 0
        row = next(line for line in listed.stdout.splitlines() if line.startswith("broken"))
        assert "up" not in row.split()[1]
        broken.change(start="ok")  # it comes back by itself
        wait_for(lambda: health(where)["status"] == "ok")


def test_a_program_that_is_not_there_is_shown_with_the_reason(probe: Probe) -> None:
    absent = {"command": "/no/such/program", **EVERYTHING_MAPPED}
    with place({"probe": entry(probe), "absent": absent}) as where, serving(where):
        wait_for(lambda: "No such file" in where.run("upstreams", "list").stdout)
        assert health(where)["status"] == "degraded"


# ---- ending (S237)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_S237_a_signal_ends_the_gate_in_order_calls_in_flight_finish_and_held_ones_survive(
    gate: Place, probe: Probe, number: signal.Signals, code: int
) -> None:
    probe.change(delay=1.0)
    with serving(gate) as process, an_agent(gate.state) as agent, an_agent(gate.state, "other") as other:
        held = other.begin("probe_refund_order", amount=1)
        wait_for(lambda: list(gate.review().requests()))
        in_flight = agent.begin("probe_echo", n=1)
        wait_for(probe.calls)
        process.send_signal(number)
        assert "isError" not in agent.answer(in_flight)["result"]
        told = verdict(other.answer(held)["result"])
        assert (told["status"], told["retry"]) == ("pending", "same_call")
        assert process.wait(10) == code
        assert not list(gate.state.glob("*.sock"))
    executed = [r for r in gate.records() if r["event"] in ("call.executed", "call.unknown", "call.failed")]
    assert [(r["event"], r["tool"]) for r in executed] == [("call.executed", "echo")]
    assert gate.run("audit", "verify").returncode == 0
    assert not any(running(pid) for pid in probe.pids()), "an upstream outlived its gate"
    with serving(gate):
        (request,) = gate.review().requests()
        assert request["call"]["arguments"] == {"amount": 1}
        gate.review().decide(request, "approve", getpass.getuser())
        probe.change(delay=0)
        with an_agent(gate.state, "other") as other:
            assert not verdict(other.call("probe_refund_order", amount=1))
    assert len([c for c in probe.calls() if c["name"] == "refund_order"]) == 1


def test_S237_an_upstream_that_never_answers_does_not_keep_the_gate_from_ending(gate: Place, probe: Probe) -> None:
    probe.change(call="hang", stubborn=True)
    with serving(gate) as process, an_agent(gate.state) as agent:
        agent.begin("probe_echo")
        wait_for(probe.calls)
        process.terminate()
        assert process.wait(10) == 0
    assert not any(running(pid) for pid in probe.pids())
    last = [r["event"] for r in gate.records() if r.get("tool") == "echo"][-1]
    assert last in ("call.unknown", "call.failed")


def test_S237_a_closed_terminal_is_no_end_and_a_hangup_reads_the_files_again(gate: Place) -> None:
    with serving(gate) as process:
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGPIPE)
        with an_agent(gate.state) as agent:
            assert "isError" not in agent.call("probe_echo")
        assert process.poll() is None


def test_a_signal_during_the_start_ends_the_gate(probe: Probe) -> None:
    probe.change(start="silent")
    with place({"probe": entry(probe)}) as where, serving(where) as process:
        process.terminate()
        assert process.wait(10) in (0, -signal.SIGTERM)
    assert not any(running(pid) for pid in probe.pids())


def test_stop_ends_the_gate_and_returns_when_it_has_ended(gate: Place) -> None:
    with serving(gate) as process:
        done = gate.run("stop")
        assert (done.returncode, done.stdout) == (0, "The gate has ended.\n")
        assert process.wait(2) == 0
    assert gate.run("stop").returncode == 3
    assert gate.run("stop", "--json").returncode == 3


# ---- a gate that a client started


def connecting(where: Place, **more: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        where.connect(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more
    )


def serve_pids(where: Place) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"serve" in words and str(where.state).encode() in words:
                found.append(int(folder.name))
    return found


def close(process: subprocess.Popen[bytes]) -> bytes:
    _, err = process.communicate(timeout=15)
    return err


HELLO = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
    b'"clientInfo":{"name":"t","version":"1"}}}\n'
)


def test_a_gate_started_by_a_client_ends_by_itself_when_nobody_is_there(probe: Probe) -> None:
    with place({"probe": entry(probe)}, ALLOW_ALL, "limits: { idle_exit_sec: 1 }\n") as where:
        client = connecting(where)
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(HELLO)
        client.stdin.flush()
        assert b'"result"' in client.stdout.readline()
        (pid,) = serve_pids(where)
        time.sleep(2.5)
        assert running(pid), "it ended under its client"
        close(client)
        wait_for(lambda: not running(pid))
        assert not (where.state / "agent.sock").exists()
        assert where.run("audit", "verify").returncode == 0


def test_a_gate_with_a_held_call_does_not_end_for_want_of_clients(probe: Probe) -> None:
    with place({"probe": entry(probe)}, HELD, "limits: { idle_exit_sec: 1 }\n") as where:
        client = connecting(where)
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(HELLO)
        client.stdin.flush()
        client.stdout.readline()
        with an_agent(where.state) as agent:
            agent.begin("probe_refund_order")
            wait_for(lambda: list(where.review().requests()))
        (pid,) = serve_pids(where)
        close(client)
        time.sleep(3)
        assert running(pid)
        for request in where.review().requests():
            where.review().decide(request, "deny", getpass.getuser(), "no")
        wait_for(lambda: not running(pid))


def test_clients_that_start_at_once_end_up_with_one_gate(gate: Place) -> None:
    clients = [connecting(gate) for _ in range(4)]
    for client in clients:
        assert client.stdin is not None
        client.stdin.write(HELLO)
        client.stdin.flush()
    for client in clients:
        assert client.stdout is not None
        assert b'"result"' in client.stdout.readline()
    assert len(serve_pids(gate)) == 1
    for client in clients:
        assert close(client) == b""


def test_a_client_of_a_broken_configuration_is_told_every_error_and_ends_with_2(gate: Place) -> None:
    (gate.config / "policies" / "rules.yaml").write_text("version: v1\nrules:\n  - { id: a, decison: allow }\n")
    (gate.config / "upstreams.yaml").write_text("version: v2\n")
    client = connecting(gate)
    assert client.stdout is not None
    err = close(client).decode()
    assert client.returncode == 2
    assert "policies/rules.yaml:3:" in err
    assert "did you mean 'decision'?" in err
    assert "upstreams.yaml:1:" in err
    assert "Traceback" not in err
    assert not serve_pids(gate)


def test_a_gate_started_by_a_client_outlives_the_end_of_that_client(gate: Place) -> None:
    first = connecting(gate, start_new_session=True)
    assert first.stdin is not None
    assert first.stdout is not None
    first.stdin.write(HELLO)
    first.stdin.flush()
    first.stdout.readline()
    os.killpg(first.pid, signal.SIGKILL)
    close(first)
    with an_agent(gate.state) as agent:
        assert "isError" not in agent.call("probe_echo")
