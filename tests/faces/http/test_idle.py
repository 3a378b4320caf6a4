"""Thousands of connections that ask nothing, at every door of a serving gate."""

from __future__ import annotations

import hashlib
import json
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest

from support.lines import an_agent, verdict
from support.running import ALLOW_ALL, EVERYTHING_MAPPED, place, serving, wait_for
from support.upstreams import Probe

MANY = 5000
MOST_FILES = 2000
"""What a gate may have open under it: 1,000 and 200 connections of its HTTP doors, and its own."""
MOST_MB = 64
SETTINGS = f"""\
listen: {{ mcp: "127.0.0.1:0", review: "127.0.0.1:0" }}
agents: {{ default: {{}}, bot: {{ token_sha256: "{hashlib.sha256(b"secret").hexdigest()}" }} }}
"""


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 3 * MANY), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.slow
@pytest.mark.usefixtures("many_files")
def test_S242_five_thousand_idle_connections_at_each_door_keep_nobody_from_being_served(tmp_path: Path) -> None:
    program, *args = Probe(tmp_path).command
    entry = {"command": program, "args": args, **EVERYTHING_MAPPED}
    with place({"probe": entry}, ALLOW_ALL, SETTINGS) as where, serving(where) as process, ExitStack() as stack:
        wait_for(lambda: set(listening(where.review().get("/v1/status"))) == {"mcp", "review"})
        doors = listening(where.review().get("/v1/status"))
        agent = stack.enter_context(an_agent(where.state))
        before = resident(process.pid)
        for door in doors.values():
            for _ in range(MANY):
                connection = stack.enter_context(socket.socket())
                connection.settimeout(20)
                connection.connect(door)
        assert not verdict(agent.call("probe_echo"))
        assert posted(doors["mcp"], "secret") == 200
        assert posted(doors["mcp"], "wrong") == 401
        assert where.review().get("/healthz")["status"] == "ok"
        assert asked(doors["review"]) == 401
        assert len(list(Path(f"/proc/{process.pid}/fd").iterdir())) < MOST_FILES
        assert resident(process.pid) - before < MOST_MB << 20


def listening(status: dict[str, dict[str, str]]) -> dict[str, tuple[str, int]]:
    found = {}
    for name, text in status["listen"].items():
        host, _, port = text.rpartition(":")
        found[name] = (host, int(port))
    return found


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def posted(door: tuple[str, int], token: str) -> int:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})
    headers = {
        "Authorization": f"Bearer {token}", "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }  # fmt: skip
    connection = HTTPConnection(*door, timeout=20)
    connection.request("POST", "/mcp", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def asked(door: tuple[str, int]) -> int:
    connection = HTTPConnection(*door, timeout=20)
    connection.request("GET", "/v1/status")
    status = connection.getresponse().status
    connection.close()
    return status
