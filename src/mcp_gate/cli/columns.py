"""Text in columns for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], longest: int = 48) -> str:
    """Aligned columns, two spaces apart; a cell wider than `longest` columns is cut with `…`, but for the last.

    Cells must have been revealed.
    """
    lines = [head, *([*(_cut(cell, longest) for cell in row[:-1]), row[-1]] for row in rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(_pad(cell, w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def counted(count: int, one: str, several: str = "") -> str:
    """`1 file`, `2 files`; `several` where it is not made by an s."""
    return f"{count} {one if count == 1 else several or one + 's'}"


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def _cut(text: str, longest: int) -> str:
    if width(text) <= longest:
        return text
    while width(text) >= longest:
        text = text[:-1]
    return text + "…"
