"""Text on its way to the screen: pieces, rows, and rows laid out as lines of cells. Pure; nothing here is markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from rich.cells import cell_len, get_character_cell_size

from mcp_gate.lang.reveal import NEWLINE, reveal

Piece: TypeAlias = tuple[str, str]
"""Text without anything hidden, and its style in Rich's words ("bold", "dim", "#E69F00", or "")."""
Line: TypeAlias = tuple[Piece, ...]

ORANGE: Final = "#E69F00"
REVEALED: Final = re.compile(r"(⟨U\+[0-9A-F]{4,6}⟩)")
GUTTER: Final[Line] = (("┃ ", ORANGE),)
"""Stands before every line but the first of a foreign text, so that none can begin a line and pass for one of ours."""
LABEL: Final = 12
"""Cells of the column of labels."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to read. A line feed in `body` starts a new line; nothing else in it moves the cursor."""

    body: Line
    first: Line = ()
    """Stands before the first line."""
    further: Line = ()
    """Stands before each further line."""


BLANK: Final = Row(())


def heading(text: str, note: str = "") -> Row:
    """A row that begins a part, with a note beside it."""
    return Row(((text, "bold underline"), *((("  " + note, "dim"),) if note else ())))


def labelled(label: str, *body: Piece) -> Row:
    """A label and its value, wrapped beside it."""
    return Row(body, first=((f"{label:<{LABEL}}", "dim"),), further=((" " * LABEL, ""),))


def foreign(text: str, style: str = "", *, longest: int | None = None) -> Line:
    """Text of an agent or an upstream as pieces; what had to be revealed is drawn reversed.

    Args:
        longest: characters shown; of a longer text head and tail are, with the number left out between them.
    """
    return marked(reveal(text), style) if longest is None else shortened(reveal(text), style, longest)


def marked(revealed: str, style: str = "") -> Line:
    """Text that was revealed already, with the revealed characters reversed."""
    pieces = REVEALED.split(revealed)
    return tuple((piece, f"{style} reverse".strip() if i % 2 else style) for i, piece in enumerate(pieces) if piece)


def shortened(revealed: str, style: str, longest: int) -> Line:
    """Head, how much is left out, and tail: what matters may stand in either."""
    if len(revealed) <= longest:
        return marked(revealed, style)
    tail = longest // 3
    head = longest - tail
    left_out = f" ⟪{len(revealed) - longest:,} characters left out⟫ "
    return (*marked(revealed[:head], style), (left_out, "reverse"), *marked(revealed[-tail:], style))


def prose(text: str, longest: int) -> Row:
    """What somebody wrote, with its own line breaks, behind the gutter from the first line on."""
    body = tuple((piece.replace(NEWLINE, NEWLINE + "\n"), style) for piece, style in foreign(text, longest=longest))
    return Row(body, first=GUTTER, further=GUTTER)


def plain(line: Line) -> str:
    """The text of a line without its styles."""
    return "".join(text for text, _ in line)


def width_of(line: Line) -> int:
    """Cells."""
    return sum(cell_len(text) for text, _ in line)


def fitted(line: Line, cells: int) -> Line:
    """The line cut to a number of cells, with an ellipsis where something was cut."""
    if width_of(line) <= cells:
        return line
    out: list[Piece] = []
    room = max(cells - 1, 0)
    for text, style in line:
        end = _fit(text, 0, len(text), room)
        out.append((text[:end], style))
        room -= cell_len(text[:end])
        if end < len(text):
            break
    return (*out, ("…", "")) if cells > 0 else ()


def hang(rows: Iterable[Row], width: int) -> list[Line]:
    """Rows as lines of at most `width` cells; no character is lost, spaces at the ends of lines included."""
    out: list[Line] = []
    for row in rows:
        room = max(2, width - max(width_of(row.first), width_of(row.further)))
        pieces = _Pieces(row.body)
        for number, (start, end) in enumerate(_cuts(plain(row.body), room)):
            out.append((*(row.further if number else row.first), *pieces.between(start, end)))
    return out


def _cuts(text: str, room: int) -> Iterator[tuple[int, int]]:
    """Where each line starts and ends. Lines break after a space where one is near, else anywhere."""
    start = 0
    while True:
        stop = text.find("\n", start)
        last = stop < 0
        stop = len(text) if last else stop
        while (end := _fit(text, start, stop, room)) < stop:
            space = text.rfind(" ", start, end) + 1
            end = space if space > start + room // 2 else end
            yield start, end
            start = end
        yield start, stop
        if last or stop == len(text) - 1:
            return
        start = stop + 1


def _fit(text: str, start: int, stop: int, room: int) -> int:
    """How far from `start` the text fits into `room` cells; at least one character if any room is there."""
    if text.isascii():
        return min(start + room, stop)
    used = 0
    for i in range(start, stop):
        used += get_character_cell_size(text[i])
        if used > room:
            return max(i, start + 1) if room > 0 else i
    return stop


class _Pieces:
    """Takes a line apart from its start to its end, in time that grows with its length alone."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._first = 0
        self._at = 0
        """Where the piece `_first` starts."""

    def between(self, start: int, end: int) -> Line:
        """A stretch that starts no sooner than the one before."""
        line = self._line
        while self._first < len(line) and self._at + len(line[self._first][0]) <= start:
            self._at += len(line[self._first][0])
            self._first += 1
        out: list[Piece] = []
        at, i = self._at, self._first
        while at < end and i < len(line):
            text, style = line[i]
            out.append((text[max(start - at, 0) : end - at], style))
            at += len(text)
            i += 1
        return tuple(out)
