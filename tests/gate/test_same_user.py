"""What an agent that runs as the same user, or as another, can do to a gate: one served gate for all of it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.lines import an_agent, verdict
from support.running import Place, place, serving, wait_for
from support.upstreams import Probe

BOT, DANA = "mga_" + "b" * 43, "mgr_" + "d" * 43
NOBODY = 65534
RULES = """\
version: v1
rules:
  - { id: admins, match: { agents: ["*admin*"] }, decision: allow }
  - { id: deploys, match: { tools: [deploy] }, decision: require_approval }
  - { id: rest, match: { tools: ["*"] }, decision: allow }
"""
SETTINGS = """\
hold: {{ wait_sec: 0.2 }}
listen: {{ mcp: "127.0.0.1:0", review: "127.0.0.1:0" }}
agents: {{ bot: {{ token_sha256: "{bot}" }}, plain: {{}} }}
reviewers: {{ dana: {{ token_sha256: "{dana}" }} }}
"""
SPOOFED = {"Cookie": "session=stolen", "X-Forwarded-For": "10.9.8.7", "X-Forwarded-User": "somebody-else"}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Remote:
    """An upstream over HTTP that writes down the headers it is sent."""

    heard: list[dict[str, str]] = field(default_factory=list)
    server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        remote = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                remote.heard.append({name.lower(): value for name, value in self.headers.items()})
                results = {
                    "initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                                   "serverInfo": {"name": "remote", "version": "1"}},
                    "tools/list": {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]},
                    "tools/call": {"content": [{"type": "text", "text": "done"}]},
                }  # fmt: skip
                if "id" not in asked:
                    self.answer(202, b"")
                elif asked["method"] in results:
                    self.answer(200, {"jsonrpc": "2.0", "id": asked["id"], "result": results[asked["method"]]})
                else:
                    error = {"code": -32601, "message": "Method not found"}
                    self.answer(200, {"jsonrpc": "2.0", "id": asked["id"], "error": error})

            def do_GET(self) -> None:
                self.answer(405, b"")

            def answer(self, status: int, body: Any) -> None:
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/mcp"


@dataclass
class Served:
    where: Place
    probe: Probe
    remote: Remote
    pid: int

    def address(self, face: str) -> str:
        return str(self.where.review().get("/v1/status")["listen"][face])

    def post(
        self, body: Any, token: str | None = BOT, path: str = "/mcp", **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """One request of the agents' endpoint, with headers of somebody who would be somebody else."""
        given = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **SPOOFED}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        url = f"http://{self.address('mcp')}{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), {**given, **headers})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read().decode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("same")
    probe, remote = Probe(folder), Remote()
    program, *args = probe.command
    mapped = {"tools": {"*": {"topic": "job.{tool}", "risk_tags": ["write"]}}}
    upstreams = {
        "probe": {"command": program, "args": args, "env": {"KEY": "${env:PROBE_KEY}"}, **mapped},
        "remote": {"url": remote.url, **mapped},
    }
    secrets = {"PROBE_KEY": "the-upstreams-own", "MCP_GATE_TOKEN": BOT, "MCP_GATE_REVIEWER_TOKEN": DANA}
    settings = SETTINGS.format(bot=sha256(BOT), dana=sha256(DANA))
    with place(upstreams, RULES, settings) as where, serving(where, **secrets) as process:
        wait_for(lambda: where.review().get("/v1/status")["upstreams"] == {"probe": "up", "remote": "up"})
        yield Served(where, probe, remote, process.pid)
    remote.server.shutdown()
    remote.server.server_close()


def test_S162_what_a_client_calls_itself_lets_nothing_pass(served: Served) -> None:
    with an_agent(served.where.state, "plain", name="trusted-admin") as agent:
        assert verdict(agent.call("probe_deploy"))["status"] == "pending"
    with pytest.raises(AssertionError), an_agent(served.where.state, "trusted-admin"):
        pass  # it is not let in
    assert served.probe.calls() == []


def test_S165_headers_of_a_client_reach_no_upstream(served: Served) -> None:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    status, headers, _ = served.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})
    assert status == 200
    session = {"Mcp-Session-Id": headers["mcp-session-id"], "MCP-Protocol-Version": "2025-11-25"}
    served.post({"jsonrpc": "2.0", "method": "notifications/initialized"}, **session)
    for n, tool in enumerate(("remote_echo", "probe_echo"), 2):
        params = {"name": tool, "arguments": {"n": n}}
        call = {"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": params}
        assert served.post(call, **session)[0] == 200
    assert len(served.remote.heard) > 3
    for heard in served.remote.heard:
        assert heard.keys() & {"authorization", "cookie", "x-forwarded-for", "x-forwarded-user", "forwarded"} == set()
    told = json.dumps(served.remote.heard) + served.probe.log.read_text()
    for value in (BOT, *SPOOFED.values()):
        assert value not in told


def test_S166_a_token_in_an_address_is_no_token(served: Served) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for path in (f"/mcp?token={BOT}", f"/mcp?access_token={BOT}"):
        status, _, body = served.post(ping, None, path)
        assert status in (400, 401)
        assert BOT not in body
    for query in (f"token={DANA}", f"access_token={DANA}"):
        url = f"http://{served.address('review')}/v1/requests?{query}"
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(url, timeout=20)
        assert error.value.code == 401
        error.value.close()


def test_S164_no_token_is_written_down_or_handed_on(served: Served) -> None:
    served.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, "wrong-" + BOT)
    command = [*served.where.connect("--agent", "bot")]
    hello = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}})  # fmt: skip
    done = subprocess.run(command, input=hello + "\n", capture_output=True, text=True, timeout=30,
                          env={**os.environ, "MCP_GATE_TOKEN": BOT})  # fmt: skip
    assert '"result"' in done.stdout
    kept = [path for path in served.where.config.parent.rglob("*") if path.is_file()]
    assert served.where.state / "gate.db" in kept
    for path in kept:
        content = path.read_bytes()
        assert BOT.encode() not in content, path
        assert DANA.encode() not in content, path
    started = served.probe.entries("start")
    assert started[0]["env"]["KEY"] == "the-upstreams-own"
    lines = [Path(f"/proc/{process}/cmdline") for process in (served.pid, *served.probe.pids())]
    assert all(BOT.encode() not in line.read_bytes() for line in lines if line.exists())
    assert BOT not in json.dumps(started)
    assert DANA not in json.dumps(started)


def test_S161_an_edited_policy_is_on_record_and_told_before_it_decides_anything(served: Served) -> None:
    told: list[dict[str, Any]] = []
    events = served.where.review().events()

    def listen() -> None:
        for event in events:
            told.append(event)
            if event["event"] == "policy.loaded":
                return

    listening = threading.Thread(target=listen)
    listening.start()
    before = served.where.review().get("/v1/status")["policy_snapshot"]
    rules = served.where.config / "policies" / "rules.yaml"
    rules.write_text(RULES.replace("decision: require_approval", "decision: allow"))
    now = wait_for(lambda: (s := served.where.review().get("/v1/status")["policy_snapshot"]) != before and s)
    with an_agent(served.where.state, "plain") as agent:
        assert verdict(agent.call("probe_deploy", n=2)) == {}
    listening.join(10)
    events.close()
    assert told[-1] == {"event": "policy.loaded", "policy_snapshot": now}
    records = [r for r in served.where.records() if r.get("policy_snapshot") == now]
    assert (records[0]["event"], records[0]["data"]["previous"]) == ("policy.loaded", before)
    assert records[-1]["event"] != "policy.loaded"
    rules.write_text(RULES)


REACH = """
for file in {state} {config} {state}/gate.db {config}/upstreams.yaml {config}/policies/rules.yaml \
  /proc/{pid}/environ /proc/{pid}/mem /proc/{child}/environ /proc/{pid}/fd; do
  if [ -d $file ]; then ls $file >/dev/null 2>&1 && echo reached $file
  else head -c 1 $file >/dev/null 2>&1 && echo reached $file; fi
done
for file in {state}/agent.sock {state}/review.sock {config}/policies/rules.yaml; do
  [ -w $file ] && echo may write $file
done
kill -0 {pid} 2>/dev/null && echo may end the gate
echo over
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become another user")
def test_S160_another_user_reaches_no_file_no_memory_and_no_socket(served: Served) -> None:
    script = REACH.format(
        state=served.where.state, config=served.where.config, pid=served.pid, child=served.probe.pids()[-1]
    )
    done = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, timeout=30, cwd="/",
        user=NOBODY, group=NOBODY, extra_groups=[], env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["over"]


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become another user")
def test_S172_another_user_is_not_let_in_though_every_mode_lets_him(served: Served) -> None:
    folders = [served.where.config.parent, served.where.state]
    sockets = [served.where.state / name for name in ("agent.sock", "review.sock")]
    try:
        for path in folders:
            path.chmod(0o755)
        for path in sockets:
            path.chmod(0o666)
        for path in sockets:
            assert heard_as_nobody(path) == b""
    finally:
        for path in folders:
            path.chmod(0o700)
        for path in sockets:
            path.chmod(0o600)


def heard_as_nobody(path: Path) -> bytes:
    """What a socket answers to another user: the kernel tells the gate who connected."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        os.seteuid(NOBODY)
        try:
            client.connect(str(path))
        finally:
            os.seteuid(0)
        hello = b'{"hello": 1, "agent": "plain"}\n' if path.name == "agent.sock" else b"GET / HTTP/1.0\r\n\r\n"
        try:
            client.sendall(hello)
            answer = client.recv(4096)
        except (ConnectionError, BrokenPipeError):
            return b""
        return b"" if b"only the user who runs the gate" in answer else answer


def test_S172_something_else_in_a_sockets_place_is_left_alone_and_nothing_is_served() -> None:
    with place({"none": {"command": "true"}}) as where:
        where.state.mkdir(mode=0o700)
        (where.state / "review.sock").write_text("mine")
        done = where.run("serve")
        assert done.returncode == 2
        assert "the socket cannot be made" in done.stderr
        assert (where.state / "review.sock").read_text() == "mine"
