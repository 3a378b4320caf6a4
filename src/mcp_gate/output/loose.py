"""JSON as lenient readers read it: keys that stand twice, NaN, numbers of any size, documents within a text. What is
written again holds all that was not taken out, as it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mcp_gate.model.foreign import Json


@dataclass(frozen=True, slots=True)
class Members:
    """An object, with each of its members: one reader takes the first of two with the same key, another the last."""

    pairs: tuple[tuple[str, Loose], ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """A number as it was written."""

    text: str


Loose: TypeAlias = "Json | Members | Raw"

MOST_TRIES: Final = 256
"""Brackets of one text that begin no document, after which no more are looked at."""
_BRACKET: Final = re.compile(r"[{\[]")
_READER: Final = json.JSONDecoder(
    object_pairs_hook=lambda pairs: Members(tuple(pairs)), parse_float=Raw, parse_int=Raw, parse_constant=Raw,
    strict=False,
)  # fmt: skip


def documents(text: str) -> Iterator[tuple[int, int, Loose]]:
    """The objects and lists in a text: where each begins and ends, and what it says."""
    at = tries = 0
    while tries < MOST_TRIES and (match := _BRACKET.search(text, at)) is not None:
        try:
            value, end = _READER.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            tries += 1
            at = match.end()
        else:
            yield match.start(), end, value
            at = end


def members(value: Loose) -> tuple[tuple[str, Any], ...] | None:
    """The members of an object; None: it is none."""
    if isinstance(value, Members):
        return value.pairs
    return tuple(value.items()) if isinstance(value, dict) else None


def like(value: Loose, pairs: list[tuple[str, Any]]) -> Loose:
    """An object of the kind of another one."""
    return Members(tuple(pairs)) if isinstance(value, Members) else dict(pairs)


def written(value: Loose) -> str:
    """As JSON.

    Raises:
        RecursionError: it is too deep.
    """
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    pairs = members(value)
    if pairs is not None:
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{written(child)}" for key, child in pairs) + "}"
    return json.dumps(value, ensure_ascii=False)
