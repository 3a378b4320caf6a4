"""The whole list of an upstream's tools, within bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mcp_gate.model.config import Limits
from mcp_gate.upstream.link import ClientHello, open_link
from mcp_gate.upstream.listing import list_tools
from mcp_gate.wire.peer import Lost
from support.upstreams import Ears, Probe, tool

pytestmark = pytest.mark.anyio

CLIENT = ClientHello("2025-06-18", {}, {"name": "c", "version": "0"})


async def listed(probe: Probe, hello: ClientHello | None = CLIENT) -> Any:
    link = await open_link(probe.spec(), hello, Ears(), Limits())
    try:
        return await list_tools(link)
    finally:
        await link.close()


@pytest.mark.parametrize("modern", [False, True])
async def test_all_pages_are_read(tmp_path: Path, modern: bool) -> None:
    probe = Probe(tmp_path, extra_tools=46, page=20, modern=modern)
    tools = await listed(probe, None)
    assert len(tools) == 50
    asked = probe.entries("tools/list")
    assert len(asked) == 3
    assert all(("io.modelcontextprotocol/protocolVersion" in entry["line"]) is modern for entry in asked)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"cursor": "endless"}, "its list of tools has more than 64 pages"),
        ({"extra_tools": 100_000}, "it lists more than 2000 tools or 4194304 bytes of them"),
        ({"extra_tools": 100_000, "page": 100}, "it lists more than 2000 tools or 4194304 bytes of them"),
        ({"tools": [tool("a", title="x" * 10_000_000)]}, "it lists more than 2000 tools or 4194304 bytes of them"),
    ],
)
async def test_S181_what_nobody_can_have_meant_is_refused(tmp_path: Path, settings: dict[str, Any], why: str) -> None:
    with pytest.raises(Lost) as caught:
        await listed(Probe(tmp_path, **settings))
    assert caught.value.reason == why
