"""Texts in pieces: which texts of a list may be parts of one value, and numbers that are a text byte by byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mcp_gate.model.foreign import Json

MOST_PIECES: Final = 4
LEAST_BYTES: Final = 8
"""Numbers that may be a text, byte by byte, as Node writes buffers."""
TINY: Final = 2
LONGEST_WORD: Final = 32
"""Characters of a piece that is one of many."""
_WITHIN: Final = frozenset("-.@/ ")
"""Characters between the parts of values."""


def said_in_bytes(numbers: list[Json]) -> str:
    """The text that is written so; "" where it is none."""
    if not all(type(number) is int and 9 <= number < 256 for number in numbers):
        return ""
    text = bytes(numbers).decode("utf-8", "replace")
    return (
        text
        if "\ufffd" not in text and text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable()
        else ""
    )


def in_a_row(texts: Sequence[tuple[int, str]]) -> Iterator[tuple[int, ...]]:
    """Leaves with short texts of which each goes on with the one before, three or more: words of one sentence."""
    row: list[int] = []
    before = ""
    for leaf, text in (*texts, (0, "." * (LONGEST_WORD + 1))):
        if len(text) > LONGEST_WORD or (row and not goes_on(before, text)):
            if len(row) > 2:
                yield tuple(row)
            row = []
        if len(text) <= LONGEST_WORD:
            row.append(leaf)
        before = text


def goes_on(text: str, following: str) -> bool:
    """Whether a text ends, or the next one begins, like a part of something."""
    return text[-1:] in _WITHIN or following[:1] in _WITHIN
