"""Given names that stand alone, where somebody is spoken to or of, says something, signs, or is one of some."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_gate.detect.commonwords import COMMON
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.names import around
from mcp_gate.detect.names.doubt import is_only_given
from mcp_gate.detect.names.lexicon import is_surname
from mcp_gate.detect.names.namesakes import EITHER, NEVER
from mcp_gate.detect.names.things import is_thing

_WORD: Final = r"[^\W\d_a-z][^\W\d_]{2,15}(?:-[^\W\d_a-z][^\W\d_]{1,15})?"
_NOTHING_MORE: Final = r"(?![\w@/\\(=&-]|\.\w|['’](?!s\b)\w|:\S| (?!I\b)[^\W\d_a-z]| & )"
"""No name goes on from it, nor the name of something else."""
_BEHIND: Final = re.compile(_WORD + _NOTHING_MORE)
_CAPITAL: Final = re.compile(_WORD)
_ALONE: Final = re.compile(rf"(?:(?<![\w./@#$'’=\\-])|(?<=[.!?] [/-]))({_WORD})" + _NOTHING_MORE)
_BETWEEN: Final = re.compile(r"[\"']?[ ;,&|/+\t]{1,3}(?:(?:and|und|et|y|e|og|och|en|i) )?[\"']?")
"""Between two who stand side by side."""
_GLUED: Final = frozenset("./@#$=\\-_")
_LARGE: Final = re.compile(r"[^\W\d_a-z][^\W\d_]+(?:['’]s)? \Z")
"""Before a word: another with a capital, so that it is part of a name of more words."""
_ALPHABET: Final = re.compile(
    r"\b(?:Al(?:ph|f)a|Beta|Gamma|Delta|Foxtrot|Golf|Hotel|Sierra|Tango|Whiskey|Zulu)\b", re.IGNORECASE
)
"""Near words that stand for letters no word is a name."""
_LONGEST: Final = 48
_FAR: Final = 96
_CELLS: Final = frozenset("\"';\t|")
"""Between values in a row."""


def find(text: str, ends: Sequence[int]) -> Iterator[Finding]:
    """Given names around the places where something that tells of one ends: at the third letter of it, or behind it."""
    for end in ends:
        if _begins(text, end):
            one = _BEHIND.match(text, end - 3)
            if one and _is_somebody(text, *one.span()):
                yield Finding(*one.span(), "PERSON", 0.6, "person_alone")
            continue
        last = [*_CAPITAL.finditer(text, max(0, end - _LONGEST), end)][-2:]
        if not any(one[0] not in COMMON and is_only_given(one[0]) for one in last):
            continue
        if len(last) > 1 and _BETWEEN.fullmatch(text, last[0].end(), last[1].start()):
            yield from _pair(text, *last)
        one = _ALONE.match(text, last[-1].start())
        if one and not _LARGE.search(text, max(0, one.start() - 20), one.start()) and _is_somebody(text, *one.span(1)):
            yield Finding(*one.span(1), "PERSON", 0.6, "person_alone")


def _begins(text: str, end: int) -> bool:
    return end > 3 and text[end - 3].isupper() and text[end - 2 : end].islower() and not text[end - 4].isalpha()


def _is_somebody(text: str, start: int, end: int) -> bool:
    if not is_only_given(text[start:end]) or around.USED.search(text, max(0, start - _LONGEST), start):
        return False
    return not _ALPHABET.search(text, max(0, start - _FAR), end + _FAR) and not is_thing(text, start, end)


def _pair(text: str, one: re.Match[str], other: re.Match[str]) -> Iterator[Finding]:
    """Two given names side by side; in rows and arrays a given name beside a surname as well."""
    between = text[one.end() : other.start()]
    cells = not _CELLS.isdisjoint(between) or between == ","
    first, second = is_only_given(one[0]), is_only_given(other[0])
    if not (first and second) and not (cells and ((first and _is_family(other[0])) or (second and _is_family(one[0])))):
        return
    if text[one.start() - 1 : one.start()] in _GLUED or text[other.end() : other.end() + 1] in _GLUED:
        return
    if _LARGE.search(text, max(0, one.start() - 20), one.start()) or not _BEHIND.match(text, other.start()):
        return
    if not _ALPHABET.search(text, max(0, one.start() - _FAR), other.end() + _FAR):
        yield Finding(*one.span(), "PERSON", 0.6, "person_alone")
        yield Finding(*other.span(), "PERSON", 0.6, "person_alone")


def _is_family(word: str) -> bool:
    return is_surname(word) and word not in NEVER and word not in EITHER
