"""Given names that stand alone, where somebody is spoken to or of, says something, signs, or is one of some."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from mcp_gate.detect.commonwords import COMMON
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.names import around
from mcp_gate.detect.names.common import COMMON as NOBODY
from mcp_gate.detect.names.doubt import is_among_others, is_only_given, is_quoted
from mcp_gate.detect.names.headings import is_under_rule, is_under_thing
from mcp_gate.detect.names.lexicon import is_surname
from mcp_gate.detect.names.namesakes import EITHER, NEVER
from mcp_gate.detect.names.things import is_thing

_WORD: Final = r"[^\W\d_a-z][^\W\d_]{2,15}(?:-[^\W\d_a-z][^\W\d_]{1,15})?"
_NOTHING_MORE: Final = (
    r"(?![\w@/\\(=&-]|\.\w|['’](?!s\b)\w|:\S| (?!I\b)[^\W\d_a-z]| & "
    r"| (?:d[aeiu]|del|della|van|von|la|le|bin|el|al) (?:l[aeo]s? |de[nr] )?[A-Z])"
)
"""No name goes on from it, nor the name of something else."""
_BEHIND: Final = re.compile(_WORD + _NOTHING_MORE)
_CAPITAL: Final = re.compile(_WORD)
_ALONE: Final = re.compile(rf"(?:(?<![\w./@#$'’=\\-])|(?<=[.!?] [/-])){_WORD}" + _NOTHING_MORE)
_BETWEEN: Final = re.compile(r"[\"']?[ ;,&|/+\t]{1,3}(?:(?:and|und|et|y|e|og|och|en|i) )?[\"']?")
"""Between two who stand side by side."""
_GLUED: Final = frozenset("./@#$=\\-_")
_LARGE: Final = re.compile(r"[^\W\d_a-z][^\W\d_]+(?:['’]s)? \Z")
"""Before a word: another with a capital, so that it is part of a name of more words."""
_ALPHABET: Final = re.compile(r"\b(?:Al(?:ph|f)a|Beta|Gamma|Delta|Foxtrot|Golf|Hotel|Sierra|Tango|Whiskey|Zulu)\b")
"""Near words that stand for letters no word is a name."""
_OF_BRAND: Final = re.compile(r"['’]s [A-Z][a-z]")
"""Behind what firms, places and works are called by: `Carl's Jr`, `Martha's Vineyard`."""
_LONGEST: Final = 48
_FAR: Final = 96
_CELLS: Final = frozenset("\"';\t|")
"""Between values in a row."""


class _Known(dict[str, bool]):
    """Whether words are given names, each asked once in a text."""

    def __missing__(self, word: str) -> bool:
        self[word] = known = word not in COMMON and word not in NOBODY and is_only_given(word)
        return known


def find(text: str, ends: Sequence[int], found: Iterable[Finding] = ()) -> Iterator[Finding]:
    """Given names around the places where something that tells of one ends: at the third letter of it, or behind it.

    Args:
        found: what was found already.
    """
    known = _Known()
    places = {one.start for one in found}
    """Where a name may begin that was looked at."""
    for end in ends:
        cued = _begins(text, end)
        if cued:
            begin = end - 3
        else:
            last = [*_CAPITAL.finditer(text, max(0, end - _LONGEST), end)][-2:]
            if len(last) > 1 and (known[last[0][0]] or known[last[1][0]]) and last[1].start() not in places:
                for one in _pair(text, last[0], last[1], known):
                    places.add(one.start)
                    yield one
            begin = last[-1].start() if last and known[last[-1][0]] else -1
        if begin < 0 or begin in places:
            continue
        places.add(begin)
        name = _ALONE.match(text, begin)
        if name and known[name[0]] and (cued or not _goes_before(text, begin)) and _is_somebody(text, *name.span()):
            yield Finding(*name.span(), "PERSON", 0.6, "person_alone")


def _begins(text: str, end: int) -> bool:
    return end > 3 and text[end - 3].isupper() and text[end - 2 : end].islower() and not text[end - 4].isalpha()


def _goes_before(text: str, start: int) -> bool:
    """Whether a word with a capital stands before it, of whose name it is a part."""
    return _LARGE.search(text, max(0, start - _LONGEST), start) is not None


def _is_somebody(text: str, start: int, end: int) -> bool:
    ahead = max(0, start - _LONGEST)
    if around.USED.search(text, ahead, start) or (text.endswith("| ", 0, start) and is_under_rule(text, end)):
        return False
    if around.TRAVEL.search(text, ahead, start) or around.WORK.search(text, ahead, start) or around.IS.match(text, end):
        return False
    if _OF_BRAND.match(text, end) or is_under_thing(text, start, end):
        return False
    if is_quoted(text, start, end) and is_among_others(text, start, end):
        return False
    return not _ALPHABET.search(text, max(0, start - _FAR), end + _FAR) and not is_thing(text, start, end)


def _pair(text: str, one: re.Match[str], other: re.Match[str], known: _Known) -> Iterator[Finding]:
    """Two given names side by side; in rows and arrays a given name beside a surname as well."""
    between = text[one.end() : other.start()]
    if not _BETWEEN.fullmatch(between):
        return
    if not (known[one[0]] and known[other[0]]):
        if _CELLS.isdisjoint(between) and between != ",":
            return
        if not _is_family(one[0] if known[other[0]] else other[0]):
            return
    if text[one.start() - 1 : one.start()] in _GLUED or not _BEHIND.match(text, other.start()):
        return
    if is_thing(text, one.start(), other.end()):
        return
    if not _goes_before(text, one.start()) and not _ALPHABET.search(
        text, max(0, one.start() - _FAR), other.end() + _FAR
    ):
        yield Finding(*one.span(), "PERSON", 0.6, "person_alone")
        yield Finding(*other.span(), "PERSON", 0.6, "person_alone")


def _is_family(word: str) -> bool:
    return is_surname(word) and word not in NEVER and word not in EITHER
