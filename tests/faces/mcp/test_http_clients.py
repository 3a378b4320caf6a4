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


async def test_S244_a_held_call_whose_stateless_stream_closes_is_not_executed(tmp_path: Path) -> None:
    async with gate(tmp_path) as (where, url, probe), http() as pool:
        envelope = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        params = {"name": "probe_write", "arguments": {"x": 1}, "_meta": envelope}
        shown = {
            "accept": "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28",
            "mcp-method": "tools/call", "mcp-name": "probe_write",
        }  # fmt: skip
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        calling = asyncio.create_task(pool.post(url, json=body, headers=shown))
        review = where.review()
        held = await until(lambda: review.get("/v1/requests?status=pending")["requests"])
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
        again = await pool.post(url, json=body, headers=shown)  # the one who comes back for it gets it, once
        assert json.loads(again.content)["result"].get("isError") is not True
        assert [call["arguments"] for call in probe.calls()] == [{"x": 1}]


async def until(found: Any) -> Any:
    async with asyncio.timeout(15):
        while not (value := found()):
            await asyncio.sleep(0.02)
        return value
