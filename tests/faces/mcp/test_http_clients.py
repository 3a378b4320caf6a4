"""The official client over HTTP, through a gate that runs as a process, to an upstream that writes down its calls."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from support.running import Place, place, serving
from support.upstreams import Probe

pytestmark = pytest.mark.anyio

TOKEN = "token-of-the-agent"
RULES = """\
version: v1
rules:
  - { id: reads, match: { risk_tags: [read] }, decision: allow }
  - { id: writes, match: { risk_tags: [write] }, decision: require_approval }
"""
TOOLS = {
    "echo": {"topic": "job.echo", "risk_tags": ["read"]},
    "write": {"topic": "job.write", "risk_tags": ["write"]},
}
DEFINITIONS = [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]


@asynccontextmanager
async def gate(tmp: Path, *, modern: bool = True) -> AsyncIterator[tuple[Place, str, Probe]]:
    probe = Probe(tmp, tools=DEFINITIONS, modern=modern)
    program, *args = probe.command
    upstreams = {"probe": {"command": program, "args": args, "tools": TOOLS}}
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    settings = f'listen: {{ mcp: "127.0.0.1:0" }}\nagents:\n  robot: {{ token_sha256: "{digest}" }}\n'
    with place(upstreams, RULES, settings) as where, serving(where):
        status = where.review().get("/v1/status")
        yield where, f"http://{status['listen']['mcp']}/mcp", probe


def client(url: str, http: httpx2.AsyncClient, mode: Literal["legacy", "auto"]) -> Client:
    return Client(streamable_http_client(url, http_client=http), mode=mode)


def http() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(headers={"authorization": f"Bearer {TOKEN}"}, timeout=30, trust_env=False)


@pytest.mark.parametrize("modern", [False, True], ids=["handshake_upstream", "stateless_upstream"])
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_official_client_lists_and_calls(
    tmp_path: Path, mode: Literal["legacy", "auto"], modern: bool
) -> None:
    async with gate(tmp_path, modern=modern) as (where, url, probe):
        async with http() as pool, client(url, pool, mode) as session:
            listed = await session.list_tools()
            assert [tool.name for tool in listed.tools] == ["probe_echo", "probe_write"]
            answer = await session.call_tool("probe_echo", {"x": 2**60})
            assert not answer.is_error
            assert probe.calls()[0]["arguments"] == {"x": 2**60}
        records = where.records()
    assert {r["agent"] for r in records if r["event"].startswith("call.")} == {"robot"}
    assert TOKEN not in json.dumps(records)


ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


class Raw:
    """A client whose streams the test can close."""

    def __init__(self, pool: httpx2.AsyncClient, url: str) -> None:
        self._pool = pool
        self._url = url
        self._shown = {"accept": "application/json, text/event-stream"}
        self._modern = False

    async def begin(self, era: str) -> None:
        if era == "stateless":
            self._modern = True
            self._shown |= {"mcp-protocol-version": "2026-07-28"}
            return
        answer = await self.post({"id": 0, "method": "initialize", "params": HELLO})
        self._shown["mcp-session-id"] = answer.headers["mcp-session-id"]
        await self.post({"method": "notifications/initialized"})

    async def post(self, message: dict[str, Any], **more: str) -> httpx2.Response:
        return await self._pool.post(self._url, json={"jsonrpc": "2.0", **message}, headers=self._shown | more)

    async def call(self, tool: str, arguments: dict[str, Any], *, id: int = 1, token: bool = False) -> httpx2.Response:
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        meta = (ENVELOPE if self._modern else {}) | ({"progressToken": "t"} if token else {})
        if meta:
            params["_meta"] = meta
        shown = {"mcp-method": "tools/call", "mcp-name": tool} if self._modern else {}
        return await self.post({"id": id, "method": "tools/call", "params": params}, **shown)


@pytest.mark.parametrize("token", [False, True], ids=["silent", "with_progress"])
@pytest.mark.parametrize("era", ["handshake", "stateless"])
async def test_S244_a_held_call_whose_stream_closes_is_not_executed(tmp_path: Path, era: str, token: bool) -> None:
    async with gate(tmp_path) as (where, url, probe), http() as pool:
        raw = Raw(pool, url)
        await raw.begin(era)
        calling = asyncio.create_task(raw.call("probe_write", {"x": 1}, token=token))
        review = where.review()
        held = await until(lambda: review.get("/v1/requests?status=pending")["requests"])
        await asyncio.sleep(0.1)
        calling.cancel()
        await asyncio.wait((calling,))
        await until(lambda: not review.get(f"/v1/requests/{held[0]['id']}")["waiting"])
        digest = held[0]["call"]["job_hash"].removeprefix("sha256:")[:8]
        approved = where.run("requests", "approve", held[0]["id"], "--digest", digest)
        assert approved.returncode == 0, approved.stderr
        assert review.get(f"/v1/requests/{held[0]['id']}")["status"] == "approved"
        await asyncio.sleep(0.3)
        assert probe.calls() == []
        assert "call.dispatched" not in {r["event"] for r in where.records()}
        again = await raw.call("probe_write", {"x": 1}, id=2)  # the one who comes back for it gets it, once
        assert b'"isError":true' not in again.content
        assert [call["arguments"] for call in probe.calls()] == [{"x": 1}]


async def test_S244_a_sent_call_whose_stream_is_lost_goes_on_and_is_recorded(tmp_path: Path) -> None:
    async with gate(tmp_path) as (where, url, probe), http() as pool:
        probe.change(delay=2.0)
        raw = Raw(pool, url)
        await raw.begin("handshake")
        calling = asyncio.create_task(raw.call("probe_echo", {"x": 1}))
        await until(probe.calls)
        calling.cancel()
        await asyncio.wait((calling,))
        await until(lambda: any(r["event"] == "call.executed" for r in where.records()))
        assert "notifications/cancelled" not in {entry["method"] for entry in probe.entries()}


async def until(found: Any) -> Any:
    async with asyncio.timeout(15):
        while not (value := found()):
            await asyncio.sleep(0.02)
        return value
