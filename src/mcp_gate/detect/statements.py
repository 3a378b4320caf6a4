"""Rows in statements of SQL: `INSERT INTO people (name, ssn) VALUES ('Ann Lee', ...)`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_gate.detect import fields, values
from mcp_gate.detect.fieldrules import HUMAN
from mcp_gate.detect.fields import entity_of
from mcp_gate.detect.finding import Finding

_INTO: Final = re.compile(
    r"(?:(?:\s{1,8}\w{1,12})?\s{1,8}into)?\s{1,8}\S{1,128}\s{0,8}\(([^()]{1,2000})\)\s{0,8}values\s{0,8}", re.IGNORECASE
)
"""Behind `insert into`, or behind `insert or`, `insert ignore`."""
_ROW: Final = re.compile(r"\(((?:'[^']*'|[^'()])*)\)\s{0,8},?\s{0,8}")
_CELL: Final = re.compile(r"'([^']*(?:''[^']*)*)'|([^\s,'][^,']*)")
_COPY: Final = re.compile(
    r"[cC](?<!\w.)(?i:opy\s{1,8}\S{1,128}\s{0,8}\(([^()]{1,2000})\)\s{1,8}from\s{1,8}stdin[^\n]{0,200}\n)"
)
"""It begins with what `re` runs to."""


def find(text: str, ends: Sequence[int]) -> Iterator[Finding]:
    """Findings in values, by the names of their columns.

    Args:
        ends: where the words end that a statement begins with, or that its rows follow.
    """
    for into in filter(None, (_INTO.match(text, end) for end in ends)):
        columns = _columns(into[1])
        at = into.end()
        while row := _ROW.match(text, at):
            at = row.end()
            for entity, cell in zip(columns, _CELL.finditer(text, *row.span(1)), strict=False):
                if entity not in (None, fields.NAME):
                    found = values.find(str(entity), text, *cell.span(cell.lastindex or 0), whole=True)
                    if found is not None:
                        yield found
    for copy in _COPY.finditer(text) if any(text[end - 1 : end] in "nN" for end in ends) else ():  # `from stdin`
        columns, at = _columns(copy[1]), copy.end()
        while at < len(text) and not text.startswith("\\.", at):
            stop = text.find("\n", at)
            stop = len(text) if stop < 0 else stop
            for entity, value in zip(columns, text[at:stop].split("\t"), strict=False):
                if entity not in (None, fields.NAME):
                    yield from filter(None, (values.find(str(entity), text, at, at + len(value), whole=True),))
                at += len(value) + 1
            at = stop + 1


def _columns(names: str) -> list[str | None]:
    """Entities of columns; a `name` is a person's where something else is."""
    columns = [entity_of((name.strip(' "`[]\n\t'),)) for name in names.split(",")]
    if any(entity in HUMAN for entity in columns):
        return ["PERSON" if entity == fields.NAME else entity for entity in columns]
    return columns
