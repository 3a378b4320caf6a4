"""Asks an upstream for all its tools, within bounds."""

from __future__ import annotations

import asyncio
from typing import Final

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.upstream.link import Link, ask
from mcp_gate.wire.peer import Lost

MOST_PAGES: Final = 64
MOST_TOOLS: Final = 2000
MOST_BYTES: Final = 4 << 20
PAGE_SEC: Final = 15.0
LIST_SEC: Final = 60.0
"""All pages together."""


async def list_tools(link: Link) -> list[Json]:
    """Every page of `tools/list`.

    Raises:
        RpcError: the upstream's own error.
        Lost: the connection ended, no answer came in time, or there is more than anybody can have meant.
    """
    try:
        async with asyncio.timeout(LIST_SEC):
            return await _pages(link)
    except TimeoutError:
        raise Lost(f"its tools were not listed within {LIST_SEC:g} s", sent=True) from None


async def _pages(link: Link) -> list[Json]:
    tools: list[Json] = []
    size = 0
    params: JsonObject = {}
    for _ in range(MOST_PAGES):
        page = await ask(link, "tools/list", params, PAGE_SEC)
        size += len(strictjson.dumps(page))
        listed = page.get("tools")
        tools.extend(listed if isinstance(listed, list) else ())
        if len(tools) > MOST_TOOLS or size > MOST_BYTES:
            raise Lost(f"it lists more than {MOST_TOOLS} tools or {MOST_BYTES} bytes of them", sent=True)
        cursor = page.get("nextCursor")
        if not isinstance(cursor, str):
            return tools
        params = {"cursor": cursor}
    raise Lost(f"its list of tools has more than {MOST_PAGES} pages", sent=True)


def named(tools: list[Json], name: str) -> JsonObject | None:
    """The definition of a tool in a list, or None."""
    return next((tool for tool in tools if isinstance(tool, dict) and tool.get("name") == name), None)
