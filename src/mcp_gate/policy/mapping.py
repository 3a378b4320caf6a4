"""What the admin says of an upstream's tools, resources and prompts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from mcp_gate.lang.conditions import Condition
from mcp_gate.lang.globs import Matcher

AMOUNTS: Final = frozenset({"amount_usd", "affected_users"})
"""Attributes that rules compare with numbers by their very name: plain numbers from zero up, or unknown."""


@dataclass(frozen=True, slots=True)
class Count:
    """`count(path)`: how many items a list has, 1 for a single text."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A path into the arguments."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TagWhen:
    """Tags added where a condition holds, or cannot be told."""

    when: Condition
    add: frozenset[str]


@dataclass(frozen=True, slots=True)
class ToolMapping:
    """One entry below `tools:`, or the whole of `resources:` or `prompts:`."""

    topic: str
    """May hold `{tool}`."""
    risk_tags: frozenset[str]
    attributes: Mapping[str, Value | Count] = field(default_factory=dict)
    tag_when: tuple[TagWhen, ...] = ()
    ask: tuple[str, ...] = ()
    accepts: frozenset[str] = frozenset()
    """Entities whose tokens are put back in its arguments."""
    taint: bool = False
    """Whether nobody vouches for what its results say."""


@dataclass(frozen=True, slots=True)
class UpstreamMapping:
    """Exact names first, then globs in order."""

    tools: Mapping[str, ToolMapping] = field(default_factory=dict)
    globs: tuple[tuple[Matcher, ToolMapping], ...] = ()
    resources: ToolMapping | None = None
    prompts: ToolMapping | None = None

    def all(self) -> Iterator[ToolMapping]:
        """Every entry."""
        yield from self.tools.values()
        yield from (found for _, found in self.globs)
        yield from (found for found in (self.resources, self.prompts) if found is not None)

    def tool(self, name: str) -> ToolMapping | None:
        """The mapping of a tool, or None: it is unmapped."""
        exact = self.tools.get(name)
        if exact is not None:
            return exact
        return next((mapping for matches, mapping in self.globs if matches(name)), None)

    def of(self, tool: str, method: str) -> ToolMapping | None:
        """The mapping that applies to a job of an MCP method; see `signals.describe` for what `tool` is.

        A method that is none of these three families has no mapping.
        """
        if method == "tools/call":
            return self.tool(tool)
        if method.startswith("resources/"):
            return self.resources
        return self.prompts if method.startswith("prompts/") else None
