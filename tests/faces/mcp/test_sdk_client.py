"""The official SDK's client in front of a gate, through `mcp-gate connect`, in both eras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError, StdioServerParameters

from support.agents import entry
from support.running import Place, place, serving
from support.upstreams import Probe

pytestmark = pytest.mark.anyio


def server(where: Place) -> StdioServerParameters:
    program, *args = where.connect()
    return StdioServerParameters(command=program, args=args)


@pytest.mark.parametrize(("modern", "mode"), [(False, "auto"), (False, "legacy"), (True, "auto"), (True, "legacy")])
async def test_it_lists_calls_reads_and_gets(tmp_path: Path, modern: bool, mode: Any) -> None:
    probe = Probe(tmp_path, modern=modern)
    with place({"shop": entry(probe)}) as where, serving(where):
        async with Client(server(where), mode=mode) as client:
            expected = "2026-07-28" if modern and mode == "auto" else "2025-11-25"
            assert client.protocol_version == expected
            assert "shop_echo" in [tool.name for tool in (await client.list_tools()).tools]
            result = await client.call_tool("shop_echo", {"n": 1})
            assert result.structured_content == {"tool": "echo", "arguments": {"n": 1}}
            assert (await client.read_resource("probe://one")).contents[0].uri == "probe://one"
            assert (await client.get_prompt("shop_greet", {"who": "you"})).messages
            with pytest.raises(MCPError):
                await client.call_tool("shop_nothing", {})


async def test_a_held_call_of_the_stateless_era_is_driven_to_its_end(tmp_path: Path) -> None:
    probe = Probe(tmp_path, modern=True)
    rules = "version: v1\nrules: [ { id: held, match: { topics: ['*'] }, decision: require_approval } ]\n"
    with place({"shop": entry(probe)}, rules, "hold: { wait_sec: 1 }\n") as where, serving(where):
        async with Client(server(where)) as client:
            result = await client.call_tool("shop_deploy", {"env": "prod"})  # ten legs of a second, then an answer
            assert result.is_error
            assert result.meta is not None
            assert result.meta["dev.mcp-gate/verdict"]["status"] == "pending"
    assert probe.calls() == []
