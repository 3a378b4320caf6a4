"""Starts servers and asks them for their tools. Nothing else is asked, and no tool is called."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.catalog import NAME
from mcp_gate.upstream.listing import list_tools
from mcp_gate.upstream.manager import Upstreams
from mcp_gate.wire.errors import METHOD_NOT_FOUND, RpcError
from mcp_gate.wire.peer import Lost


@dataclass(frozen=True, slots=True)
class Silent:
    """A server that did not list its tools; says why, revealed."""

    why: str


async def probe(
    specs: Mapping[str, UpstreamSpec], seconds: float, directory: Path = Path()
) -> dict[str, list[JsonObject] | Silent]:
    """The tools of each server, or why there are none, after at most `seconds`; the servers are ended before it
    returns.

    Args:
        directory: the gate directory.
    """
    upstreams = Upstreams(Limits(), directory=directory)
    try:
        await upstreams.start(specs, {})
        found = await asyncio.gather(*(_tools(upstreams, id_, seconds) for id_ in specs))
        return dict(zip(specs, found, strict=True))
    finally:
        await upstreams.stop()


async def _tools(upstreams: Upstreams, id_: str, seconds: float) -> list[JsonObject] | Silent:
    try:
        async with asyncio.timeout(seconds):
            return _named(await list_tools(await upstreams.shared(id_)))
    except Lost as lost:
        return Silent(reveal(lost.reason))
    except RpcError as error:
        return [] if error.code == METHOD_NOT_FOUND else Silent(f"error {error.code} instead of its tools")
    except TimeoutError:
        return Silent(f"no answer within {seconds:g} s")


def _named(tools: Iterable[object]) -> list[JsonObject]:
    """Tools that can be named in upstreams.yaml: a name with `*` would stand for others, too, and one that two tools
    have says nothing of either."""
    named = [tool for tool in tools if isinstance(tool, dict) and isinstance(tool.get("name"), str)]
    counts = Counter(str(tool["name"]) for tool in named)
    return [tool for tool in named if counts[name := str(tool["name"])] == 1 and NAME.fullmatch(name)]
