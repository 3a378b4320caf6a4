"""`mcp-gate connect` as a process: it joins or starts the gate, moves bytes, and tells why it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.faces.mcp import connect
from support.agents import entry
from support.running import Place, place, serving, wait_for
from support.upstreams import Probe

INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "pipes", "version": "1"}}


class Pipes:
    """A client that starts `connect` and speaks lines on its pipes."""

    def __init__(self, where: Place, *more: str, **env: str) -> None:
        self.process = subprocess.Popen(
            where.connect(*more), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **env},
        )  # fmt: skip
        self._id = 0

    def __enter__(self) -> Pipes:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def send(self, method: str, params: Any = None) -> int:
        self._id += 1
        message = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params or {}}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
        return self._id

    def ask(self, method: str, params: Any = None) -> dict[str, Any]:
        id = self.send(method, params)
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            message: dict[str, Any] = json.loads(line)
            if message.get("id") == id:
                return message
        raise AssertionError(self.process.communicate()[1].decode())

    def end(self) -> tuple[int, str]:
        """Close the client's side; exit code and standard error."""
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err.decode()


def gates(where: Place) -> list[int]:
    """Processes that serve a state directory."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if b"\0serve\0" in line and str(where.state).encode() in line:
                found.append(int(folder.name))
    return found


def test_it_joins_a_running_gate_and_ends_with_its_client(tmp_path: Path) -> None:
    with place({"shop": entry(Probe(tmp_path))}) as where, serving(where), Pipes(where) as client:
        assert "result" in client.ask("initialize", INITIALIZE)
        answer = client.ask("tools/call", {"name": "shop_echo", "arguments": {"text": "x" * 200_000}})
        assert len(answer["result"]["structuredContent"]["arguments"]["text"]) == 200_000
        assert client.end() == (0, "")


def test_what_is_under_way_at_the_end_of_input_is_still_answered(tmp_path: Path) -> None:
    with place({"shop": entry(Probe(tmp_path, delay=0.3))}) as where, serving(where):
        lines = [
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE},
            {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "shop_echo"}},
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        done = subprocess.run(where.connect(), input=text, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0
        assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 2]


def test_clients_that_start_at_once_share_the_one_gate_they_start(tmp_path: Path) -> None:
    with place({"shop": entry(Probe(tmp_path))}) as where:
        clients = [Pipes(where) for _ in range(4)]
        try:
            for client in clients:
                assert "result" in client.ask("initialize", INITIALIZE)
            assert len(gates(where)) == 1
            assert (where.state / "serve.log").stat().st_mode & 0o777 == 0o600
        finally:
            for client in clients:
                client.__exit__()
        [gate] = gates(where)
        os.kill(gate, 0)  # it outlives its clients


def test_a_gate_that_cannot_start_says_why_with_its_own_exit_code(tmp_path: Path) -> None:
    with place({"shop": entry(Probe(tmp_path))}, rules="version: v1\nrulez: []\n") as where, Pipes(where) as client:
        code, err = client.end()
        assert code == 2
        assert "rulez" in err
        assert "policies/rules.yaml:2:1" in err


def test_a_gate_that_dies_is_told_and_exits_with_3(tmp_path: Path) -> None:
    with place({"shop": entry(Probe(tmp_path))}) as where, serving(where) as gate, Pipes(where) as client:
        assert "result" in client.ask("initialize", INITIALIZE)
        gate.send_signal(signal.SIGKILL)
        assert client.process.wait(5) == 3
        assert client.process.stderr is not None
        assert b"the gate ended" in client.process.stderr.read()
        gate.wait()


def test_a_client_that_dies_takes_connect_with_it(tmp_path: Path) -> None:
    with place({"shop": entry(Probe(tmp_path))}) as where, serving(where), Pipes(where) as client:
        client.ask("initialize", INITIALIZE)
        assert client.process.stdout is not None
        client.process.stdout.close()
        wait_for(lambda: client.process.poll() is not None, 2)


def test_an_agent_that_is_not_admitted_is_told_so(tmp_path: Path) -> None:
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # of "test"
    settings = f"agents:\n  known: {{ token_sha256: {digest} }}\n"
    with place({"shop": entry(Probe(tmp_path))}, settings=settings) as where, serving(where):
        for agent, env, why in (
            ("stranger", {}, "not listed in gate.yaml"),
            ("known", {}, "must show its token (MCP_GATE_TOKEN)"),
            ("known", {"MCP_GATE_TOKEN": "wrong"}, "the token (MCP_GATE_TOKEN) is not that of agent 'known'"),
        ):
            with Pipes(where, "--agent", agent, **env) as client:
                code, err = client.end()
                assert code == 4
                assert why in err
        with Pipes(where, "--agent", "known", MCP_GATE_TOKEN="test") as client:
            assert "result" in client.ask("initialize", INITIALIZE)


def test_S011_a_client_that_never_ends_its_line_fills_nobody(tmp_path: Path) -> None:
    with place({"shop": entry(Probe(tmp_path))}) as where, serving(where) as gate, Pipes(where) as client:
        client.ask("initialize", INITIALIZE)
        before = resident(gate.pid)
        assert client.process.stdin is not None
        began = time.monotonic()
        for _ in range(100):
            client.process.stdin.write(b"x" * (1 << 20))
        client.process.stdin.write(b"\n")
        assert "result" in client.ask("ping")
        assert time.monotonic() - began < 10
        assert resident(gate.pid) - before < 64 << 20
        assert resident(client.process.pid) < 64 << 20


def resident(pid: int) -> int:
    """Bytes in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_the_pump_is_light(tmp_path: Path) -> None:
    code = (
        "import sys, time; t = time.process_time(); import mcp_gate.faces.mcp.connect;"
        "print(time.process_time() - t); print(*sys.modules)"
    )
    best = 1.0
    for _ in range(3):
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        seconds, modules = out.splitlines()
        best = min(best, float(seconds))
    assert not {"asyncio", "mcp", "pydantic", "subprocess", "mcp_gate.policy"} & set(modules.split())
    assert best < 0.04


def test_what_a_client_pays_for_has_no_part_that_it_does_not_use(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['mcp-gate', 'connect', '--config', sys.argv[1], '--state', sys.argv[1]]\n"
        "from mcp_gate.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "none")], capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "mcp_gate.faces.mcp.connect" in loaded
    assert not loaded & {"_hashlib", "_ssl", "asyncio", "yaml", "orjson"}


@pytest.mark.parametrize("size", [1, 5_000_000])
def test_a_slow_reader_gets_every_byte(tmp_path: Path, size: int) -> None:
    result = {"content": [{"type": "text", "text": "y" * size}]}
    with place({"shop": entry(Probe(tmp_path, result=result))}) as where, serving(where), Pipes(where) as client:
        client.ask("initialize", INITIALIZE)
        client.send("tools/call", {"name": "shop_echo"})
        time.sleep(0.3)
        assert client.process.stdout is not None
        assert json.loads(client.process.stdout.readline())["result"] == result


def test_nothing_stands_between_client_and_gate_once_it_has_joined(tmp_path: Path) -> None:
    with place({"shop": entry(Probe(tmp_path))}) as where, serving(where), Pipes(where) as client:
        client.ask("initialize", INITIALIZE)
        client.process.send_signal(signal.SIGSTOP)
        assert "result" in client.ask("tools/call", {"name": "shop_echo", "arguments": {"text": "x" * 200_000}})
        client.process.send_signal(signal.SIGCONT)
        assert client.end() == (0, "")


def test_what_is_left_of_connect_is_small_and_ends_by_ctrl_c_too(tmp_path: Path) -> None:
    with place({"shop": entry(Probe(tmp_path))}) as where, serving(where), Pipes(where) as client:
        client.ask("initialize", INITIALIZE)
        process = client.process
        wait_for(lambda: b"watch.py" in Path(f"/proc/{process.pid}/cmdline").read_bytes(), 5)
        wait_for(lambda: "poll" in Path(f"/proc/{process.pid}/wchan").read_text(), 5)
        assert resident(process.pid) < 12 << 20
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        assert (process.returncode, err) == (130, b"")


def test_a_connect_that_is_killed_ends_its_conversation(tmp_path: Path) -> None:
    with place({"shop": entry(Probe(tmp_path))}) as where, serving(where), Pipes(where) as client:
        client.ask("initialize", INITIALIZE)
        client.process.kill()
        assert client.process.stdout is not None
        assert client.process.stdout.read() == b""


def test_no_child_of_the_gate_inherits_the_streams_of_a_client(tmp_path: Path) -> None:
    """Else the client would wait for the end of an answer that somebody holds open who never heard of it."""
    with place({"shop": entry(Probe(tmp_path))}) as where, serving(where) as gate, Pipes(where) as client:
        client.ask("initialize", INITIALIZE)
        client.ask("tools/call", {"name": "shop_echo", "arguments": {"text": "x" * 200_000}})
        mine = {Path(f"/proc/{client.process.pid}/fd/{fd}").readlink() for fd in (0, 1)}
        assert mine <= held_by(gate.pid)
        children = Path(f"/proc/{gate.pid}/task/{gate.pid}/children").read_text().split()
        assert children
        assert not mine & set().union(*(held_by(int(child)) for child in children))


def held_by(pid: int) -> set[Path]:
    """What its descriptors lead to."""
    return {descriptor.readlink() for descriptor in Path(f"/proc/{pid}/fd").iterdir()}


def test_a_client_that_ended_before_anybody_could_watch_it_is_no_gate_that_ended() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b'{"streams":true}\n{"ended":true}\n')
        assert connect._serve(ours, None, [])


@pytest.mark.parametrize("through", ["sockets", "one socket", "a file and a pipe", "a pipe and a file"])
def test_streams_of_every_kind_do(tmp_path: Path, through: str) -> None:
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "shop_echo"}},
    ]
    said = "".join(json.dumps(line) + "\n" for line in lines).encode()
    (tmp_path / "said").write_bytes(said)
    with place({"shop": entry(Probe(tmp_path))}) as where, serving(where), ExitStack() as stack:
        out = b""
        match through:
            case "sockets":  # as Node's child processes have them
                (ours, theirs), (we, they) = socket.socketpair(), socket.socketpair()
                for end in (ours, theirs, we, they):
                    stack.enter_context(end)
                process = subprocess.Popen(where.connect(), stdin=theirs, stdout=they)
                theirs.close()
                they.close()
                ours.sendall(said)
                ours.shutdown(socket.SHUT_WR)
                while data := we.recv(65_536):
                    out += data
            case "one socket":  # both ways, as socat has it
                ours, theirs = socket.socketpair()
                stack.enter_context(ours)
                process = subprocess.Popen(where.connect(), stdin=theirs, stdout=theirs)
                theirs.close()
                for line in said.splitlines(keepends=True):
                    ours.sendall(line)
                    out += ours.recv(65_536)
                ours.shutdown(socket.SHUT_WR)
                while data := ours.recv(65_536):
                    out += data
            case "a file and a pipe":
                stdin = stack.enter_context((tmp_path / "said").open("rb"))
                process = subprocess.Popen(where.connect(), stdin=stdin, stdout=subprocess.PIPE)
                out = process.communicate(timeout=20)[0]
            case _:
                sink = stack.enter_context((tmp_path / "heard").open("wb"))
                process = subprocess.Popen(where.connect(), stdin=subprocess.PIPE, stdout=sink)
                process.communicate(said, timeout=20)
                out = (tmp_path / "heard").read_bytes()
        assert process.wait(20) == 0
        assert [json.loads(line)["id"] for line in out.splitlines()] == [1, 2]
        assert all("result" in json.loads(line) for line in out.splitlines())
