"""Clients of other makers through `mcp-gate connect`, each as its user would start it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from support.approving import reviewer
from support.peers import node, package, python_server
from support.running import ALLOW_ALL, EVERYTHING_MAPPED, Place, place

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent
VERDICT = "dev.mcp-gate/verdict"
HELD = """\
version: v1
rules:
  - { id: held, match: { topics: ["job.refund_order", "job.convert_time", "job.get-sum"] },
      decision: require_approval, reason: "A person decides" }
  - { id: all, match: { topics: ["*"] }, decision: allow }
"""
QUICK = "hold: { wait_sec: 1, heartbeat_sec: 1 }\n"
MODES = {"legacy": "2025-11-25", "2026-07-28": "2026-07-28", "auto": "2026-07-28"}
TIME = {"source_timezone": "Europe/Oslo", "time": "12:00", "target_timezone": "UTC"}


def shop(folder: Path) -> dict[str, Any]:
    env = {"SHOP_DB": str(folder / "shop.db")}
    return {"command": sys.executable, "args": ["-m", "mcp_gate.demo.shop"], "env": env, **EVERYTHING_MAPPED}


def clock() -> dict[str, Any]:
    return {"command": python_server("mcp-server-time"), "prefix": "", **EVERYTHING_MAPPED}


def everything() -> dict[str, Any]:
    script = package("@modelcontextprotocol/server-everything/dist/index.js")
    return {"command": node(), "args": [str(script)], "prefix": "", **EVERYTHING_MAPPED}


@contextmanager
def gate(folder: Path, rules: str = ALLOW_ALL, settings: str = "") -> Iterator[Place]:
    """The demo's shop and the official time server behind one gate."""
    with place({"shop": shop(folder), "time": clock()}, rules, settings) as where:
        yield where


@asynccontextmanager
async def python_client(where: Place, mode: Any) -> AsyncIterator[Client]:
    program, *args = where.connect()
    transport = stdio_client(StdioServerParameters(command=program, args=args))
    async with asyncio.timeout(60), Client(transport, mode=mode) as client:
        yield client


def typescript(script: str, where: Place, *more: str) -> dict[str, Any]:
    """What a script printed at its end."""
    root = package("@modelcontextprotocol").parent
    command = [node(), str(HERE / script), str(root), json.dumps(where.connect()), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def inspector(where: Place, *more: str) -> dict[str, Any]:
    """What the inspector's command line printed."""
    tool = package(".bin/mcp-inspector")
    path = f"{Path(node()).parent}{os.pathsep}{os.environ['PATH']}"
    program, *args = where.connect()
    command_line = [program, *args[: -len(where.arguments)]]  # `--config` would be taken for the inspector's own
    directories = ["-e", f"MCP_GATE_CONFIG={where.config}", "-e", f"MCP_GATE_STATE={where.state}"]
    command = [str(tool), "--cli", *directories, *command_line, *more]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=55, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# ---- the Python SDK


@pytest.mark.parametrize("mode", MODES)
async def test_the_python_client_lists_calls_and_reads_an_error(tmp_path: Path, mode: str) -> None:
    with gate(tmp_path) as where:
        async with python_client(where, mode) as client:
            assert client.protocol_version == MODES[mode]
            if mode != "2026-07-28":  # a client whose era is fixed asks nobody who it talks to
                assert client.server_info is not None
                assert client.server_info.name == "mcp-gate"
            names = [tool.name for tool in (await client.list_tools()).tools]
            assert {"shop_get_order", "shop_refund_order", "get_current_time", "convert_time"} <= set(names)
            order = await client.call_tool("shop_get_order", {"order_id": "ord_101"})
            assert order.is_error is False
            assert order.structured_content is not None
            told = await client.call_tool("convert_time", TIME)
            assert "Europe/Oslo" in json.dumps(told.structured_content or told.content[0].model_dump())
            wrong = await client.call_tool("convert_time", {**TIME, "time": "noon"})
            assert wrong.is_error is True
            assert VERDICT not in (wrong.meta or {})


async def test_a_call_held_for_the_python_client_of_the_handshake_era_is_repeated_and_collected(tmp_path: Path) -> None:
    with gate(tmp_path, HELD, QUICK) as where, reviewer(where.review(), after=1.5) as who:
        async with python_client(where, "legacy") as client:
            first = await client.call_tool("convert_time", TIME)
            assert first.is_error is True
            assert (first.meta or {})[VERDICT]["status"] == "pending"
            assert (first.meta or {})[VERDICT]["retry"] == "same_call"
            done = await client.call_tool("convert_time", TIME)
            assert done.is_error is False
            assert len(who.decided) == 1


async def test_a_call_held_for_a_stateless_python_client_goes_on_in_legs_it_does_not_see(tmp_path: Path) -> None:
    with gate(tmp_path, HELD, QUICK) as where, reviewer(where.review(), after=2.5) as who:
        async with python_client(where, "2026-07-28") as client:
            done = await client.call_tool("convert_time", TIME)
            assert done.is_error is False
            assert VERDICT not in (done.meta or {})
            assert len(who.decided) == 1


# ---- the TypeScript SDKs


def test_the_typescript_client_1_lists_calls_and_hears_progress(tmp_path: Path) -> None:
    with place({"everything": everything()}) as where:
        out = typescript("ts1.mjs", where)
        assert {"echo", "trigger-long-running-operation"} <= set(out["tools"])
        assert out["echo"]["content"] == [{"type": "text", "text": "Echo: hi"}]
        assert out["progress"][:3] == [1, 2, 3]  # this client loses the last, which comes together with the answer
        assert "isError" not in out["long"]
        assert out["resources"] >= 7
        assert "simple-prompt" in out["prompts"]


def test_a_call_held_for_the_typescript_client_1_waits_on_heartbeats(tmp_path: Path) -> None:
    with place({"everything": everything()}, HELD, QUICK) as where, reviewer(where.review(), after=3.0) as who:
        out = typescript("ts1.mjs", where, "held")
        assert "42" in out["held"]["content"][0]["text"]
        assert len(out["beats"]) >= 2
        assert who.decided[0]["id"] in out["beats"][0]["message"]
        assert len(who.decided) == 1


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_typescript_client_2_lists_and_calls(tmp_path: Path, mode: str) -> None:
    with gate(tmp_path) as where:
        out = typescript("ts2.mjs", where, mode)
        assert out["version"] == MODES[mode]
        assert {"shop_get_order", "get_current_time"} <= set(out["tools"])
        assert "Europe/Oslo" in json.dumps(out["time"])


# ---- the inspector


@pytest.mark.parametrize("era", ["legacy", "auto"])
def test_the_inspector_lists_and_calls(tmp_path: Path, era: str) -> None:
    with gate(tmp_path) as where:
        listed = inspector(where, "--protocol-era", era, "--method", "tools/list")
        assert {"shop_get_order", "get_current_time"} <= {tool["name"] for tool in listed["tools"]}
        options = ["--tool-name", "get_current_time", "--tool-arg", "timezone=Europe/Oslo"]
        called = inspector(where, "--protocol-era", era, "--method", "tools/call", *options)
        assert "Europe/Oslo" in json.dumps(called)
