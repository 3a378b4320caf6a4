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

OFTEN: Final = 4
"""How often a text is gone through, at most, for brackets that begin no document."""
AT_LEAST: Final = 64
"""Characters that one such bracket costs."""
WINDOW: Final = 512
"""Characters in which most documents end."""
DEEP: Final = 10_000
"""The same for one that leads too deep."""
_BRACKET: Final = re.compile(r"(?P<label>\[[\w .:,+-]*\])|[{\[]")
"""A label, in which there are no keys, or what may begin something."""
_READER: Final = json.JSONDecoder(
    object_pairs_hook=lambda pairs: Members(tuple(pairs)), parse_float=Raw, parse_int=Raw, parse_constant=Raw,
    strict=False,
)  # fmt: skip


def documents(text: str) -> Iterator[tuple[int, int, Loose]]:
    """The objects and lists in a text: where each begins and ends, and what it says."""
    at, left = 0, OFTEN * len(text) + OFTEN * DEEP
    while left > 0 and (match := _BRACKET.search(text, at)) is not None:
        start, at = match.start(), match.end()
        if match["label"]:
            continue
        try:
            value, end = _document(text, start)
        except _Broken as broken:
            left -= broken.cost
        else:
            yield start, end, value
            at = end


class _Broken(Exception):
    """A bracket begins no document."""

    def __init__(self, cost: int) -> None:
        super().__init__()
        self.cost = cost


def _document(text: str, start: int) -> tuple[Loose, int]:
    """
    Raises:
        _Broken: there is none.
    """
    size = WINDOW
    while True:
        try:  # the parser's errors count the lines before them: it is shown no more than it may need
            value, end = _READER.raw_decode(text[start : start + size])
        except json.JSONDecodeError as e:
            cut_off = e.pos > size - AT_LEAST or e.msg.startswith("Unterminated")
            if not cut_off or start + size >= len(text):
                raise _Broken(max(min(size, len(text) - start) if cut_off else e.pos, AT_LEAST)) from None
        except RecursionError:
            raise _Broken(DEEP) from None
        else:
            return value, start + end
        size *= 16


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
