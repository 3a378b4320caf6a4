"""Upstreams and their tools for the operator: what the review API and `mcp-gate upstreams` show, and accepting a
changed definition."""

from __future__ import annotations

from typing import Final, Protocol, assert_never

from mcp_gate.lang import strictjson
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.load import Loaded
from mcp_gate.signals.describe import describe
from mcp_gate.store.store import Store
from mcp_gate.upstream import kept
from mcp_gate.upstream.catalog import Catalog, Tool, Withheld, pin_of
from mcp_gate.upstream.manager import Upstreams
from mcp_gate.upstream.programs import KEY, Replaced
from mcp_gate.upstream.prompts import PREFIX, Prompts
from mcp_gate.upstream.supervised import Health, State

PINNED: Final = "pinned"
PROGRAM: Final = "program"
"""Why tools are withheld whose definition is accepted, and the program behind them is not."""


class NoSuchUpstream(LookupError):
    """Nothing in `upstreams.yaml` has this id."""


class BadPin(ValueError):
    """What was posted names no tools and digests. The text is fit for people."""


class NotAsShown(Exception):
    """A definition is not, or no longer, the one that was shown. The text is fit for people."""


class Hub(Protocol):
    """Tells watchers of the queue."""

    def publish(self, message: JsonObject) -> None: ...


class Served(Protocol):
    """What is needed of the gate."""

    @property
    def loaded(self) -> Loaded: ...

    @property
    def catalog(self) -> Catalog: ...

    @property
    def prompts(self) -> Prompts: ...

    @property
    def upstreams(self) -> Upstreams: ...

    @property
    def store(self) -> Store: ...

    @property
    def hub(self) -> Hub: ...


async def upstreams(gate: Served) -> list[JsonObject]:
    """Every upstream, in the order of the file: `{id, prefix, transport, state, since, restarts, version?, sandbox?,
    program?, error?, tools: {listed, withheld}}`. `error` is revealed; `program` as `kept.shown` has it."""
    return [_upstream(gate, health) for health in gate.upstreams.health() if health.upstream in gate.loaded.upstreams]


async def tools(gate: Served, upstream: str) -> list[JsonObject]:
    """The tools of one upstream: `{upstream, name, listed_name, topic, risk_tags, pin, tool_hash, pinned_hash?,
    definition?, pinned_definition?}`, names as the upstream wrote them; tags that arguments add are left out.

    `pin` is `pinned`, or why the tool is withheld: `changed`, `new`, `name`, `collision`, `shape`, `reference`,
    `program`.
    The definitions are there where they differ. Prompts that are withheld come last, with `kind: prompt`.

    Raises:
        NoSuchUpstream: see there.
    """
    _known(gate, upstream)
    prompts = [_tool(gate, prompt, "prompts/get") for prompt in gate.prompts.withheld(upstream)]
    return [_tool(gate, tool) for tool in gate.catalog.tools(upstream)] + prompts


async def pin(gate: Served, upstream: str, posted: JsonObject) -> JsonObject:
    """Accept definitions, all of them or none.

    Args:
        posted: `{"tools": {NAME: DIGEST}, "prompts": {NAME: DIGEST}, "program": DIGEST}`, at least one of them, the
            digest being the `tool_hash` that was shown, or the program's `digest`.

    Returns:
        `{"pinned": [NAME]}`, the program's being "the program".

    Raises:
        NoSuchUpstream, BadPin, NotAsShown: nothing was accepted.
        Unavailable: it could not be recorded; what is named before the one that failed is accepted.
    """
    _known(gate, upstream)
    if not posted or not all(_well_formed(kind, part) for kind, part in posted.items()):
        raise BadPin('the body is {"tools": {NAME: TOOL_HASH}, "prompts": {NAME: TOOL_HASH}, "program": DIGEST}')
    tools = [_as_shown(gate.catalog, upstream, *one) for one in posted.get("tools", {}).items()]
    prompts = [_as_shown(gate.prompts, upstream, *one) for one in posted.get("prompts", {}).items()]
    program = _program_as_shown(gate, upstream, posted["program"]) if "program" in posted else None
    for tool in tools:
        await _accept(gate, gate.catalog, tool, tool.name)
    for prompt in prompts:
        await _accept(gate, gate.prompts, prompt, PREFIX + prompt.name)
    if program is not None:
        await kept.keep(gate, upstream, program.files, program.differences)
        gate.upstreams.programs.accept(upstream, program)
        gate.upstreams.retry(upstream)
    gate.hub.publish({"event": "tool.changed", "upstream": upstream})
    return {"pinned": [*(one.name for one in (*tools, *prompts)), *([KEY] if program is not None else [])]}


def _well_formed(kind: str, part: object) -> bool:
    match kind:
        case "tools" | "prompts":
            return isinstance(part, dict) and bool(part)
        case "program":
            return isinstance(part, str)
        case _:
            return False


async def _accept(gate: Served, kept_by: Catalog | Prompts, tool: Withheld, key: str) -> None:
    """Record one definition under its key among the pins, and offer it."""
    before = kept_by.pinned(tool.upstream, tool.name)
    data: JsonObject = {"kind": "pinned", "new": tool.tool_hash}
    if before is not None:
        data["old"] = before.tool_hash
    fields: JsonObject = {
        "upstream": tool.upstream, "tool": tool.name, "policy_snapshot": gate.loaded.snapshot.id,
    }  # fmt: skip
    now = pin_of(tool.definition, tool.tool_hash)
    event = Event("tool.changed", fields, data)
    await gate.store.accepted.pin(tool.upstream, key, now.tool_hash, now.definition, event)
    kept_by.accept(tool)


def _known(gate: Served, upstream: str) -> None:
    if upstream not in gate.loaded.upstreams:
        raise NoSuchUpstream(upstream)


def _as_shown(kept_by: Catalog | Prompts, upstream: str, name: str, digest: object) -> Withheld:
    tool = kept_by.acceptable(upstream, name)
    if tool is None:
        raise NotAsShown("one of them is not withheld for its definition")
    if tool.tool_hash != digest:
        raise NotAsShown("one of the definitions changed again since it was shown")
    return tool


def _program_as_shown(gate: Served, upstream: str, digest: object) -> Replaced:
    replaced = gate.upstreams.programs.replaced(upstream)
    if replaced is None:
        raise NotAsShown("the program is the one that was accepted")
    if replaced.digest != digest:
        raise NotAsShown("the program changed again since it was shown")
    return replaced


def _upstream(gate: Served, health: Health) -> JsonObject:
    spec = gate.loaded.upstreams[health.upstream]
    known = gate.catalog.tools(spec.id)
    withheld = len(known) if _waits(health) else sum(isinstance(tool, Withheld) for tool in known)
    out: JsonObject = {
        "id": spec.id,
        "prefix": spec.prefix,
        "transport": "stdio" if spec.command is not None else "http",
        "state": health.state.value,
        "since": rfc3339(health.since),
        "restarts": health.restarts,
        "tools": {"listed": len(known) - withheld, "withheld": withheld},
    }
    if spec.sandbox is not None:
        out["sandbox"] = "enforced"
    if (why := gate.loaded.unconfined.get(spec.id)) is not None:
        out["sandbox"] = f"missing: {why}"
    if spec.pin_program:
        out["program"] = kept.shown(gate.upstreams.programs, spec.id)
    if health.version:
        out["version"] = health.version
    if health.error:
        out["error"] = health.error
    return out


def _waits(health: Health) -> bool:
    """Whether nothing runs because the program waits to be accepted."""
    return health.state is State.CHANGED and not health.version


def _tool(gate: Served, tool: Tool | Withheld, method: str = "tools/call") -> JsonObject:
    kept_by = gate.catalog if method == "tools/call" else gate.prompts
    told = describe(gate.loaded, tool.upstream, tool.name, method, {})
    mapping = gate.loaded.mappings[tool.upstream].of(tool.name, method)
    out: JsonObject = {
        "upstream": tool.upstream,
        "name": tool.name,
        "listed_name": tool.listed_name,
        "topic": told.topic,
        "risk_tags": sorted(told.risk_tags if mapping is None else mapping.risk_tags),
        "tool_hash": tool.tool_hash,
    }
    if kept_by is gate.prompts:
        out["kind"] = "prompt"
    match tool:
        case Tool():
            waits = any(_waits(health) for health in gate.upstreams.health() if health.upstream == tool.upstream)
            out["pin"] = PROGRAM if waits else PINNED
        case Withheld():
            out["pin"] = tool.why.value
            out["definition"] = tool.definition
            before = kept_by.pinned(tool.upstream, tool.name)
            if before is not None:
                out["pinned_hash"] = before.tool_hash
                out["pinned_definition"] = strictjson.parse_upstream(before.definition.encode())
        case _:
            assert_never(tool)
    return out
