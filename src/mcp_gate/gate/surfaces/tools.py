"""`tools/list` and `tools/call`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mcp_gate.gate.carry import carry, note_stripped
from mcp_gate.gate.flight import Flight
from mcp_gate.gate.job import Job
from mcp_gate.gate.links import all_up
from mcp_gate.gate.protocol import object_of, text_of
from mcp_gate.gate.receive import META_CONFIDENCE
from mcp_gate.gate.refresh import observed
from mcp_gate.gate.surfaces import workflows
from mcp_gate.gate.surfaces.icons import without_unsafe_icons
from mcp_gate.gate.surfaces.lists import having, merged, position, sealed
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.outcome import META_PREFIX
from mcp_gate.upstream.catalog import Tool, Why, Withheld
from mcp_gate.upstream.link import Link
from mcp_gate.upstream.listing import list_tools as list_upstream
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation

log = logging.getLogger(__name__)

MOST_A_PAGE: Final = 1000
ASKS: Final[dict[str, JsonObject]] = {
    "confidence": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "How sure you are that this call is right and wanted, from 0 to 1. Not passed to the tool.",
    },
    "reason": {"type": "string", "description": "Why you make this call, for a reviewer. Not passed to the tool."},
}
CALL_MEMBERS: Final = frozenset({"name", "arguments", "_meta", "task", "requestState", "inputResponses"})
"""What a `tools/call` consists of; anything else is not judged and therefore not sent."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One upstream's tools as one agent sees them, and what that was made from."""

    raw: list[Json]
    snapshot: str
    level: int
    tools: tuple[Tool, ...]
    withheld: tuple[Withheld, ...]
    shown: list[JsonObject]

    @property
    def hidden(self) -> bool:
        """Whether the agent is not shown all of them."""
        return len(self.shown) != len(self.raw)


async def list_tools(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """All tools that this agent may know of, under their listed names. Upstreams are asked every time: a definition
    that changed must be seen at once; only the work on an unchanged list is saved.

    Raises:
        RpcError: -32602, a cursor that is not the gate's.
    """
    start, _ = position(talk, flight, params)
    links = having(await all_up(talk.gate, talk.links), "tools")
    at = 0 if start is None else next((i for i, link in enumerate(links) if link.upstream == start), len(links))
    lists = await asyncio.gather(*(_shown(talk, link) for link in links[at:]))
    items: list[Json] = []
    hidden = False
    for offset, (link, shown) in enumerate(zip(links[at:], lists, strict=True)):
        if offset and len(items) + len(shown.shown) > MOST_A_PAGE:
            rest = {"nextCursor": sealed(talk, flight, link.upstream, None)}
            return merged(flight, "tools", items, [], hidden) | rest
        items += shown.shown
        hidden |= shown.hidden
    return merged(flight, "tools", [*items, *await workflows.definitions(talk.gate)], [], hidden)


async def call(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """
    Raises:
        RpcError: -32602, no such tool, or arguments that are not an object; the upstream's own error.
    """
    name = text_of(params, "name")
    arguments = object_of(params, "arguments")
    workflow = talk.gate.loaded.workflows.get(name)
    if workflow is not None:
        return await workflows.call(talk, flight, workflow, arguments, params)
    tool = await _find(talk, name)
    _note_stripped(talk, tool, params, flight)
    job = Job(
        upstream=tool.upstream, method="tools/call", tool=tool.name, listed_name=tool.listed_name,
        arguments=arguments, meta=flight.meta, tool_hash=tool.tool_hash, withheld=isinstance(tool, Withheld),
    )  # fmt: skip
    task = {"task": params["task"]} if flight.envelope is None and "task" in params else {}
    return await carry(talk, flight, job, params, lambda approved: {"name": tool.name, "arguments": approved, **task})


async def _find(talk: Conversation, name: str) -> Tool | Withheld:
    """The tool behind a listed name, byte for byte; upstreams that were never listed are listed now."""
    tool = talk.gate.catalog.lookup(name)
    if tool is None:
        unlisted = [
            spec.id
            for spec in talk.gate.loaded.upstreams.values()
            if name.startswith(spec.prefix) and not talk.gate.catalog.tools(spec.id)
        ]
        links = await asyncio.gather(*(talk.links.get(at) for at in unlisted), return_exceptions=True)
        await asyncio.gather(*(_shown(talk, link) for link in links if not isinstance(link, BaseException)))
        tool = talk.gate.catalog.lookup(name)
    hopeless = isinstance(tool, Withheld) and tool.why not in (Why.CHANGED, Why.NEW)
    if tool is None or hopeless or tool.upstream not in talk.gate.loaded.upstreams:
        fields: JsonObject = {"agent": talk.caller.agent, "policy_snapshot": talk.gate.loaded.snapshot.id}
        talk.gate.note(Event("security.unknown_tool", fields, {"name": name[:128]}))
        raise RpcError(INVALID_PARAMS, f"Unknown tool: {reveal(name[:128])}")
    return tool


async def _shown(talk: Conversation, link: Link) -> Shown:
    """An upstream's tools; none where it cannot be asked."""
    gate, agent = talk.gate, talk.caller.agent
    level = gate.store.agents.level(agent)
    try:
        with talk.sending():
            raw = await list_upstream(link)
        await talk.relay.settled(link.upstream)
    except (Lost, RpcError) as e:
        log.warning("the tools of upstream %s cannot be listed: %s", link.upstream, reveal(str(e)))
        return Shown([], "", 0, (), (), [])
    key = (link.upstream, agent)
    known = talk.memory.tools.get(key)
    if known is not None and known.raw == raw and _still_true(talk, known):
        return known
    link.learn(raw)
    observation = observed(gate, link.upstream, raw)
    shown = [
        _rewritten(talk, tool)
        for tool in observation.listed
        if gate.listed(agent, link.upstream, tool.name, "tools/call")
    ]
    out = await _let_out(talk, link.upstream, shown)
    fresh = Shown(raw, gate.loaded.snapshot.id, level, observation.listed, observation.withheld, out)
    talk.memory.tools.put(key, fresh)
    return fresh


async def _let_out(talk: Conversation, upstream: str, tools: list[JsonObject]) -> list[JsonObject]:
    """The list as it may leave: all together, or without those whose own words may not."""
    gate = talk.gate
    out = await gate.egress("tools/list", {"tools": tools})
    if out is not None:
        found: list[JsonObject] = out["tools"]
        return found
    kept = []
    for tool in tools:
        alone = await gate.egress("tools/list", {"tools": [tool]})
        if alone is not None:
            kept += alone["tools"]
            continue
        log.warning("what upstream %s says of its tool %s may not leave: it is not listed", upstream, tool["name"])
        fields = {"agent": talk.caller.agent, "upstream": upstream, "policy_snapshot": gate.loaded.snapshot.id}
        gate.note(Event("security.description_withheld", fields, {"tool": tool["name"]}))
    return kept


def _still_true(talk: Conversation, shown: Shown) -> bool:
    """Whether policy, level and pins are those that a list was made under."""
    if (shown.snapshot, shown.level) != (talk.gate.loaded.snapshot.id, talk.gate.store.agents.level(talk.caller.agent)):
        return False
    lookup = talk.gate.catalog.lookup
    for tool in shown.tools:
        known = lookup(tool.listed_name)
        if not isinstance(known, Tool) or known.tool_hash != tool.tool_hash or known.upstream != tool.upstream:
            return False
    return all(isinstance(lookup(one.listed_name), Withheld) for one in shown.withheld if one.why in PINNABLE)


PINNABLE: Final = (Why.CHANGED, Why.NEW)


def _rewritten(talk: Conversation, tool: Tool) -> JsonObject:
    """The definition under its listed name, with what the gate asks of the agent."""
    out = {**without_unsafe_icons(tool.definition), "name": tool.listed_name}
    asks = talk.gate.loaded.asks(tool.upstream, tool.name)
    if asks:
        schema = out.get("inputSchema")
        out["inputSchema"] = _asking(schema if isinstance(schema, dict) else {"type": "object"}, asks)
    return out


def _asking(schema: JsonObject, asks: Iterable[str]) -> JsonObject:
    """A schema with optional properties of the gate's. One of the tool's own by such a name is not asked for: its
    value would never reach the tool."""
    own = {f"gate_{ask}": ASKS[ask] for ask in asks}
    properties, required = schema.get("properties"), schema.get("required")
    out = {**schema, "properties": {**(properties if isinstance(properties, dict) else {}), **own}}
    if isinstance(required, list):
        out["required"] = [name for name in required if not isinstance(name, str) or name not in own]
    return out


def _note_stripped(talk: Conversation, tool: Tool | Withheld, params: JsonObject, flight: Flight) -> None:
    """Members that look like authority have none; that somebody sent them is worth a record."""
    stripped = [name for name in params if name not in CALL_MEMBERS]
    stripped += [f"_meta.{key}" for key in flight.meta if key.startswith(META_PREFIX) and key != META_CONFIDENCE]
    note_stripped(talk, tool.upstream, tool.name, stripped)
