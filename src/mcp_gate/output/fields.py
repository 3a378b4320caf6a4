"""How a place in a payload is called in the record (contract 9, Output)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from mcp_gate.detect.finding import Leaf
from mcp_gate.output.walk import plain
from mcp_gate.output.walked import STRUCTURED, Inside, Trail, steps

LONGEST: Final = 64
"""Characters of one key that are told."""
_NAME: Final = re.compile(r"(?!.*[0-9]{3})[a-z][a-zA-Z0-9]*(?:[_-][a-zA-Z0-9]+)*")
UNTOLD: Final = "[REDACTED]"
"""Stands for a key that is private itself."""


class Fields:
    """What places of one payload are called: those in one object share what leads to it."""

    def __init__(self, renamed: Mapping[Trail, str]) -> None:
        """
        Args:
            renamed: keys that were found to be private themselves, by the way to them: what stands in their place.
        """
        self._renamed = renamed
        self._known: dict[int, tuple[Trail, str]] = {}
        """By what a way is known by; ways are kept, or another one might be taken for them."""

    def of(self, trail: Trail) -> str:
        """`response.customer.ssn` in structured data, `content[0].text` in plain text."""
        if trail is None:
            return ""
        before, step = trail
        known = self._known.get(id(before))
        if known is None:
            known = self._known[id(before)] = before, self.of(before)
        if isinstance(step, int):
            return f"{known[1]}[{step}]"
        if isinstance(step, Inside) or (before is None and step == STRUCTURED):
            return "response"
        name = self._renamed.get(trail, step) if self._renamed else step
        if len(name) > LONGEST:
            name = name[: LONGEST - 1] + "…"
        return name if before is None else f"{known[1]}.{name}"


def field_of(trail: Trail, renamed: Mapping[Trail, str]) -> str:
    """What one place is called.

    Args:
        renamed: as of `Fields`.
    """
    return Fields(renamed).of(trail)


def names_field(trail: Trail) -> bool:
    """Whether the last step of a way is what programmers call a field, rather than somebody or something."""
    step = trail[1] if trail is not None else None
    return not isinstance(step, str) or (len(step) <= LONGEST and _NAME.fullmatch(step) is not None)


def keys_of(trails: Iterable[Trail]) -> dict[Trail, Leaf]:
    """The keys on the way to some places that are more than words, as detectors look at them, by the way to each."""
    out: dict[Trail, Leaf] = {}
    for trail in trails:
        while trail is not None:
            before, step = trail
            if isinstance(step, str) and not plain(step) and trail not in out:
                above = steps(before)
                start = above.index(Inside.JSON) + 1 if Inside.JSON in above else 0
                out[trail] = Leaf(step, tuple(name for name in above[start:] if isinstance(name, str)))
            trail = before
    return out
