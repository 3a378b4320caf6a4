"""Names in records of trades: airlines, banks, orders between firms, passports' last lines, family trees, setters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_gate.detect import values
from mcp_gate.detect.fields import NAME, entity_of
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.names.common import COMPANY
from mcp_gate.detect.names.doubt import is_only_given
from mcp_gate.detect.names.lexicon import is_given, is_plain, is_surname

_UPPER: Final = r"[^\W\d_a-zß](?:[^\W\d_a-zß]|['’-](?=[^\W\d_])){1,24}"
_ANY: Final = r"[^\W\d_a-zß](?:[^\W\d_]|['’-](?=[^\W\d_])){1,24}"
_TRAVELS: Final = re.compile(
    rf"(?P<number>\d\.\d?|)(?<![\w/])(?P<name>{_UPPER}(?: {_UPPER})?/{_UPPER}(?: {_UPPER})?)"
    r"(?<! MR)(?<! MRS)(?<! MS)(?<! MISS)(?<! CHD)(?![\w/])(?P<title> (?:MR|MRS|MS|MISS|MSTR|DR|CHD|INF)\b)?"
)
_DOCUMENT: Final = re.compile(rf"/[MFX]I?/\d\d[A-Z]{{3}}\d\d/(?P<name>{_UPPER}(?: {_UPPER})?/{_UPPER}(?: {_UPPER})?)")
_MACHINE: Final = re.compile(
    r"(?:[PIACV][A-Z<][A-Z<]{3})?(?P<name>[^\W\d_a-z]+(?:<[^\W\d_a-z]+)*<<[^\W\d_a-z]+(?:<[^\W\d_a-z]+)*)<<"
)
_PARTY: Final = re.compile(r"(?:/[^\n]{1,40}\r?\n)?(?:1/)?(?P<name>[^\n\r/:\d]{4,40})[ \t]*(?=\r?\n|\Z)")
_NAMED: Final = re.compile(r"(?P<name>[^\n/?+*'~:\d]{4,40})(?=[/?+*'~\r\n]|\Z)")
_ENTITY: Final = re.compile(rf"(?P<name>{_ANY}(?: {_ANY})?\*{_ANY}(?: {_ANY})?)(?=[*~\r\n]|\Z)")
_PARTS: Final = re.compile(rf"(?P<name>{_ANY}(?: {_ANY})?\^{_ANY}(?: {_ANY})?)(?![\w])")
_TREE: Final = re.compile(rf"(?P<name>{_ANY}(?: {_ANY}){{0,3}} ?/[^\n/]{{1,40}}/|[^\n/]{{2,40}})")
_BORN: Final = re.compile(r"(?P<day>(?:\d{1,2} )?(?:[A-Z]{3} )?\d{4})(?=\r?\n|\Z)")
_SETTER: Final = re.compile(r"(?:set|with|add)?_?([A-Za-z]\w{1,40})\Z")
_CAPITALS: Final = re.compile(rf"({_UPPER}) ({_UPPER})(?![\w@/])")
_LETTERS: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LEAST: Final = 8
"""Letters of a full name in capitals: less are short for something."""
_BY_CUE: Final = (
    (" NAME ", _TREE), (" GIVN ", _TREE), (" SURN ", _TREE), (" DATE ", _BORN), ("/NAME/", _NAMED), ("+++", _NAMED),
    ("IC+:", _NAMED), ("*1*", _ENTITY),
)  # fmt: skip
"""What stands just before a value, and how one looks."""


def find(text: str, ends: Sequence[int]) -> Iterator[Finding]:
    """Findings at the places where the first letters of something end that may be a name in such a record."""
    last = -1
    for end in ends:
        if end <= last:
            continue
        for one in _at(text, end):
            last = one.end
            yield one


def _at(text: str, end: int) -> Iterator[Finding]:
    match text[end - 3]:
        case "/" if text[end - 2].isupper() and not text.endswith("/NAME/", 0, end - 1):
            yield from _travels(text, end)
        case "<" if text[end - 2] == "<":
            begin = max(text.rfind("\n", max(0, end - 64), end), text.rfind(" ", max(0, end - 64), end)) + 1
            yield from _known(text, _MACHINE.match(text, begin), sure=True)
        case "^":
            begin = _word(text, end - 3)
            yield from _known(text, _PARTS.match(text, begin))
        case "(":
            yield from _set(text, end - 1)
        case _ if text[end - 1] == ":":
            yield from _known(text, _PARTY.match(text, end))
        case _ if text[end - 4 : end - 3] == " " and text[end - 3 : end].isupper():
            yield from _capitals(text, _word(text, end - 4))
        case _:
            yield from _by_cue(text, end - 1)


def _word(text: str, end: int) -> int:
    """Where the word begins that ends there."""
    while end > 0 and (text[end - 1].isalpha() or text[end - 1] in "'’-"):
        end -= 1
    return end


def _travels(text: str, end: int) -> Iterator[Finding]:
    if (document := _DOCUMENT.search(text, max(0, end - 64), end + 64)) is not None:
        yield from _known(text, document)
        return
    begin = _word(text, end - 3)
    if text[begin - 1 : begin] == " ":  # one of two
        begin = _word(text, begin - 1)
    for one in _TRAVELS.finditer(text, max(0, begin - 3), end + 52):
        if one.start("name") < end <= one.end("name"):
            yield from _known(text, one, sure=bool(one["number"] and one["title"]))
            return


def _set(text: str, start: int) -> Iterator[Finding]:
    """`person.setLastName("Lee")`"""
    name = _SETTER.search(text, max(0, start - 48), start - 2)
    close = text.find(text[start - 1], start, start + 200)
    if name is None or close < 0:
        return
    entity = entity_of((name[1],))
    if entity not in (None, NAME) and (found := values.find(str(entity), text, start, close, whole=True)):
        yield found


def _by_cue(text: str, start: int) -> Iterator[Finding]:
    for cue, pattern in _BY_CUE:
        if not text.endswith(cue, 0, start):
            continue
        found = pattern.match(text, start)
        if found and pattern is _BORN:
            yield Finding(*found.span("day"), "DATE_OF_BIRTH", 0.75, "record")
        else:
            yield from _known(text, found, sure=pattern in (_TREE, _ENTITY))
        return


def _capitals(text: str, begin: int) -> Iterator[Finding]:
    """A full name in capitals, as banks write them."""
    name = _CAPITALS.match(text, begin)
    if name and _are_capitals(name[1], name[2]) and not COMPANY.match(text, name.end()):
        yield Finding(*name.span(), "PERSON", 0.6, "record")


def _are_capitals(one: str, other: str) -> bool:
    """Whether they are a given name and a surname, in either order."""
    if len(one) + len(other) < _LEAST or is_plain(one) or is_plain(other):
        return False
    return (is_only_given(one.title()) and is_surname(other)) or (is_surname(one) and is_only_given(other.title()))


def _known(text: str, match: re.Match[str] | None, *, sure: bool = False) -> Iterator[Finding]:
    """The name in a match, if lists know of it, or there is no doubt."""
    if match is None:
        return
    start, end = match.span("name")
    words = _LETTERS.findall(match["name"])
    if not sure and (
        sum(is_given(word) or is_surname(word) for word in words) * 2 <= len(words)
        or any(map(is_plain, words))
        or sum(map(len, words)) < _LEAST
    ):
        return
    if COMPANY.search(text, start, end) is None:
        yield Finding(start, end, "PERSON", 0.75, "record")
