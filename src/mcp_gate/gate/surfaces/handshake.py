"""The opening of a conversation in either era, and `ping`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mcp_gate import __version__
from mcp_gate.gate.flight import Flight
from mcp_gate.gate.front import RequestFront
from mcp_gate.gate.links import all_up
from mcp_gate.gate.memory import memory_of
from mcp_gate.gate.protocol import (
    HANDSHAKE_VERSIONS,
    MODERN_VERSION,
    SERVER_INFO_KEY,
    TASKS_EXTENSION,
    Era,
    envelope_of,
    meta_of,
    object_of,
    text_of,
    unsupported,
)
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.upstream.link import ClientHello, Link
from mcp_gate.wire.errors import INVALID_REQUEST, METHOD_NOT_FOUND, RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation
    from mcp_gate.gate.gate import Gate

SERVER_INFO: Final = {"name": "mcp-gate", "title": "mcp-gate", "version": __version__}
INSTRUCTIONS: Final = (
    "These tools are behind mcp-gate: every call is checked against a policy, and some wait for a person to approve "
    "them. A result marked as pending has not run: make exactly the same call again to go on waiting. A result marked "
    "as denied will not run: tell the user or change the plan, and do not look for another way to the same effect."
)
"""The gate's own words; those of upstreams are never passed on as if they were the gate's."""
_WORD: Final = re.compile("[A-Za-z]{1,24}")
OFFERED: Final = ("tools", "resources", "prompts", "completions", "logging", "tasks")
"""Capabilities the gate can keep. Others would promise methods that it does not pass on."""


async def initialize(talk: Conversation, front: RequestFront, params: JsonObject) -> JsonObject:
    """Open the client's own upstream connections and answer with what they offer together.

    Raises:
        RpcError: not the first request, not in this era, or malformed.
    """
    if envelope_of(meta_of(params)) is not None and talk.era is Era.MODERN:
        raise RpcError(METHOD_NOT_FOUND, "Method not found")
    if talk.era is Era.MODERN:
        raise unsupported(params.get("protocolVersion"), (MODERN_VERSION,))
    if talk.begun:
        raise RpcError(INVALID_REQUEST, "Invalid request: this connection is initialized")
    hello = ClientHello(
        text_of(params, "protocolVersion"),
        object_of(params, "capabilities"),
        object_of(params, "clientInfo"),
        {k: v for k, v in params.items() if k not in ("protocolVersion", "capabilities", "clientInfo")},
    )
    own = talk.begin(hello)
    links = await all_up(talk.gate, own)
    talk.version = agreed(hello.protocol_version, links)
    return {
        "protocolVersion": talk.version,
        "capabilities": merged_capabilities(links, modern=False),
        "serverInfo": SERVER_INFO,
        "instructions": INSTRUCTIONS,
    }


async def discover(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """`server/discover`; only reached where every upstream speaks the stateless protocol."""
    links = await all_up(talk.gate, talk.memory.links)
    return {
        "resultType": "complete",
        "supportedVersions": [MODERN_VERSION],
        "capabilities": merged_capabilities(links, modern=True),
        "instructions": INSTRUCTIONS,
        "ttlMs": 0,
        "cacheScope": "private",
        "_meta": {SERVER_INFO_KEY: SERVER_INFO},
    }


async def ping(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """Answered here: whether the gate is there is all it can mean."""
    return {}


async def speaks_modern(gate: Gate) -> bool:
    """Whether every upstream that is up speaks the stateless protocol: the front offers no more than they do.

    Settled once a snapshot, so that no client sees the answer change under it.
    """
    memory, snapshot = memory_of(gate), gate.loaded.snapshot.id
    if memory.eras[0] != snapshot:
        memory.eras = (snapshot, all(link.modern for link in await all_up(gate, memory.links)))
    return memory.eras[1]


def agreed(wanted: str, links: list[Link]) -> str:
    """The oldest version that any upstream agreed to; without upstreams what the client wants, if we know it."""
    versions = [link.version for link in links if link.version in HANDSHAKE_VERSIONS]
    if versions:
        return min(versions, key=HANDSHAKE_VERSIONS.index)
    return wanted if wanted in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1]


def merged_capabilities(links: list[Link], *, modern: bool) -> JsonObject:
    """What all upstreams offer together, as far as the gate passes it on."""
    out: JsonObject = {}
    for link in links:
        offered = link.hello.get("capabilities")
        if isinstance(offered, dict):
            out = _union(out, {name: _switches(offered[name]) for name in OFFERED if name in offered})
    tools = out.get("tools")
    out["tools"] = {**(tools if isinstance(tools, dict) else {}), "listChanged": True}  # reloads and pins change them
    if modern:
        out.pop("tasks", None)
        out["extensions"] = {TASKS_EXTENSION: {}}
    return out


def _switches(offered: Json) -> Json:
    """What is offered, as switches that are on and nothing else: no other value, no key that is more than a word."""
    if not isinstance(offered, dict):
        return offered is True
    return {name: _switches(inner) for name, inner in offered.items() if _WORD.fullmatch(name) is not None}


def _union(a: Json, b: Json) -> Json:
    if isinstance(a, dict) and isinstance(b, dict):
        return {k: _union(a[k], b[k]) if k in a and k in b else a.get(k, b.get(k)) for k in {**a, **b}}
    return a if a is True else b
