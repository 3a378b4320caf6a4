"""Where two JSON values differ, place by place. Numbers are compared as values (1 is 1.0), but true is not 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from mcp_gate.model.foreign import Json


class Absent(Enum):
    """There is nothing at a place, which is something else than null."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
Place: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the root."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two values are not the same."""

    place: Place
    before: Json | Absent
    after: Json | Absent

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer (RFC 6901); "" is the root."""
        return pointer(self.place)


def differences(before: Json, after: Json) -> tuple[Difference, ...]:
    """The outermost places that differ, in the order of `after`, what is gone last within its object."""
    return tuple(_differences((), before, after))


def pointer(place: Place) -> str:
    """A place as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)


def _differences(place: Place, before: Json | Absent, after: Json | Absent) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in (*after, *(key for key in before if key not in after)):
            yield from _differences((*place, key), before.get(key, ABSENT), after.get(key, ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        for i in range(max(len(before), len(after))):
            old = before[i] if i < len(before) else ABSENT
            yield from _differences((*place, i), old, after[i] if i < len(after) else ABSENT)
    elif isinstance(before, bool) != isinstance(after, bool) or before != after:
        yield Difference(place, before, after)
