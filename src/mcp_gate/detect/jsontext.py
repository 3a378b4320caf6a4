"""JSON inside a text: its values with the names above them, at their places in the text.

Nothing is parsed: the text may be cut off, be several documents, or hold what no parser takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from mcp_gate.detect import fields, values
from mcp_gate.detect.fieldrules import HUMAN, words
from mcp_gate.detect.fields import entity_of
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.view import read

_BARE: Final = r"-?\d[\d.eE+-]*+|true|false|null"
_STRING: Final = r'[^"\\]*+(?:\\.[^"\\]*+)*+'
_TOKEN: Final = re.compile(
    rf'"(?P<text>{_STRING})(?:"(?:(?P<key>\s*+:)(?:\s*+(?:"(?P<value>{_STRING})"(?!\s*+:)|(?P<number>{_BARE})))?)?|(?P<open>))'
    rf"|(?P<bracket>[{{}}\[\]])|(?P<bare>{_BARE})",
    re.DOTALL,
)
"""A name with its value, or either alone."""
_BEHIND: Final = re.compile(rf"(?P<bracket>[{{}}\[\]])|(?P<bare>{_BARE})")
"""Behind a quote that nothing closes nothing closes another."""


def _any_case(text: str) -> frozenset[str]:
    """Words in small letters, with a capital first, in capitals."""
    return words(text) | words(text.title()) | words(text.upper())


_LABELS: Final = _any_case("name key k type field label system header attribute question title property")
_WORDING: Final = _any_case("text display")
"""What a label that is an object says it with."""
_NAMED: Final = frozenset({"key", "value", "number"})
"""Tokens that have a name in them, and"""
_BARES: Final = frozenset({"number", "bare"})
"""such as have a value without quotes."""
_ASK: Final = "?"
_VALUES: Final = _any_case("value values v answer content text")
_TELLING: Final = _LABELS | _WORDING | _VALUES
"""Under these it depends on what stands beside a value what it is."""
_COLUMNS: Final = words("columns headers header fields columnNames column_names")
_ACCOUNTS: Final = _any_case("account acct")
_ROWS: Final = words("rows data values records")
_CALLED: Final = _any_case("name names")
"""What people are called by, and things."""
_ESCAPED: Final = re.compile(r'(?:\\\\)+\\?"?|\\"')
_OPEN: Final = re.compile(r'\s{0,8}[{\[][\s{\[]{0,64}\\["nrt]')
_NESTED: Final = 3
"""So often JSON in a string of JSON is gone into."""
_DEEP: Final = 4
"""So many names above a value are looked at."""


_Why: TypeAlias = Literal["name", "word", "account", "initial"]
"""A name; a name of one word; what stands under `account`; what stands under `first`, `last` and so on."""


@dataclass(slots=True)
class _Level:
    """An object or an array that is open."""

    path: tuple[str, ...]
    is_object: bool
    kinds: dict[str, str | None]
    """Entities by names in it."""
    key: str = ""
    labels: tuple[str, ...] = ()
    """What `name` or `type` says, for a `value` beside it."""
    human: bool = False
    """Something here is a person's."""
    columns: tuple[str, ...] = ()
    """What `columns` beside `rows` says."""
    header: tuple[str, ...] = ()
    """What the first of the arrays in an array says, if it names the columns of the others."""
    cells: list[str] | None = None
    """The texts in it, where it may be such a one; of the array around it: that the first was seen."""
    row: int = -1
    """Which column comes next, in an array that is a row of a table."""
    bank: bool = False
    """Something here is of a bank."""
    part: bool = False
    """A part of a name is among the fields: a `name` of one word is the other."""
    value: tuple[int, int, bool] | None = None
    """Where a `value` lies that stands before its label, and whether it is bare."""
    kept: list[tuple[_Why, Finding]] | None = None
    """What counts only if something else is here: made when there is some, as there may be very many levels."""

    def keep(self, why: _Why, found: Finding | None) -> None:
        """Until all was seen."""
        if found is not None:
            self.kept = self.kept or []
            self.kept.append((why, found))

    def counting(self) -> Sequence[Finding]:
        """What of it counts, now that all of it was seen."""
        if self.kept is None:
            return ()
        several = sum(why == "initial" for why, _ in self.kept) > 1
        counts = {"name": self.human, "word": self.part, "account": self.bank, "initial": several}
        return [found for why, found in self.kept if counts[why]]

    def inside(self) -> tuple[str, ...]:
        """The names above what stands in its last value."""
        return (*self.path[1 - _DEEP :], self.key) if self.is_object else self.path


def starts(text: str) -> bool:
    """Whether this could be JSON."""
    return text[:64].lstrip()[:1] in ("{", "[")


def find(text: str, above: tuple[str, ...], nested: int = _NESTED) -> Iterator[Finding]:
    """Findings in values, by the names they stand under.

    Args:
        nested: so often JSON in strings is gone into.
    """
    known: dict[tuple[str, ...], dict[str, str | None]] = {above: {}}
    root = level = _Level(above, False, known[above])
    levels = [root]
    for token in _tokens(text):
        kind = token.lastgroup or ""
        if kind == "bracket":
            if (char := token["bracket"]) in "{[":
                level = _opened(level, levels, char == "{", known)
                levels.append(level)
            elif len(levels) > 1:
                closed = levels.pop()
                level = levels[-1]
                yield from _closed(text, closed, level)
            continue
        if kind in _NAMED:
            level.key = token["text"]
        bare = kind in _BARES
        if kind == "key" or (bare and level is root and not above):  # between documents no value has a name
            continue
        start, end = token.span(kind)
        if level.cells is not None and not level.is_object:
            level.cells.append("" if bare else text[start : min(end, start + 64)])
        if not bare and nested and text[start] in "{[" and _OPEN.match(text, start):
            yield from _within(text, start, end, level.inside(), nested - 1)
            continue
        entity: str | None = _ASK
        if level.is_object and level.key not in _TELLING:
            entity = level.kinds.get(level.key, _ASK)
        if entity is _ASK:
            entity = _kind(text, start, end, level, bare=bare)
        if entity is None:
            if not level.is_object:
                continue
            if level.key in _ACCOUNTS:
                level.keep("account", _in(text, start, end, "BANK_ACCOUNT", bare=bare))
            if not bare and fields.is_first_or_last(level.key):
                level.keep("initial", _in(text, start, end, "PERSON", bare=False))
            continue
        if found := _found(text, start, end, level, entity, bare=bare):
            yield found
    for level in levels:
        yield from level.counting()


def _found(text: str, start: int, end: int, level: _Level, entity: str, *, bare: bool) -> Finding | None:
    """What counts at once in a value that should be of an entity. What counts only beside something else is kept."""
    level.human = level.human or entity in HUMAN
    level.bank = level.bank or entity in ("BANK_ACCOUNT", "IBAN_CODE")
    found = _in(text, start, end, entity, bare=bare)
    if found is None:
        if not bare and entity in (fields.NAME, fields.WEAK):
            level.keep("word", _in(text, start, end, "PERSON", bare=False))
        return None
    if level.key in _CALLED and values.is_of_thing(text[start:end]):
        return None
    if entity == fields.NAME:
        level.keep("name", found)
        return None
    level.part = level.part or (entity == "PERSON" and fields.is_part(level.key))
    return found


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """Strings, names, brackets and bare values, each once however many quotes nothing closes."""
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "open":
            yield from _BEHIND.finditer(text, token.start() + 1)
            return
        yield token


def _within(text: str, start: int, end: int, path: tuple[str, ...], nested: int) -> Iterator[Finding]:
    """Findings in a string that holds JSON; what is escaped in it is read at its place."""
    plain = _ESCAPED.sub(lambda found: _shorter(found[0]).rjust(len(found[0])), text[start:end])
    yield from (one.at(start + one.start, start + one.end) for one in find(plain, path, nested))


def _shorter(escaped: str) -> str:
    return "\\" * (escaped.count("\\") // 2) + escaped.lstrip("\\")


def _opened(
    level: _Level, levels: list[_Level], is_object: bool, known: dict[tuple[str, ...], dict[str, str | None]]
) -> _Level:
    path = level.inside()
    opened = _Level(path, is_object, known.setdefault(path, {}))
    if not is_object and not level.is_object and len(levels) > 1:
        if level.header:
            opened.row, opened.columns = 0, level.header
            return opened
        opened.cells = [] if level.cells is None else None
        level.cells = []
    if not is_object and not level.is_object and len(levels) > 1 and levels[-2].columns and levels[-2].key in _ROWS:
        opened.row = 0
        opened.columns = levels[-2].columns
    return opened


def _closed(text: str, closed: _Level, around: _Level) -> Sequence[Finding]:
    """What counts in a level that was closed; the level around it learns what it says of what stands beside it."""
    found = closed.counting()
    if closed.cells and not closed.is_object and not around.is_object and _are_columns(closed.cells):
        around.header = tuple(closed.cells)
    if closed.value and closed.labels and (late := _late(text, closed, closed.value)):
        found = [*found, late]
    if around.key in _LABELS:
        around.labels += closed.labels  # `"type": {"text": "Passport"}`
    if closed.labels and not around.is_object and not _COLUMNS.isdisjoint(closed.path[-1:]):
        around.columns = (*around.columns, closed.labels[0])  # `"columns": [{"name": "ssn"}, …]`
    if around.key in _COLUMNS and closed.columns:
        around.columns = closed.columns
    return found


def _kind(text: str, start: int, end: int, level: _Level, *, bare: bool) -> str | None:
    """What the value that lies there should be."""
    key = level.key
    if level.is_object:
        if key in _VALUES:
            if entity := next(filter(None, (entity_of((*level.path, label)) for label in level.labels)), None):
                return entity
            level.value = start, end, bare
            if level.labels:
                return None
        if not bare and end - start < 62 and _is_label(level):
            level.labels = (*level.labels[-3:], text[start:end])
    elif level.row >= 0:
        level.row += 1
        return entity_of((level.columns[level.row - 1],)) if level.row <= len(level.columns) else None
    else:
        if level.path[-1:] and level.path[-1] in _COLUMNS and not bare:
            level.columns = (*level.columns, text[start:end])
        key = ""
    try:
        return level.kinds[key]
    except KeyError:
        level.kinds[key] = entity = entity_of((*level.path, key) if key else level.path)
        return entity


def _late(text: str, level: _Level, value: tuple[int, int, bool]) -> Finding | None:
    """What is in a value whose label stands behind it."""
    start, end, bare = value
    for label in level.labels:
        if (entity := entity_of((*level.path, label))) and entity != fields.NAME:
            return _in(text, start, end, entity, bare=bare)
    return None


def _are_columns(cells: list[str]) -> bool:
    """Whether all of it names something, and some of it what people have."""
    if len(cells) < 2 or not all(cell and cell[0].isalpha() and "@" not in cell for cell in cells):
        return False
    return any(entity_of((cell,)) not in (None, fields.NAME) for cell in cells)


def _is_label(level: _Level) -> bool:
    """Whether what stands here says what the `value` beside it, or beside the object it stands in, is of."""
    key = level.key
    return key in _LABELS or (key in _WORDING and level.path[-1:] != () and level.path[-1] in _LABELS)


def _in(text: str, start: int, end: int, entity: str, *, bare: bool) -> Finding | None:
    """The finding in one value, which may hold escapes."""
    if bare or text.find("\\", start, end) < 0:
        found = values.find(entity, text, start, end, whole=True)
        return found and (Finding(found.start, end, found.entity, found.score, found.rule, True) if bare else found)
    view = read(text[start:end])
    found = values.find(entity, view.text, 0, len(view.text), whole=True)
    if found is None:
        return None
    first, last = view.source(found.start, found.end)
    return Finding(start + first, start + last, found.entity, found.score, found.rule)
