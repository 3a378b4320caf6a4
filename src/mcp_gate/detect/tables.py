"""Tables in a text, a row a line: CSV, TSV, Markdown, what a database prints. The first line names the columns."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from functools import lru_cache
from typing import Final

from mcp_gate.detect import fields, values
from mcp_gate.detect.fieldrules import HUMAN
from mcp_gate.detect.fields import entity_of
from mcp_gate.detect.finding import Finding

_GIVEN: Final = frozenset({"first", "given", "vorname"})
_FAMILY: Final = frozenset({"last", "family", "nachname"})
"""Columns that together hold names."""
_NAME: Final = re.compile(r"[^\W\d][\w .#/()', -]{0,60}")
_SEPARATORS: Final = ",;|\t"
_CELL: Final = r"(?:[ |\"']*+[^\W\d][\w .#/()'-]{0,60}+[\"']?+ {0,20}+|\"[^\W\d][\w .#/()', -]{0,60}+\")"
"""What it takes it never has to give back: a separator is no part of it."""
_DRAWN: Final = r"\+-[-+]{0,2000}\+\r?\n"
_FIRST: Final = re.compile(rf"\n*(?:{_DRAWN})?({_CELL}([,;|\t])(?:{_CELL}\2)*{_CELL}[ |]*)\r?\n")
_HEADER: Final = re.compile(rf"\n(?:[ \t\r]*\n|```\w*\n|{_DRAWN})({_CELL}([,;|\t])(?:{_CELL}\2)*{_CELL}[ |]*)\r?\n")
"""A line of names: the first of the text, or behind an empty line or the beginning of a block of code."""
_ACCOUNTS: Final = frozenset({"account", "acct", "acc", "account no.", "acct no."})
"""Of a bank, beside what else banks have."""
_RULE: Final = re.compile(r"[-+|: ]+")
_OF_RULES: Final = frozenset("-+|: ")
_AROUND: Final = frozenset(" '")


def may_hold(text: str) -> bool:
    """Whether there may be a table in it."""
    return any(separator in text for separator in _SEPARATORS) and (
        _FIRST.match(text) is not None or _HEADER.search(text) is not None
    )


def find(text: str) -> Iterator[Finding]:
    """Findings in cells, by the names of their columns."""
    if not any(separator in text for separator in _SEPARATORS):
        return
    past = 0
    if first := _FIRST.match(text):
        past = yield from _table(text, first.start(1), first[2])
    for header in _HEADER.finditer(text):
        if header.start() >= past - 1:
            past = yield from _table(text, header.start(1), header[2])


def _table(text: str, start: int, separator: str) -> Generator[Finding, None, int]:
    """The table whose names of columns begin at `start`, if it is one; returns where it ends."""
    line_end = text.find("\n", start)
    if line_end < 0 or line_end - start > 4000:
        return start
    at = line_end + 1
    second = _line(text, at)
    if separator not in second and not _RULE.fullmatch(second):
        return start
    kinds = _kinds(text[start:line_end], separator)
    if not any(kind is not None and kind != fields.NAME for kind in kinds):
        return start
    least = max(2, len(kinds) - 1)
    while at < len(text):
        line = _line(text, at)
        if not line.strip(" \t\r") and at + len(line) < len(text):
            return at
        if line[:1] not in _OF_RULES or not _RULE.fullmatch(line):
            row = _cells(text, at, at + len(line), separator)
            if len(row) < least:
                return at
            yield from _row(text, row, kinds)
        at += len(line) + 1
    return len(text)


def _line(text: str, at: int) -> str:
    """What stands there up to the end of the line."""
    stop = text.find("\n", at)
    return text[at : stop if stop >= 0 else len(text)]


@lru_cache(1_024)
def _kinds(line: str, separator: str) -> tuple[str | None, ...]:
    """The entities of the columns; nothing if this is no line of names."""
    cells = [line[first:last] for first, last in _cells(line, 0, len(line), separator)]
    if len(cells) < 2 or not all(_NAME.fullmatch(cell) for cell in cells):
        return ()
    entities = [entity_of((cell,)) for cell in cells]
    parts = {cell.lower() for cell in cells} & (_GIVEN | _FAMILY)
    if parts & _GIVEN and parts & _FAMILY:
        entities = ["PERSON" if cell.lower() in parts else one for cell, one in zip(cells, entities, strict=True)]
    if "BANK_ACCOUNT" in entities or "IBAN_CODE" in entities:
        entities = [
            "BANK_ACCOUNT" if cell.lower() in _ACCOUNTS else one for cell, one in zip(cells, entities, strict=True)
        ]
    human = any(entity in HUMAN for entity in entities)
    if any(entity == "PERSON" and fields.is_part(cell) for entity, cell in zip(entities, cells, strict=True)):
        return tuple("PERSON" if entity in (fields.NAME, fields.WEAK) else entity for entity in entities)
    return tuple("PERSON" if human and entity == fields.NAME else entity for entity in entities)


def _cells(text: str, start: int, end: int, separator: str) -> list[tuple[int, int]]:
    """Where the cells of a line begin and end, without quotes and spaces around them."""
    if end > start and text[end - 1] == "\r":
        end -= 1
    if separator == "|":  # those of Markdown stand at both ends too
        while start < end and text[start] in " |":
            start += 1
        while start < end and text[end - 1] in " |":
            end -= 1
    cells: list[tuple[int, int]] = []
    at = start
    if text.find('"', start, end) < 0:
        for cell in text[start:end].split(separator):
            stop = at + len(cell)
            cells.append(_bare(text, at, stop) if cell[:1] in _AROUND or cell[-1:] in _AROUND else (at, stop))
            at = stop + 1
        return cells
    while at <= end:
        if text[at : at + 1] == '"' and (close := _quoted(text, at, end, separator)):
            cells.append((at + 1, close))
            at = close + 2
            continue
        stop = text.find(separator, at, end)
        stop = end if stop < 0 else stop
        cells.append(_bare(text, at, stop))
        at = stop + 1
    return cells


def _quoted(text: str, start: int, end: int, separator: str) -> int:
    """Where the quote that closes a cell stands; 0 if there is none."""
    at = start + 1
    while (at := text.find('"', at, end)) >= 0:
        if text[at + 1 : at + 2] == '"':
            at += 2
            continue
        return at if at + 1 >= end or text[at + 1] == separator else 0
    return 0


def _bare(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in " '":
        start += 1
    while start < end and text[end - 1] in " '":
        end -= 1
    return start, end


def _goes_on(kind: str | None, cell: str) -> bool:
    """Whether the next cell may be the rest of this one: `Lee, Ann` without quotes is two."""
    return kind == "ADDRESS" or (kind == "PERSON" and not any(map(str.isdigit, cell)))


def _row(text: str, row: list[tuple[int, int]], kinds: Sequence[str | None]) -> Iterator[Finding]:
    extra = len(row) - len(kinds)
    at = 0
    for kind in kinds:
        if at >= len(row):
            return
        start, end = row[at]
        if extra > 0 and at + 1 < len(row) and _goes_on(kind, text[slice(*row[at + 1])]):
            end = row[at + 1][1]
            at += 1
            extra -= 1
        at += 1
        if kind is not None and end > start and (found := values.find(kind, text, start, end, whole=True)):
            yield found
