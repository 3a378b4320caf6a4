"""Tools as they were listed, compared with the definitions that were accepted.

The first listing of an upstream ever is accepted as it is. Later a new tool is accepted only if the admin mapped it,
and a changed definition is withheld until somebody accepts it (`mcp-gate upstreams pin`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from mcp_gate.evidence.hashes import tool_hash
from mcp_gate.lang import strictjson
from mcp_gate.lang.canonical import CanonicalError
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.upstream.schemas import leads_elsewhere

NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Why(StrEnum):
    """Why a tool is not offered."""

    CHANGED = "changed"
    NEW = "new"
    NAME = "name"
    COLLISION = "collision"
    SHAPE = "shape"
    REFERENCE = "reference"


PINNABLE: Final = (Why.CHANGED, Why.NEW)
"""Reasons that somebody can do away with by accepting the definition."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool whose definition is the accepted one."""

    upstream: str
    name: str
    """The upstream's own name."""
    listed_name: str
    definition: JsonObject
    tool_hash: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """A tool that is listed by its upstream and not offered."""

    upstream: str
    name: str
    listed_name: str
    why: Why
    definition: JsonObject
    tool_hash: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What one listing came to."""

    listed: tuple[Tool, ...]
    """In the upstream's order."""
    withheld: tuple[Withheld, ...]
    changes: tuple[Event, ...]
    """`tool.changed`, to be recorded by the caller."""


class Accepted(Protocol):
    """A definition that was accepted."""

    @property
    def tool_hash(self) -> str: ...

    @property
    def definition(self) -> str:
        """JSON text."""
        ...


@dataclass(frozen=True, slots=True)
class Pinned:
    """Implements `Accepted`."""

    tool_hash: str
    definition: str


Keep = Callable[[str, str, Accepted], None]
"""Remember that a definition of (upstream, tool) was accepted."""


class Catalog:
    """All tools of all upstreams, under their listed names."""

    def __init__(
        self, prefix: Callable[[str], str], mapped: Callable[[str, str], bool], taken: Callable[[str], bool], keep: Keep
    ) -> None:
        """
        Args:
            prefix: the prefix of an upstream today.
            mapped: whether the admin mapped a tool of an upstream today.
            taken: whether a listed name is that of a tool of the gate's own today.
            keep: called for each definition that is accepted at first sight.
        """
        self._prefix = prefix
        self._mapped = mapped
        self._taken = taken
        self._keep = keep
        self._pins: dict[str, dict[str, Accepted]] = {}
        self._tools: dict[str, Tool | Withheld] = {}
        self._collided: dict[tuple[str, str], Withheld] = {}
        """Tools that cannot be found under their listed name, for another one bears it; by upstream and own name."""
        self._looked: dict[str, frozenset[str]] = {}

    def load(self, upstream: str, pins: Mapping[str, Accepted]) -> None:
        """The definitions accepted earlier."""
        self._pins[upstream] = dict(pins)

    def observe(self, upstream: str, tools: list[Json]) -> Observation:
        """Compare a whole listing of an upstream with what was accepted, and remember it under the listed names."""
        pins = self._pins.setdefault(upstream, {})
        first = not pins
        listed: list[Tool] = []
        withheld: list[Withheld] = []
        changes: list[Event] = []
        seen: set[str] = set()
        for definition in tools:
            found = self._judge(upstream, definition, pins, first=first, seen=seen)
            known = self._tools.get(found.listed_name)
            collides = known is not None and (known.upstream, known.name) != (found.upstream, found.name)
            if not found.listed_name:
                pass  # no tool at all: it has no name to be found under
            elif collides or found.listed_name in seen or self._taken(found.listed_name):
                found = _withheld(found, Why.COLLISION)
                changes.extend(self._collides(found))
            elif found != known:
                changes.extend(_change(found, known, pins))
                self._tools[found.listed_name] = found
            seen.add(found.listed_name)
            if isinstance(found, Tool):
                listed.append(found)
            else:
                withheld.append(found)
        twice = {tool.name for tool in withheld}
        for tool in listed:
            if tool.name not in twice:
                self._collided.pop((upstream, tool.name), None)
        return Observation(tuple(listed), tuple(withheld), tuple(changes))

    def _collides(self, tool: Withheld) -> Iterator[Event]:
        """Remember a tool whose name is another's; gives the record of it, once."""
        known, key = self._tools.get(tool.listed_name), (tool.upstream, tool.name)
        if self._taken(tool.listed_name) and known is not None and (known.upstream, known.name) == key:
            del self._tools[tool.listed_name]
        if self._collided.get(key) != tool:
            self._collided[key] = tool
            data: JsonObject = {"kind": "added", "new": tool.tool_hash, "why": tool.why.value}
            yield Event("tool.changed", {"upstream": tool.upstream, "tool": tool.name}, data)

    def missing(self, upstream: str, tools: list[Json]) -> tuple[Event, ...]:
        """Forget the tools that the gate's own look saw before and does not see now; gives the record of it.

        What only clients with more capabilities are listed is not missed.
        """
        names = {tool["name"] for tool in tools if isinstance(tool, dict) and isinstance(tool.get("name"), str)}
        gone = self._looked.get(upstream, frozenset()) - names
        self._looked[upstream] = frozenset(names)
        for name in gone:
            self._collided.pop((upstream, name), None)
        dropped = [tool for tool in self.tools(upstream) if tool.name in gone]
        for tool in dropped:
            del self._tools[tool.listed_name]
        return tuple(
            Event("tool.changed", {"upstream": upstream, "tool": tool.name}, {"kind": "removed", "old": tool.tool_hash})
            for tool in dropped
        )

    def output_schema(self, listed_name: str) -> JsonObject | None:
        """What a tool promises of its structured results, or None."""
        tool = self.lookup(listed_name)
        schema = tool.definition.get("outputSchema") if tool is not None else None
        return schema if isinstance(schema, dict) else None

    def lookup(self, listed_name: str) -> Tool | Withheld | None:
        """The tool behind a listed name, byte for byte."""
        return self._tools.get(listed_name)

    def tools(self, upstream: str) -> list[Tool | Withheld]:
        """Everything known of an upstream; last what cannot be found under its listed name."""
        known = [tool for tool in self._tools.values() if tool.upstream == upstream]
        return known + [tool for tool in self._collided.values() if tool.upstream == upstream]

    def pinned(self, upstream: str, name: str) -> Accepted | None:
        """The accepted definition of a tool."""
        return self._pins.get(upstream, {}).get(name)

    def acceptable(self, upstream: str, name: str) -> Withheld | None:
        """A tool that is withheld until somebody accepts its definition; None if this one is not."""
        for tool in self.tools(upstream):
            if isinstance(tool, Withheld) and tool.name == name and tool.why in PINNABLE:
                return tool
        return None

    def accept(self, tool: Withheld) -> None:
        """Offer a tool from now on, under exactly this definition. The caller has recorded it."""
        pin = pin_of(tool.definition, tool.tool_hash)
        self._pins.setdefault(tool.upstream, {})[tool.name] = pin
        if self._tools.get(tool.listed_name) == tool:  # not if it was listed otherwise meanwhile
            self._tools[tool.listed_name] = Tool(
                tool.upstream, tool.name, tool.listed_name, tool.definition, tool.tool_hash
            )

    def forget(self, upstream: str) -> None:
        """After a reload: what is listed may be named or mapped otherwise now; accepted definitions stay."""
        self._tools = {name: tool for name, tool in self._tools.items() if tool.upstream != upstream}
        self._collided = {key: tool for key, tool in self._collided.items() if tool.upstream != upstream}

    def _judge(
        self, upstream: str, definition: Json, pins: dict[str, Accepted], *, first: bool, seen: set[str]
    ) -> Tool | Withheld:
        if not isinstance(definition, dict) or not isinstance(definition.get("name"), str):
            return Withheld(upstream, "", "", Why.SHAPE, {}, "")
        name = definition["name"]
        listed_name = self._prefix(upstream) + name
        try:
            digest = tool_hash(definition)
        except CanonicalError:
            return Withheld(upstream, name, listed_name, Why.SHAPE, {}, "")
        if not NAME.fullmatch(listed_name) or not name:
            return Withheld(upstream, name, listed_name, Why.NAME, definition, digest)
        if leads_elsewhere(definition):
            return Withheld(upstream, name, listed_name, Why.REFERENCE, definition, digest)
        pin = pins.get(name)
        known = self._tools.get(listed_name)
        others = known is not None and (known.upstream, known.name) != (upstream, name)
        free = listed_name not in seen and not others and not self._taken(listed_name)
        if pin is None and free and (first or self._mapped(upstream, name)):
            pin = pins[name] = pin_of(definition, digest)
            self._keep(upstream, name, pin)
        if pin is None or pin.tool_hash != digest:
            why = Why.NEW if pin is None else Why.CHANGED
            return Withheld(upstream, name, listed_name, why, definition, digest)
        return Tool(upstream, name, listed_name, definition, digest)


def pin_of(definition: JsonObject, digest: str) -> Pinned:
    """A definition as it is kept."""
    return Pinned(digest, strictjson.dumps(definition).decode())


def _withheld(tool: Tool | Withheld, why: Why) -> Withheld:
    return Withheld(tool.upstream, tool.name, tool.listed_name, why, tool.definition, tool.tool_hash)


def _change(found: Tool | Withheld, known: Tool | Withheld | None, pins: dict[str, Accepted]) -> list[Event]:
    """The record of a definition that differs from the accepted one, or appeared after the first listing."""
    if isinstance(found, Tool) and (known is None or isinstance(known, Withheld)):
        return []
    pin = pins.get(found.name)
    data: JsonObject = {
        "kind": "added" if pin is None else "changed",
        "new": found.tool_hash,
        "why": found.why.value if isinstance(found, Withheld) else "accepted",
    }
    if pin is not None:
        data["old"] = pin.tool_hash
    return [Event("tool.changed", {"upstream": found.upstream, "tool": found.name}, data)]
