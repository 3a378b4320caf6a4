"""Prompts as they were listed, compared with the definitions that were accepted.

A prompt is accepted when it is first seen: every `prompts/get` is decided by the policy anyway. A definition that
changed since is withheld until somebody accepts it (`mcp-gate upstreams pin`), as a tool's is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mcp_gate.evidence.hashes import tool_hash
from mcp_gate.lang.canonical import CanonicalError
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.catalog import Accepted, Keep, Why, Withheld, pin_of

PREFIX: Final = "prompt "
"""Stands before a prompt's name among the pins of an upstream. No tool has a space in its name."""


class Prompts:
    """The accepted prompts of all upstreams."""

    def __init__(self, keep: Keep) -> None:
        """
        Args:
            keep: called for each definition that is accepted at first sight.
        """
        self._keep = keep
        self._pins: dict[str, dict[str, Accepted]] = {}
        self._withheld: dict[str, dict[str, Withheld]] = {}

    def load(self, upstream: str, pins: Mapping[str, Accepted]) -> None:
        """The definitions accepted earlier, tools' among them."""
        self._pins[upstream] = {name.removeprefix(PREFIX): pin for name, pin in pins.items() if name.startswith(PREFIX)}

    def judge(self, upstream: str, prefix: str, definition: JsonObject) -> tuple[bool, Event | None]:
        """Whether a listed prompt may be shown and got, and the record of a change that was not seen before.

        Args:
            definition: as listed, with a `name`. One without a digest (half a surrogate pair) is never accepted.
        """
        name = definition["name"]
        try:
            digest = tool_hash(definition)
        except CanonicalError:
            return False, None
        pins, withheld = self._pins.setdefault(upstream, {}), self._withheld.setdefault(upstream, {})
        pin = pins.get(name)
        if pin is None:
            pin = pins[name] = pin_of(definition, digest)
            self._keep(upstream, PREFIX + name, pin)
        if pin.tool_hash == digest:
            withheld.pop(name, None)
            return True, None
        found = Withheld(upstream, name, prefix + name, Why.CHANGED, definition, digest)
        if withheld.get(name) == found:
            return False, None
        withheld[name] = found
        data: JsonObject = {"kind": "changed", "of": "prompt", "old": pin.tool_hash, "new": digest, "why": found.why}
        return False, Event("tool.changed", {"upstream": upstream, "tool": name}, data)

    def withheld(self, upstream: str) -> list[Withheld]:
        """What is listed and not offered for its definition."""
        return list(self._withheld.get(upstream, {}).values())

    def acceptable(self, upstream: str, name: str) -> Withheld | None:
        """A prompt that is withheld until somebody accepts its definition; None if this one is not."""
        return self._withheld.get(upstream, {}).get(name)

    def pinned(self, upstream: str, name: str) -> Accepted | None:
        """The accepted definition of a prompt."""
        return self._pins.get(upstream, {}).get(name)

    def accept(self, prompt: Withheld) -> None:
        """Offer a prompt from now on, under exactly this definition. The caller has recorded it."""
        self._pins.setdefault(prompt.upstream, {})[prompt.name] = pin_of(prompt.definition, prompt.tool_hash)
        if self._withheld.get(prompt.upstream, {}).get(prompt.name) == prompt:
            del self._withheld[prompt.upstream][prompt.name]
