"""Names of one word that stand for themselves: under a letter, beside somebody, of somebody who was named in full."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_gate.detect.commonwords import COMMON
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.names.doubt import is_only_given
from mcp_gate.detect.names.lexicon import is_given_today, is_plain
from mcp_gate.detect.names.namesakes import EITHER, NEVER

_WORD: Final = r"[^\W\d_a-z][^\W\d_]{2,15}(?:-[^\W\d_a-z][^\W\d_]{1,15})?"
_SIGNED: Final = re.compile(rf"\n\n[ \t>–—-]{{0,4}}({_WORD})[,.]?[ \t]*(?=\n|\Z)")
_QUOTED: Final = re.compile(rf"\n> ?({_WORD})[ \t]*(?=\n|\Z)")
_LAST: Final = re.compile(rf"[.!?)] [–—-] ?({_WORD})\s*\Z")
_SAYS: Final = re.compile(rf"\n(?:\[[\d: .,APM/-]{{1,24}}\] ?)?({_WORD}): (?=\S)")
_BESIDE: Final = re.compile(rf"(?: and | & | / |, (?!and\b))({_WORD})(?![\w@/-]| [A-Za-z]{{1,3}}\d| [A-Z(])")
_JOINING: Final = (" and ", " & ", " / ", ", ")
_GLUED: Final = frozenset("@./_-$#=\\")
"""Beside a word these make something else of it."""
_LEAST: Final = 4
"""Letters of a word that is looked for again."""
_NEAR: Final = 40
"""Characters at the end of a text in which somebody signs."""
_MOST: Final = 20_000
"""Characters of a text that is gone through for each name."""
_MOST_NAMES: Final = 32


def alone(text: str) -> Iterator[Finding]:
    """Who signs with one name, and those who talk, a line each."""
    if "\n" not in text or len(text) > _MOST:
        return
    signed = [*_SIGNED.finditer(text)] if "\n\n" in text else []
    signed += _QUOTED.finditer(text) if "\n>" in text else ()
    signed += _LAST.finditer(text, max(0, len(text) - _NEAR))
    for one in signed:
        if _is_believed(one[1]):
            yield Finding(*one.span(1), "PERSON", 0.6, "person_by_line")
    if text.count(": ") > 1:
        said = [one for one in _SAYS.finditer("\n" + text) if one[1] not in COMMON]
        names = {one[1] for one in said if is_only_given(one[1])}
        if len(names) > 1 and 2 * len(names) >= len({one[1] for one in said}):
            for one in said:
                if one[1] in names:
                    yield Finding(one.start(1) - 1, one.end(1) - 1, "PERSON", 0.6, "person_by_line")


def further(text: str, found: Sequence[Finding]) -> Iterator[Finding]:
    """Those who stand beside somebody that was found, and the same people named once more by one word."""
    people = [one for one in found if one.entity == "PERSON" and " " in text[one.start : one.end]]
    for one in people:
        other = _BESIDE.match(text, one.end) if text.startswith(_JOINING, one.end) else None
        if other and is_only_given(other[1]):
            yield Finding(*other.span(1), "PERSON", 0.6, "person_by_list")
    if people and len(people) <= _MOST_NAMES and len(text) < _MOST:
        yield from _again(text, people)


def _again(text: str, people: Sequence[Finding]) -> Iterator[Finding]:
    words = {word for one in people for word in text[one.start : one.end].replace(",", " ").split()}
    for word in words:
        if len(word) < _LEAST or not word[0].isupper() or not word.isalpha() or text.count(word) < 2:
            continue
        if word in EITHER or word in NEVER or is_plain(word):
            continue
        at = text.find(word)
        while at >= 0:
            end = at + len(word)
            if _stands_free(text, at, end) and not any(one.start < end and at < one.end for one in people):
                yield Finding(at, end, "PERSON", 0.6, "the same name")
            at = text.find(word, end)


def _stands_free(text: str, start: int, end: int) -> bool:
    """Whether a word is no part of a longer one, nor of a longer name."""
    before, behind = text[max(0, start - 1) : start], text[end : end + 1]
    if before.isalnum() or behind.isalnum() or before in _GLUED or (behind in _GLUED and behind != "."):
        return False
    return not (behind == " " and text[end + 1 : end + 2].isupper())


def _is_believed(word: str) -> bool:
    return is_given_today(word) and word not in EITHER and word not in NEVER
