"""Resources: listed, read and subscribed to. A URI is decided on in the one form in which it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_gate.evidence.hashes import tool_hash
from mcp_gate.gate.carry import ask, carry
from mcp_gate.gate.flight import Flight
from mcp_gate.gate.job import Job
from mcp_gate.gate.links import all_up
from mcp_gate.gate.protocol import text_of
from mcp_gate.gate.routes import normal_uri
from mcp_gate.gate.surfaces.lists import RESOURCES, TEMPLATES, having, learn, listed
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation

NO_DEFINITION = tool_hash({})
SUBSCRIPTION = tool_hash({"method": "resources/subscribe"})
"""What stands for the definition of one: people's word on reading a resource is none on hearing of it."""


async def list_resources(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """`resources/list` (see `listed`)."""
    return await listed(talk, flight, params, RESOURCES)


async def list_templates(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """`resources/templates/list` (see `listed`)."""
    return await listed(talk, flight, params, TEMPLATES)


async def read(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """
    Raises:
        RpcError: -32602, no such resource; -32003, refused; the upstream's own error.
    """
    job = await resource_job(talk, flight, "resources/read", params)
    return await carry(talk, flight, job, params, lambda approved: {"uri": approved["uri"]})


async def subscribe(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """
    Raises:
        RpcError: as `read`.
    """
    job = await resource_job(talk, flight, "resources/subscribe", params)

    def sent(approved: JsonObject) -> JsonObject:
        talk.relay.updates_for.add(job.upstream)  # not of one that is refused
        return {"uri": approved["uri"]}

    return await carry(talk, flight, job, params, sent)


async def unsubscribe(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """It takes nothing and tells nothing, so nobody is asked.

    Raises:
        RpcError: -32602, no such resource; the upstream's own error.
    """
    uri = normal_uri(text_of(params, "uri"))
    link = await talk.links.get(await route(talk, flight, uri))
    return await ask(talk, flight, link, "resources/unsubscribe", {"uri": uri})


async def resource_job(talk: Conversation, flight: Flight, method: str, params: JsonObject) -> Job:
    """What a request for a URI means.

    Raises:
        RpcError: -32602, the URI is not in normal form, or no upstream has it.
    """
    uri = normal_uri(text_of(params, "uri"))
    upstream = await route(talk, flight, uri)
    return Job(
        upstream=upstream, method=method, tool=uri, listed_name=uri, arguments={"uri": uri}, meta=flight.meta,
        tool_hash=NO_DEFINITION if method == "resources/read" else SUBSCRIPTION,
    )  # fmt: skip


async def route(talk: Conversation, flight: Flight, uri: str) -> str:
    """The upstream that lists a URI or a fitting template; the only one with resources, if there is only one.

    Raises:
        RpcError: -32602, there is none.
    """
    order = list(talk.gate.loaded.upstreams)
    found = talk.routes.resource(uri, order)
    if found is None:
        links = having(await all_up(talk.gate, talk.links), "resources")
        if len(links) == 1:
            return links[0].upstream
        await learn(talk, flight, RESOURCES)
        await learn(talk, flight, TEMPLATES)
        found = talk.routes.resource(uri, order)
    if found is None or found not in talk.gate.loaded.upstreams:
        raise RpcError(INVALID_PARAMS, f"Unknown resource: {reveal(uri[:256])}")
    return found
