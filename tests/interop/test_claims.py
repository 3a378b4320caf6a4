"""Confidence through the official client: asked for in the listed schema, taken out again, whatever the schema is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from support.running import Place, place, serving
from support.upstreams import Probe

pytestmark = pytest.mark.anyio

SURE = """\
version: v1
rules:
  - { id: unsure, match: { confidence_below: 0.7 }, decision: deny, reason: "Too unsure" }
  - { id: rest, match: { topics: ["*"] }, decision: allow }
"""
N = {"n": {"type": "integer"}}
SCHEMAS: dict[str, dict[str, Any]] = {
    "plain": {"type": "object", "properties": N, "required": ["n"]},
    "closed": {"type": "object", "properties": N, "additionalProperties": False},
    "bare": {"type": "object"},
    "unevaluated": {"type": "object", "allOf": [{"properties": N}], "unevaluatedProperties": False},
    "own": {
        "type": "object", "properties": {**N, "gate_confidence": {"type": "string"}},
        "required": ["n", "gate_confidence"],
    },
}  # fmt: skip
MAPPED = {"tools": {"*": {"topic": "job.{tool}", "risk_tags": ["read"], "ask": ["confidence", "reason"]}}}
VERDICT = "dev.mcp-gate/verdict"


@asynccontextmanager
async def official(where: Place, mode: Any) -> AsyncIterator[Client]:
    program, *args = where.connect()
    transport = stdio_client(StdioServerParameters(command=program, args=args))
    with anyio.fail_after(50):
        async with Client(transport, mode=mode) as client:
            yield client


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_S056_the_official_client_claims_its_confidence_by_any_schema(tmp_path: Path, mode: str) -> None:
    tools = [{"name": name, "inputSchema": schema} for name, schema in SCHEMAS.items()]
    probe = Probe(tmp_path, tools=tools, modern=mode != "legacy")
    upstream = {"command": probe.command[0], "args": probe.command[1:], "prefix": "", **MAPPED}
    with place({"probe": upstream}, SURE) as where, serving(where):
        async with official(where, mode) as client:
            listed = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
            assert set(listed) == set(SCHEMAS)
            for name, schema in listed.items():
                for extra in ({}, {"gate_confidence": 0.9}, {"gate_confidence": 0.9, "gate_reason": "because"}):
                    jsonschema.validate({"n": 1, **extra}, schema)
                with pytest.raises(jsonschema.ValidationError):
                    jsonschema.validate({"n": 1, "gate_confidence": 2}, schema)
                denied = await client.call_tool(name, {"n": 1, "gate_confidence": 0.6})
                assert denied.is_error
                passed = await client.call_tool(name, {"n": 1, "gate_confidence": 0.9, "gate_reason": "sure"})
                assert not passed.is_error
                by_meta = await client.call_tool(name, {"n": 2}, meta={"dev.mcp-gate/confidence": 0.8})
                assert not by_meta.is_error
        calls = probe.calls()
        assert [entry["arguments"] for entry in calls] == [{"n": 1}, {"n": 2}] * len(SCHEMAS)
        assert "gate_" not in "".join(entry["line"] for entry in calls)
        assert "dev.mcp-gate" not in "".join(entry["line"] for entry in calls)
