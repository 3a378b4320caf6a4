"""`logging/setLevel`: what a client wants to hear, told to every upstream that logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_gate.gate.carry import ask
from mcp_gate.gate.flight import Flight
from mcp_gate.gate.links import all_up
from mcp_gate.gate.protocol import text_of
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation

LEVELS = frozenset({"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"})


async def set_level(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """
    Raises:
        RpcError: no such level, or an upstream refused it.
    """
    level = text_of(params, "level")
    if level not in LEVELS:
        raise RpcError(INVALID_PARAMS, "Invalid params: there is no such level")
    for link in await all_up(talk.gate, talk.links):
        if "logging" in (link.hello.get("capabilities") or {}):
            await ask(talk, flight, link, "logging/setLevel", {"level": level})
    return {}
