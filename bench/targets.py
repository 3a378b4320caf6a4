"""What is measured, and how each of them is started. All of them run in front of `bench/upstream.py`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from lean import Http, Stdio

HERE = Path(__file__).parent
UPSTREAM = str(HERE / "upstream.py")
TOKEN = "bench-token"
RULES = 100
START_SEC = 30.0
CONTEXTFORGE_SEC = 300.0
"""It makes a database of some hundred tables first."""
CONTEXTFORGE_SETTLES_SEC = 20.0


BELAY = """version: 1
name: bench
default: allow
rules:
  - id: no-dotenv
    action: deny
    severity: high
    message: blocked
    match: {args: {$reads: {path: ["**/.env"]}}}
"""


def peer(name: str, program: str) -> Path | None:
    """A program of a peer's own environment (see README.md), or None where it was not fetched."""
    peers = Path(os.environ.get("MCP_GATE_PEERS", HERE.parent / ".peers"))
    found = peers / name / "bin" / program
    return found.absolute() if found.exists() else None


def peer_python(name: str) -> str | None:
    """The interpreter of a peer's own environment."""
    found = peer(name, "python")
    return None if found is None else str(found)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def gate_directory(
    at: Path, *, url: str | None = None, listen: int | None = None, extra: int = 0, rules: int = RULES,
    more: str = "", argument_bytes: int = 4_000_000, prefix: str = "",
) -> Path:  # fmt: skip
    """A gate directory in front of the bench's upstream: that many rules, of which the last one allows everything."""
    (at / "policies").mkdir(parents=True)
    reach = (
        f'    url: "{url}"\n' if url
        else f"    command: {sys.executable}\n    args: [{UPSTREAM!r}, --stdio, --extra-tools, {str(extra)!r}]\n"
    )  # fmt: skip
    (at / "upstreams.yaml").write_text(
        f'version: v1\nupstreams:\n  bench:\n{reach}    prefix: "{prefix}"\n'
        '    tools:\n      "*": { topic: "job.bench.{tool}", risk_tags: [read] }\n'
    )
    body = "".join(
        f'  - id: rule-{i}\n    match: {{ topics: ["job.service{i}.*.write"] }}\n    decision: require_approval\n'
        f'    reason: "Service {i} is written to by people"\n'
        for i in range(rules - 1)
    )
    body += '  - id: bench\n    match: { topics: ["job.bench.*"] }\n    decision: allow\n    reason: "Bench"\n'
    (at / "policies" / "rules.yaml").write_text(f"version: v1\nrules:\n{body}")
    settings = f"limits: {{ argument_bytes: {argument_bytes}, message_bytes: 33554432 }}\n{more}"
    if listen is not None:
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        settings += f'listen: {{ mcp: "127.0.0.1:{listen}" }}\nagents: {{ bench: {{ token_sha256: "{digest}" }} }}\n'
    (at / "gate.yaml").write_text(f"version: v1\n{settings}")
    return at


@dataclass
class Target:
    """One thing to measure, running."""

    name: str
    client: Stdio | Http
    pids: list[int]
    """Roots of its process trees."""
    prefix: str = ""
    """What it puts before the names of tools."""


class Start:
    """Starts targets, and ends them all when its stack closes."""

    def __init__(self, stack: AsyncExitStack, scratch: Path) -> None:
        self._stack = stack
        self._scratch = scratch

    async def stdio(self, name: str, extra: int = 0) -> Target:
        """direct, bytes, sdk-typed, fastmcp, lasso, agentbelay, gate, gate-unrecorded: stdio in front of stdio."""
        command = self.command(name, extra)
        if name == "gate-unrecorded":
            await self._serve_unrecorded(name)
        client = await Stdio.start(command)
        self._stack.push_async_callback(client.close)
        await client.initialize()
        pids = [client.pid]
        if name.startswith("gate"):
            pids.append(gate_pid(self._scratch / name / "state"))
        return Target(name, client, pids, prefix="bench_" if name == "lasso" else "")

    def command(self, name: str, extra: int = 0) -> list[str]:
        upstream = [sys.executable, UPSTREAM, "--stdio", "--extra-tools", str(extra)]
        match name:
            case "direct":
                return upstream
            case "bytes":
                return [sys.executable, str(HERE / "proxies/byte_pipe.py"), *upstream]
            case "sdk-typed":
                return [sys.executable, str(HERE / "proxies/sdk_typed.py"), "--stdio", "--", *upstream]
            case "fastmcp":
                script = str(HERE / "proxies/fastmcp_proxy.py")
                return [peer_python("fastmcp") or "", script, "--stdio", "--", *upstream]
            case "lasso":  # with the plugin that looks for secrets by pattern
                served = {"bench": {"command": upstream[0], "args": upstream[1:]}}
                own = {"command": "mcp-gateway", "args": [], "servers": served}
                given = self._file("lasso.json", json.dumps({"mcpServers": {"mcp-gateway": own}}))
                return [str(peer("lasso", "mcp-gateway")), "--mcp-json-path", given, "-p", "basic"]
            case "agentbelay":
                policy = self._file("belay.yaml", BELAY)
                audit = str(self._scratch / "belay.jsonl")
                options = ["--policy", policy, "--name", "bench", "--audit", audit]
                return [str(peer("agentbelay", "belay")), "mcp", *options, "--", *upstream]
            case _:
                directory = gate_directory(self._scratch / name / "config", extra=extra)
                state = self._scratch / name / "state"
                self._stack.callback(stop_gate, directory, state)
                return [sys.executable, "-m", "mcp_gate", "connect", "--config", str(directory), "--state", str(state)]

    def _file(self, name: str, text: str) -> str:
        path = self._scratch / name
        path.write_text(text)
        return str(path)

    async def http(self, name: str) -> Target:
        """direct, sdk-typed, fastmcp, contextforge or gate over HTTP, each in front of an HTTP upstream of its own."""
        upstream = free_port()
        below = self._process([sys.executable, UPSTREAM, "--http", str(upstream)])
        await wait_port(upstream)
        if name == "direct":
            return Target(name, await self._http_client(upstream, {}), [below.pid])
        port = free_port()
        url = f"http://127.0.0.1:{upstream}/mcp"
        if name == "contextforge":
            return await self._contextforge(port, url)
        headers = {}
        if name == "gate":
            directory = gate_directory(self._scratch / "gate-http" / "config", url=url, listen=port)
            state = self._scratch / "gate-http" / "state"
            command = [sys.executable, "-m", "mcp_gate", "serve", "--config", str(directory), "--state", str(state)]
            headers["authorization"] = f"Bearer {TOKEN}"
        else:
            python = peer_python("fastmcp") if name == "fastmcp" else sys.executable
            script = "fastmcp_proxy.py" if name == "fastmcp" else "sdk_typed.py"
            command = [python or "", str(HERE / "proxies" / script), "--http", str(port), "--url", url]
        process = self._process(command)
        await wait_port(port)
        return Target(name, await self._http_client(port, headers), [process.pid])

    async def _contextforge(self, port: int, url: str) -> Target:
        work = self._scratch / "contextforge"
        binaries = Path(peer_python("contextforge") or "").parent
        script = str(HERE / "proxies/contextforge.py")
        process = self._process(
            [sys.executable, script, "--bin", str(binaries), "--port", str(port), "--url", url, "--work", str(work)]
        )
        token = work / "token"
        await wait_file(token, process, CONTEXTFORGE_SEC)
        await asyncio.sleep(CONTEXTFORGE_SETTLES_SEC)
        client = await self._http_client(port, {"authorization": f"Bearer {token.read_text()}"})
        return Target("contextforge", client, [process.pid], prefix="bench-")

    async def _serve_unrecorded(self, name: str) -> None:
        """Started before its `connect`, which joins it."""
        config, state = (str(self._scratch / name / part) for part in ("config", "state"))
        script = str(HERE / "proxies/unrecorded.py")
        process = self._process([sys.executable, script, "serve", "--config", config, "--state", state])
        await wait_file(Path(state) / "agent.sock", process, START_SEC)

    def _process(self, command: list[str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._stack.callback(end, process)
        return process

    async def _http_client(self, port: int, headers: dict[str, str]) -> Http:
        client = await Http.start(port, headers)
        self._stack.push_async_callback(client.close)
        return client


def gate_pid(state: Path) -> int:
    """The process of the gate that serves a state directory."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"serve" in arguments and str(state).encode() in arguments:
                return int(entry.name)
    raise LookupError(f"no gate serves {state}")


def stop_gate(directory: Path, state: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "mcp_gate", "stop", "--config", str(directory), "--state", str(state)],
        capture_output=True, timeout=20, check=False,
    )  # fmt: skip


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(12)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def wait_file(path: Path, process: subprocess.Popen[bytes], seconds: float) -> None:
    """Until a process has made a file."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not path.exists():  # noqa: ASYNC240 -- nothing else goes on yet
        if process.poll() is not None or asyncio.get_running_loop().time() > deadline:
            raise FileNotFoundError(path)
        await asyncio.sleep(0.05)


async def wait_port(port: int, seconds: float = START_SEC) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
