"""What a walk over a payload comes to: leaves, and where each of them stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, TypeAlias

from mcp_gate.detect.finding import Leaf


class Inside(Enum):
    """A step that is neither a key nor an index."""

    JSON = "the JSON that a text is"


class Part(Enum):
    """Which part of a payload a leaf is."""

    TEXT = "text"
    NUMBER = "number"
    KEY = "key"
    HANDLE = "handle"
    """Has to stay as it is: its client says it back."""


_new: Final = tuple.__new__
"""Makes a leaf, too, and in half the time."""
Step: TypeAlias = str | int | Inside
Trail: TypeAlias = "tuple[Trail, Step] | None"
"""The way to a value, last step first: sharing costs nothing. None is the payload itself."""

STRUCTURED: Final = "structuredContent"


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something that cannot be looked into: a picture, a sound, a blob."""

    trail: Trail
    """The object that holds it."""
    member: str
    """Where in the object it stands."""
    what: str


@dataclass(slots=True)
class Walked:
    """What one walk came to. The three lists go together."""

    leaves: list[Leaf] = field(default_factory=list)
    trails: list[Trail] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    """The leaves that are texts for a reader, in order: a value may be split over them."""
    lists: list[tuple[int, ...]] = field(default_factory=list)
    """Short lists of nothing but texts, for the same reason."""
    twins: list[Trail] = field(default_factory=list)
    """Texts that repeat the structured form."""
    opaque: list[Opaque] = field(default_factory=list)
    in_structure: int = 0
    """How many leaves, from the first, are the structured form's."""

    def structured(self, leaf: int) -> bool:
        """Whether a leaf belongs to the structured form, where a result has one; texts then only repeat it."""
        return not self.in_structure or leaf < self.in_structure

    def with_texts(self, texts: Mapping[int, str]) -> Walked:
        """The same, with other texts in some leaves; where a number was, a text is."""
        leaves, parts = self.leaves.copy(), self.parts.copy()
        for at, text in texts.items():
            leaves[at] = _new(Leaf, (text, leaves[at].keys))
            parts[at] = Part.TEXT
        return replace(self, leaves=leaves, parts=parts)


def steps(trail: Trail) -> tuple[Step, ...]:
    """The steps to a value, first one first."""
    out: list[Step] = []
    while trail is not None:
        trail, step = trail
        out.append(step)
    return tuple(reversed(out))
