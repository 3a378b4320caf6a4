"""`completion/complete`: values for an argument of a prompt or of a URI template, decided on like what it completes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_gate.gate.carry import carry
from mcp_gate.gate.flight import Flight
from mcp_gate.gate.job import Job
from mcp_gate.gate.protocol import object_of, text_of
from mcp_gate.gate.surfaces.lists import RESOURCES, TEMPLATES, learn
from mcp_gate.gate.surfaces.prompts import find
from mcp_gate.gate.surfaces.resources import NO_DEFINITION
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation


async def complete(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """
    Raises:
        RpcError: -32602, what is to be completed is not there; -32003, refused; the upstream's own error.
    """
    ref = object_of(params, "ref")
    rest: JsonObject = {name: params[name] for name in ("argument", "context") if name in params}
    kind = ref.get("type")
    if kind == "ref/prompt":
        listed_name = text_of(ref, "name")
        prompt = await find(talk, flight, listed_name)
        upstream, tool, digest = prompt.upstream, prompt.name, prompt.digest
        ref = {**ref, "name": prompt.name}
    elif kind == "ref/resource":
        tool = listed_name = text_of(ref, "uri")
        upstream, digest = await _template(talk, flight, tool), NO_DEFINITION
    else:
        raise RpcError(INVALID_PARAMS, "Invalid params: ref is neither a prompt nor a resource")
    job = Job(
        upstream=upstream, method="completion/complete", tool=tool, listed_name=listed_name,
        arguments={"ref": ref, **rest}, meta=flight.meta, tool_hash=digest,
    )  # fmt: skip
    return await carry(talk, flight, job, params, dict)


async def _template(talk: Conversation, flight: Flight, template: str) -> str:
    order = list(talk.gate.loaded.upstreams)
    found = talk.routes.template(template, order)
    if found is None:
        await learn(talk, flight, TEMPLATES)
        await learn(talk, flight, RESOURCES)
        found = talk.routes.template(template, order)
    if found is None:
        raise RpcError(INVALID_PARAMS, f"Unknown resource template: {reveal(template[:256])}")
    return found
