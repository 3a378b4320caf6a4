"""A gate in this process with its real socket and real upstream children, and a client that speaks raw lines to it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from mcp_gate.annex.annex import Annex
from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.faces.mcp.socket import serve_agents
from mcp_gate.gate.clock import Clock
from mcp_gate.gate.gate import Gate
from mcp_gate.model.event import Event
from mcp_gate.policy.load import load
from mcp_gate.store.store import Store
from mcp_gate.upstream.manager import Upstreams
from support.running import ALLOW_ALL
from support.scanning import Here

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "lines", "version": "1"},
}
TASKS = {
    **ENVELOPE,
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
}
MAPPED: dict[str, Any] = {
    "tools": {"*": {"topic": "job.{tool}", "risk_tags": ["read"]}},
    "resources": {"topic": "job.resources", "risk_tags": ["read"]},
    "prompts": {"topic": "job.prompts", "risk_tags": ["read"]},
}


class Bench:
    """A serving gate and how to reach it."""

    def __init__(self, gate: Gate, state: Path) -> None:
        self.gate = gate
        self.state = state

    @asynccontextmanager
    async def client(self, agent: str = "default", **more: Any) -> AsyncIterator[Lines]:
        reader, writer = await asyncio.open_unix_connection(str(self.state / "agent.sock"), limit=64 << 20)
        client = Lines(reader, writer)
        await client.send_line(json.dumps({"hello": 1, "agent": agent, **more}).encode())
        client.hello = json.loads(await client.line())
        try:
            yield client
        finally:
            writer.close()

    @asynccontextmanager
    async def legacy(self, capabilities: dict[str, Any] | None = None, agent: str = "default") -> AsyncIterator[Lines]:
        """A client that made its handshake."""
        async with self.client(agent) as client:
            await client.initialize(capabilities)
            yield client

    async def records(self, event: str = "") -> list[dict[str, Any]]:
        await self.gate.settle(5)
        return [record for record in await self.gate.store.records() if record["event"].startswith(event)]


class Lines:
    """A client that writes and reads lines, and keeps what it was not waiting for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.hello: dict[str, Any] = {}
        self.heard: list[dict[str, Any]] = []
        """Notifications and requests of the gate, and answers, in the order of the wire."""
        self._ids = 0

    async def send_line(self, line: bytes) -> None:
        self.writer.write(line + b"\n")
        await self.writer.drain()

    async def line(self, seconds: float = 15.0) -> bytes:
        return await asyncio.wait_for(self.reader.readline(), seconds)

    async def message(self, seconds: float = 15.0) -> dict[str, Any]:
        line = await self.line(seconds)
        assert line, "the gate closed the connection"
        found: dict[str, Any] = json.loads(line)
        self.heard.append(found)
        return found

    async def send(self, method: str, params: Any = None, id: Any = None) -> Any:
        """Send a request and do not wait; returns its id."""
        if id is None:
            self._ids += 1
            id = self._ids
        message = {"jsonrpc": "2.0", "id": id, "method": method}
        if params is not None:
            message["params"] = params
        await self.send_line(json.dumps(message).encode())
        return id

    async def notify(self, method: str, params: Any = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, **({} if params is None else {"params": params})}
        await self.send_line(json.dumps(message).encode())

    async def answer(self, id: Any, seconds: float = 15.0) -> dict[str, Any]:
        """The answer to a request; whatever comes before it is kept in `heard`."""
        for message in self.heard:
            if "method" not in message and type(message.get("id")) is type(id) and message.get("id") == id:
                return message
        while True:
            message = await self.message(seconds)
            if "method" not in message and type(message.get("id")) is type(id) and message.get("id") == id:
                return message

    async def ask(self, method: str, params: Any = None, seconds: float = 15.0) -> dict[str, Any]:
        """The whole answer to a request."""
        return await self.answer(await self.send(method, params), seconds)

    async def result(self, method: str, params: Any = None, seconds: float = 15.0) -> dict[str, Any]:
        answer = await self.ask(method, params, seconds)
        assert "result" in answer, answer
        found: dict[str, Any] = answer["result"]
        return found

    async def error(self, method: str, params: Any = None) -> dict[str, Any]:
        answer = await self.ask(method, params)
        assert "error" in answer, answer
        found: dict[str, Any] = answer["error"]
        return found

    async def until(self, method: str, seconds: float = 15.0) -> dict[str, Any]:
        """The next message of the gate with a method, also one heard before."""
        for message in self.heard:
            if message.get("method") == method and not message.get("seen"):
                message["seen"] = True
                return message
        while (message := await self.message(seconds)).get("method") != method:
            pass
        message["seen"] = True
        return message

    def methods(self) -> list[str]:
        return [message["method"] for message in self.heard if "method" in message]

    async def initialize(
        self, capabilities: dict[str, Any] | None = None, version: str = "2025-11-25"
    ) -> dict[str, Any]:
        info = {"name": "lines", "version": "1"}
        params = {"protocolVersion": version, "capabilities": capabilities or {}, "clientInfo": info}
        result = await self.result("initialize", params)
        await self.notify("notifications/initialized")
        return result

    async def call(self, name: str, arguments: Any = None, **more: Any) -> dict[str, Any]:
        return await self.result("tools/call", {"name": name, "arguments": arguments or {}, **more})


@asynccontextmanager
async def bench(
    upstreams: dict[str, Any], rules: str = ALLOW_ALL, settings: str = "", documents: dict[str, str] | None = None,
    annex: Annex | None = None,
) -> AsyncIterator[Bench]:  # fmt: skip
    """Serve a gate whose `upstreams:` are these.

    Args:
        documents: further policies, by their paths.
    """
    document = json.dumps({"version": "v1", "upstreams": upstreams})
    files = {"upstreams.yaml": document.encode(), "policies/rules.yaml": rules.encode()}
    if settings:
        files["gate.yaml"] = f"version: v1\n{settings}".encode()
    found = load(files | {path: text.encode() for path, text in (documents or {}).items()})
    async with AsyncExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mg-")))
        clock = Clock()
        store = await Store.open(state / "gate.db", clock=clock.wall)
        stack.push_async_callback(store.close)
        event = Event("policy.loaded", {"policy_snapshot": found.snapshot.id}, {"files": 2})
        ladder = Ladder.of(found.autonomy, found.settings)
        await store.snapshot_loaded(found.snapshot.id, found.snapshot.digest, found.snapshot.files, event, ladder)
        ups = Upstreams(found.settings.limits)
        stack.push_async_callback(ups.stop)
        ups.opener = annex
        gate = Gate(
            loaded=found, store=store, upstreams=ups, clock=clock, scanner=Here(), id="g-test", key=b"k" * 32,
            annex=annex,
        )  # fmt: skip
        stack.push_async_callback(gate.settle, 5)
        await ups.start(found.upstreams, found.hosts)
        await stack.enter_async_context(serve_agents(gate, state))
        yield Bench(gate, state)


def entry(probe: Any, mapped: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A probe as an entry of `upstreams:`."""
    program, *args = probe.command
    return {"command": program, "args": args, **(MAPPED if mapped is None else mapped), **more}
