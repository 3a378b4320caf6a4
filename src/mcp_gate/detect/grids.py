"""Tables that are drawn: columns of a fixed width under their names, records a field a line, rows of HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from mcp_gate.detect import fields, values
from mcp_gate.detect.fieldrules import HUMAN
from mcp_gate.detect.fields import entity_of
from mcp_gate.detect.finding import Finding

_RULED: Final = re.compile(r"\n([ \t]*-{2,}+(?: {1,4}-{2,}+)+)[ \t\r]*\n")
_DASHES: Final = re.compile(r"-+")
_CAPITALS: Final = re.compile(r"([A-Z][A-Z_#-]+(?: [A-Z_#-]+)?(?: {2,}[A-Z][A-Z_#-]*(?: [A-Z_#-]+)?)+)[ \r]*\n")
"""A line of names in capitals: the first, or behind an empty one."""
_FRAME: Final = re.compile(r"(?:\A|\n)( {2,200}\w[\w. ]{2,2000})\r?\n(?=0 {2,})")
"""A line of names without one over the numbers of the rows."""
_FIRST_ROW: Final = "\n0  "
"""Asked for first, in a hundredth of the time."""
_GAP: Final = re.compile(r"\n\n")
_GROUP: Final = re.compile(r"\S+(?: \S+)*")
_RECORD: Final = re.compile(r"\n([a-z_][\w .]{0,62}?) *\| ([^\n]*)")
_TAG: Final = re.compile(r"<(/?)(t[rhd]|d[td]|table|dl)\b[^<>]{0,400}>", re.IGNORECASE)
_SHOWN: Final = re.compile(r"(?:[^<>]{0,400}>)?\s*([^<>\s][^<>]*)")
_LONGEST: Final = 2_000
"""Characters of a line that is looked at."""


class _Cell(NamedTuple):
    """What a cell of HTML shows, and whether it is a name of others."""

    is_name: bool
    start: int
    end: int


def find(text: str) -> Iterator[Finding]:
    """Findings in cells, by the names of their columns, rows or fields."""
    for rule in _RULED.finditer(text):
        yield from _ruled(text, rule)
    if _FIRST_ROW in text:
        for frame in _FRAME.finditer(text):
            columns = ["", *_GROUP.findall(frame[1])]
            yield from _rows(text, frame.end(), [_LONGEST] * len(columns), columns)
    if "-[ RECORD" in text:
        for line in _RECORD.finditer(text):
            yield from _value(text, _kinds([line[1], "email"])[0], *line.span(2))
    for begin in (0, *(gap.end() for gap in _GAP.finditer(text))):
        if names := _CAPITALS.match(text, begin):
            cells = list(_GROUP.finditer(text, *names.span(1)))
            starts = [one.start() - begin for one in cells]
            yield from _rows(text, names.end(), starts, [one[0] for one in cells])
    yield from _marked(text)


def _ruled(text: str, rule: re.Match[str]) -> Iterator[Finding]:
    """Under a line of dashes."""
    begin = text.rfind("\n", 0, rule.start()) + 1
    if rule.start() - begin > _LONGEST:
        return
    places = [one.start() - rule.start(1) for one in _DASHES.finditer(text, *rule.span(1))]
    header = text[begin : rule.start()]
    names = [header[start:end].strip() for start, end in zip(places, [*places[1:], len(header)], strict=True)]
    yield from _rows(text, rule.end(), places, names)


def _kinds(names: Sequence[str]) -> list[str | None]:
    """The entities of columns; a `name` is a person's where something else is."""
    kinds = [entity_of((name,)) for name in names]
    human = any(kind in HUMAN for kind in kinds)
    return [("PERSON" if human else None) if kind == fields.NAME else kind for kind in kinds]


def _rows(text: str, at: int, starts: Sequence[int], names: Sequence[str]) -> Iterator[Finding]:
    """Lines up to an empty one: as many cells with two spaces between them, or what lies under the names."""
    kinds = _kinds(names)
    while any(kinds) and at < len(text):
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        if stop - at > _LONGEST or not text[at:stop].strip():
            return
        cells = [one.span() for one in _GROUP.finditer(text, at, stop)]
        if len(cells) != len(kinds):
            ends = [*starts[1:], stop - at]
            cells = [(min(at + start, stop), min(at + end, stop)) for start, end in zip(starts, ends, strict=True)]
        for kind, cell in zip(kinds, cells, strict=True):
            yield from _value(text, kind, *cell)
        at = stop + 1


def _marked(text: str) -> Iterator[Finding]:
    """Cells of HTML, row by row; a row of nothing but names names the columns."""
    columns: list[str | None] = []
    row: list[_Cell] = []
    opened, begin = "", 0
    for tag in _TAG.finditer(text):
        if opened and (shown := _SHOWN.match(text, begin, tag.start())):
            row.append(_Cell(opened in ("th", "dt"), *shown.span(1)))
        elif opened:
            row.append(_Cell(False, begin, begin))
        name = tag[2].lower()
        opened, begin = ("", 0) if tag[1] or name in ("tr", "table", "dl") else (name, tag.end())
        if row and name in ("tr", "table", "dl"):
            if len(row) > 1 and all(cell.is_name for cell in row):
                columns = _kinds([text[cell.start : cell.end].strip() for cell in row])
            else:
                yield from _cells(text, row, columns)
            row = []
        if name == "table":
            columns = []
    yield from _cells(text, row, columns)


def _cells(text: str, row: Sequence[_Cell], columns: Sequence[str | None]) -> Iterator[Finding]:
    """Findings in a row, by its columns or else by the names in it: those marked so, or the first of two."""
    beside: str | None = None
    for place, cell in enumerate(row):
        if len(row) == len(columns):
            beside = columns[place]
        elif cell.is_name or (place == 0 and len(row) == 2):
            beside = _kinds([text[cell.start : cell.end].strip().rstrip(":"), "email"])[0]
            continue
        yield from _value(text, beside, cell.start, cell.end)


def _value(text: str, kind: str | None, start: int, end: int) -> Iterator[Finding]:
    while end > start and text[end - 1] in " \t\r\n":
        end -= 1
    if kind is not None and start < end and (found := values.find(kind, text, start, end, whole=True)):
        yield found
