"""JSON inside a text: its values with the names above them, at their places in the text.

Nothing is parsed: the text may be cut off, be several documents, or hold what no parser takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mcp_gate.detect import fields, values
from mcp_gate.detect.fields import entity_of
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.view import read

_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|-?\d[\d.eE+-]*', re.DOTALL)
_LABELS: Final = frozenset(
    {"name", "key", "type", "field", "label", "system", "header", "attribute", "question", "title"}
)
_VALUES: Final = frozenset({"value", "values", "answer", "content", "text"})
_HUMAN: Final = frozenset(
    {"EMAIL_ADDRESS", "PHONE_NUMBER", "DATE_OF_BIRTH", "US_SSN", "PASSPORT", "NATIONAL_ID", "ADDRESS"}
)
_DEEPEST: Final = 64


@dataclass(slots=True)
class _Level:
    """An object or an array that is open."""

    path: tuple[str, ...]
    is_object: bool
    key: str = ""
    label: str = ""
    """What `name` or `type` says, for a `value` beside it."""
    names: list[Finding] = field(default_factory=list)
    """Names that count if something else here is a person's."""
    human: bool = False
    columns: tuple[str, ...] = ()
    """What `columns` beside `rows` says."""
    row: int = -1
    """Which column comes next, in an array that is a row of a table."""


def starts(text: str) -> bool:
    """Whether this could be JSON."""
    return text.lstrip()[:1] in ("{", "[")


def find(text: str, above: tuple[str, ...]) -> Iterator[Finding]:
    """Findings in values, by the names they stand under."""
    levels = [_Level(above, False)]
    waits_for_key = False
    for token in _TOKEN.finditer(text):
        start = token.start()
        char = text[start]
        level = levels[-1]
        if char == '"':
            if waits_for_key:
                level.key = text[start + 1 : token.end() - 1]
                waits_for_key = False
            else:
                yield from _value(text, start + 1, token.end() - 1, level, levels, bare=False)
        elif char in "{[":
            levels.append(_opened(level, levels, char == "{"))
            waits_for_key = char == "{"
        elif char in "}]":
            if len(levels) > 1:
                closed = levels.pop()
                if closed.human:
                    yield from closed.names
                if closed.path[-1:] == ("columns",):
                    levels[-1].columns = closed.columns
            waits_for_key = False
        elif char == ",":
            waits_for_key = level.is_object
        elif char != ":":
            yield from _value(text, start, token.end(), level, levels, bare=True)
    for level in levels:
        if level.human:
            yield from level.names


def _opened(level: _Level, levels: list[_Level], is_object: bool) -> _Level:
    path = (*level.path, level.key) if level.is_object and len(levels) < _DEEPEST else level.path
    opened = _Level(path[-4:], is_object)
    above = levels[-2] if len(levels) > 1 else None
    if not is_object and above is not None and above.columns and level.path[-1:] in (("rows",), ("data",), ("values",)):
        opened.row = 0
        opened.columns = above.columns
    return opened


def _value(text: str, start: int, end: int, level: _Level, levels: list[_Level], *, bare: bool) -> Iterator[Finding]:
    path = (*level.path, level.key) if level.is_object else level.path
    if level.row >= 0:
        path = (level.columns[level.row],) if level.row < len(level.columns) else ()
        level.row += 1
    elif level.path[-1:] == ("columns",) and not level.is_object:
        level.columns = (*level.columns, text[start:end])
    elif level.is_object and level.key in _LABELS and end - start < 64:
        level.label = text[start:end]
    elif level.label and level.key in _VALUES:
        path = (*level.path, level.label)
    entity = entity_of(path[-4:])
    if entity is None:
        return
    level.human = level.human or entity in _HUMAN
    found = _in(text, start, end, "PERSON" if entity == fields.NAME else entity, bare)
    if found is None:
        return
    if entity == fields.NAME:
        if level.is_object and values.two_words(text[start:end]):
            level.names.append(found)
        return
    yield found


def _in(text: str, start: int, end: int, entity: str, bare: bool) -> Finding | None:
    """The finding in one value, which may hold escapes."""
    if bare or "\\" not in text[start:end]:
        found = values.find(entity, text, start, end, whole=True)
        return found and Finding(found.start, found.end, found.entity, found.score, found.rule, bare)
    view = read(text[start:end])
    found = values.find(entity, view.text, 0, len(view.text), whole=True)
    if found is None:
        return None
    first, last = view.source(found.start, found.end)
    return Finding(start + first, start + last, found.entity, found.score, found.rule)
