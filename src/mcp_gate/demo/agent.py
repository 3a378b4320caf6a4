"""A scripted agent on the official client, connected as any client is: through `mcp-gate connect`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import TextContent

from mcp_gate.model.outcome import VERDICT_KEY

AGENT = "demo-agent"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one call."""

    text: str
    data: Any
    """The structured form, or None."""
    verdict: dict[str, Any] | None
    """The gate's verdict, where it had anything to say."""


class Agent:
    """Calls tools and returns what it is told."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tools(self) -> list[str]:
        """Names of the tools it can see."""
        return [tool.name for tool in (await self._client.list_tools()).tools]

    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        """One tool call."""
        result = await self._client.call_tool(tool, arguments)
        texts = [block.text for block in result.content if isinstance(block, TextContent)]
        return Answer("\n".join(texts), result.structured_content, (result.meta or {}).get(VERDICT_KEY))


@asynccontextmanager
async def connected(config: Path, state: Path) -> AsyncIterator[Agent]:
    """An agent in front of the gate of a directory; the gate is started if none runs."""
    command = StdioServerParameters(command=sys.executable, args=connect_arguments(config, state))
    async with Client(stdio_client(command)) as client:
        yield Agent(client)


def connect_arguments(config: Path, state: Path) -> list[str]:
    """What a client's configuration has to say after the interpreter's name."""
    return ["-m", "mcp_gate", "connect", "--config", str(config), "--state", str(state), "--agent", AGENT]
