"""`prompts/list` and `prompts/get`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_gate.gate.carry import carry
from mcp_gate.gate.flight import Flight
from mcp_gate.gate.job import Job
from mcp_gate.gate.protocol import object_of, text_of
from mcp_gate.gate.routes import Prompt
from mcp_gate.gate.surfaces.lists import PROMPTS, learn, listed
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation


async def list_prompts(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """`prompts/list` (see `listed`)."""
    return await listed(talk, flight, params, PROMPTS)


async def get(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """
    Raises:
        RpcError: -32602, no such prompt; -32003, refused; the upstream's own error.
    """
    listed_name = text_of(params, "name")
    arguments = object_of(params, "arguments")
    prompt = await find(talk, flight, listed_name)
    job = Job(
        upstream=prompt.upstream, method="prompts/get", tool=prompt.name, listed_name=listed_name,
        arguments=arguments, meta=flight.meta, tool_hash=prompt.digest,
    )  # fmt: skip
    return await carry(talk, flight, job, params, lambda approved: {"name": prompt.name, "arguments": approved})


async def find(talk: Conversation, flight: Flight, listed_name: str) -> Prompt:
    """The prompt behind a listed name, byte for byte.

    Raises:
        RpcError: -32602, there is none.
    """
    order = list(talk.gate.loaded.upstreams)
    found = talk.routes.prompt(listed_name, order)
    if found is None:
        await learn(talk, flight, PROMPTS)
        found = talk.routes.prompt(listed_name, order)
    if found is None:
        raise RpcError(INVALID_PARAMS, f"Unknown prompt: {reveal(listed_name[:128])}")
    return found
