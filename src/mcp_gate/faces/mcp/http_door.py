"""Where the conversations of clients over HTTP come from, and what else the endpoint asks of the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mcp_gate.faces.mcp.http_session import Conversation
from mcp_gate.faces.mcp.http_talk import HttpTalk
from mcp_gate.gate.front import Front
from mcp_gate.gate.job import Caller
from mcp_gate.gate.protocol import HANDSHAKE_VERSIONS, MODERN_VERSION
from mcp_gate.gate.surfaces.handshake import speaks_modern
from mcp_gate.model.foreign import Json

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


class Door(Protocol):
    """Where conversations come from."""

    def converse(self, caller: Caller, front: Front, *, modern: bool) -> Conversation: ...

    def schema(self, listed_name: str) -> Json:
        """The input schema of a tool as it is listed; None if there is no such tool."""
        ...

    async def versions(self) -> tuple[str, ...]:
        """The versions of the protocol that are spoken here, for a client that asked for another."""
        ...


class GateDoor:
    """Implements `Door` for a gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def converse(self, caller: Caller, front: Front, *, modern: bool) -> Conversation:
        return HttpTalk(self._gate, caller, front, modern=modern)

    async def versions(self) -> tuple[str, ...]:
        return (MODERN_VERSION,) if await speaks_modern(self._gate) else HANDSHAKE_VERSIONS

    def schema(self, listed_name: str) -> Json:
        tool = self._gate.catalog.lookup(listed_name)
        return tool.definition.get("inputSchema") if tool is not None else None
