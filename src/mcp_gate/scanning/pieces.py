"""Leaves in pieces of bounded size, and the findings in them put together again: as if all had been looked at at once.

A leaf too long for one piece is seen through windows that overlap; each answers for its own part. A table's first line
is shown to every window, since it says what the columns are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_gate.detect.finding import Leaf

TOGETHER: Final = 262_144
"""Characters of several leaves in one piece."""
MOST_LEAVES: Final = 2_000
LONGEST: Final = 1_048_576
"""Characters of one leaf in one piece, without what is shown beside them."""
BESIDE: Final = 4_096
"""Characters shown before and after a window; the last ones of the piece before are shown to the next as well."""
_HEADING: Final = re.compile(r"[^\n]{3,1024}\n")
_COLUMNS: Final = re.compile(r"[,;|\t]")


@dataclass(frozen=True, slots=True)
class Window:
    """What a piece shows of one leaf."""

    leaf: int
    """Its number among all leaves."""
    shift: int = 0
    """What has to be added to a place in the piece to have the one in the leaf."""
    first: int = 0
    last: int | None = None
    """The part of the leaf that it answers for; None is its end."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is scanned at a time."""

    leaves: tuple[Leaf, ...]
    windows: tuple[Window, ...]
    """One for each of them."""


def pieces(leaves: Sequence[Leaf], most: int | None = None) -> Iterator[Piece]:
    """All leaves that hold anything, in order.

    Args:
        most: characters of several leaves in one piece; by default `TOGETHER`.
    """
    most = most or TOGETHER
    together: list[int] = []
    size = 0
    for number, leaf in enumerate(leaves):
        if len(leaf.text) > most or size + len(leaf.text) > most or len(together) >= MOST_LEAVES:
            if together:
                yield _whole(leaves, together)
            together = _tail(leaves, together)
            size = sum(len(leaves[each].text) for each in together)
        if len(leaf.text) > LONGEST:
            together, size = [], 0
            yield from _windows(number, leaf)
        elif leaf.text:
            together.append(number)
            size += len(leaf.text)
    if together:
        yield _whole(leaves, together)


def _whole(leaves: Sequence[Leaf], numbers: Sequence[int]) -> Piece:
    return Piece(tuple(leaves[each] for each in numbers), tuple(Window(each) for each in numbers))


def _tail(leaves: Sequence[Leaf], numbers: Sequence[int]) -> list[int]:
    """The last of a piece, as context of the next: a key may be spread over leaves, line by line."""
    size, out = 0, []
    for each in reversed(numbers[-MOST_LEAVES // 8 :]):
        size += len(leaves[each].text)
        if size > BESIDE:
            break
        out.append(each)
    return out[::-1]


def _windows(number: int, leaf: Leaf) -> Iterator[Piece]:
    text = leaf.text
    heading = _heading(text)
    first = 0
    while first < len(text):
        last = _cut(text, first + LONGEST)
        start, stop = max(0, first - BESIDE), min(len(text), last + BESIDE)
        head = ""
        if heading and start > len(heading):
            head = heading
            start = max(text.find("\n", start, first) + 1, len(heading)) if "\n" in text[start:first] else start
        shown = leaf._replace(text=head + text[start:stop])
        yield Piece((shown,), (Window(number, start - len(head), first, last),))
        first = last


def _heading(text: str) -> str:
    """The first line, if it may be that of a table."""
    line = _HEADING.match(text)
    return line.group() if line is not None and len(_COLUMNS.findall(line.group())) >= 2 else ""


def _cut(text: str, near: int) -> int:
    """A place up to which a window goes: behind the last line or word that ends in it, if one does."""
    if near >= len(text):
        return len(text)
    for gap in ("\n", " "):
        at = text.rfind(gap, near - BESIDE, near)
        if at >= 0:
            return at + 1
    return near
