"""Whether what the model takes for somebody's name is rather nobody's: by lists of names, and by what stands around it.

A full name that is known is believed. The less is known of a word, the more has to speak for a person: a title, a verb
that only people do, a word that people are spoken to or of with.
"""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.detect.names import around
from mcp_gate.detect.names.common import COMPANY
from mcp_gate.detect.names.evidence import is_likely, is_made_as_things, is_surname_like
from mcp_gate.detect.names.headings import is_under_rule, is_whole_value
from mcp_gate.detect.names.lexicon import is_given, is_given_today, is_mostly_given, is_surname
from mcp_gate.detect.names.namesakes import EITHER, NEVER
from mcp_gate.detect.names.things import SURNAMES, is_thing
from mcp_gate.detect.remembered import remembered

_SURE, _FAIR, _LIKELY = 0.93, 0.8, 0.6
"""What the model has to think of a word that no list has, of one that stands where people may, of a surname."""
_FAR: Final = 48
_AFTER_NAMES: Final = frozenset({"II", "III", "IV", "JR", "SR", "MD", "MBA", "PHD", "ESQ"})
INNER: Final = re.compile(r"[A-Z]{2}[a-z]|(?<![A-Z]c)(?<!Mac)(?<!De)(?<!Di)(?<!Le)(?<!La)(?<!Fitz)(?<=[a-z])[A-Z]")


def is_of_things(text: str, start: int, end: int) -> bool:
    """Whether words that stand where names stand are the name of a thing or a firm after all."""
    behind = text[end : end + 1]
    if is_thing(text, start, end) or ((behind == "," or behind.isspace()) and COMPANY.match(text, end)):
        return True
    if COMPANY.search(text, start, end):
        return True
    first, *others = text[start:end].split(" ")
    if not others or not is_surname(first) or (is_given(first) and not others[-1].endswith("s")):
        return False
    return not any(is_given(other) or is_surname(other) for other in others)  # `Brandt Instruments`


@remembered
def is_only_given(name: str) -> bool:
    """Whether a single word is known as a given name, and is hardly a surname and nothing else."""
    if not is_given_today(name) or name in EITHER or name in NEVER:
        return False
    return not is_surname(name) or is_mostly_given(name)


def is_ordinary(word: str, everyday: frozenset[str]) -> bool:
    """Whether everybody uses a word and nobody is called so."""
    return len(word) > 3 and word in everyday and not (is_given(word) or is_surname(word))


def is_doubtful(text: str, start: int, end: int, sure: float, everyday: frozenset[str] = frozenset()) -> bool:
    """Whether too little speaks for it.

    Args:
        sure: what the model thinks of the surest word of it.
        everyday: words of the text that many use.
    """
    name = text[start:end]
    parts = [part for part in re.split(r"[\s,]+", name) if len(part.strip(".")) > 1 and part[0].isupper()]
    if len(parts) > 1:
        if any(is_ordinary(part, everyday) for part in parts[1:]):
            return True
        if parts[0] in EITHER and parts[-1] in SURNAMES and not _is_human(text, start, end):
            return True  # `Lincoln Park`
        return _are_doubtful(text, start, end, parts, sure)
    if name.isupper() or _is_of_firm(text, start, end) or _is_beside_ordinary(text, end, everyday):
        return True
    return _is_doubtful_alone(text, start, end, sure)


def _is_beside_ordinary(text: str, end: int, everyday: frozenset[str]) -> bool:
    """Whether an everyday word makes something else of it: `Florence Sofa`."""
    after = around.NEXT.match(text, end)
    return after is not None and is_ordinary(after[1], everyday)


def _are_doubtful(text: str, start: int, end: int, parts: list[str], sure: float) -> bool:
    known = sum(is_given(part) or is_surname(part) for part in parts)
    if _is_marked(parts):
        return True
    if "," not in text[start:end] and not is_likely(" ".join(parts)) and known:
        return not _is_human(text, start, end)  # `Palo Alto`, `Houghton Mifflin`
    if known < len(parts) and is_made_as_things(parts[-1]) and not is_surname_like(parts[-1]):
        return not _is_human(text, start, end)
    if is_whole_value(text, start, end) and not (is_given(parts[0]) and is_surname_like(parts[-1])):
        return True
    if COMPANY.search(text, start, end) or around.AMPERSAND_BEFORE.search(text, max(0, start - 3), start):
        return True
    if known == len(parts):
        return False
    cued = _has_cue(text, start, end) or _has_weak_cue(text, start, end)
    return not known and (text[start:end].isupper() or (sure < _SURE and not cued))


def _is_marked(parts: list[str]) -> bool:
    """Whether a short word in capitals makes a make or a program of it: `Travis CI`."""
    last = parts[-1]
    if not last.isupper() or len(last) > 3 or parts[0].isupper():
        return False
    return last not in _AFTER_NAMES and not is_surname(last)


def _is_human(text: str, start: int, end: int) -> bool:
    """Whether what stands around it is said of people alone."""
    return _is_spoken_to(text, start) or around.HUMAN.match(text, end) is not None


def _is_in_talk(text: str, start: int, end: int) -> bool:
    """Whether it stands where those do who say something, or are spoken to."""
    if around.HUMAN.match(text, end):
        return True
    if ": " in text[max(0, start - 80) : start] and around.OF_PEOPLE.search(text, max(0, start - 96), start):
        return True
    if around.ADDRESSED.match(text, end) and around.ADDRESSED_BEFORE.search(text, max(0, start - 3), start):
        return True
    if not text.startswith(":", end):
        return False
    if around.SAID.search(text, max(0, start - 320), start):
        return True
    return around.SAYS.match(text, end) is not None and text[start - 1 : start] in ("", "\n")


def _is_doubtful_alone(text: str, start: int, end: int, sure: float) -> bool:
    name = text[start:end]
    given = is_given(name) and name not in EITHER
    begin = max(0, start - _FAR)
    if is_under_rule(text, end) or around.USED.search(text, begin, start) or around.IS.match(text, end):
        return True
    if text.startswith(":", end) and around.LOG.search(text, begin, start):
        return True
    if given and not (is_surname(name) and sure < _LIKELY):
        return is_whole_value(text, start, end) and not is_only_given(name)
    if _is_in_talk(text, start, end) or _has_cue(text, start, end):
        return False
    if name in EITHER:
        return True
    cued = _has_weak_cue(text, start, end)
    if is_surname(name):
        return sure < _FAIR and not cued
    return sure < _SURE or not (cued and around.CALLED.match(text, end))


def _has_cue(text: str, start: int, end: int) -> bool:
    if _is_spoken_to(text, start) or around.SPEAKS.match(text, end):
        return True
    other = around.ANOTHER.match(text, end)
    return other is not None and is_only_given(other[1])


def _is_spoken_to(text: str, start: int) -> bool:
    return around.SPOKEN_TO.search(_before(text, start)) is not None


def _has_weak_cue(text: str, start: int, end: int) -> bool:
    return around.SPOKEN_OF.search(_before(text, start)) is not None or around.ACTS.match(text, end) is not None


def _before(text: str, start: int) -> str:
    return text[max(0, start - _FAR) : start].rstrip("\"'“(")


def _is_of_firm(text: str, start: int, end: int) -> bool:
    """Whether an ampersand joins it to something."""
    name = text[start:end]
    joined = around.AMPERSAND.match(text, end) or around.AMPERSAND_BEFORE.search(text, max(0, start - _FAR), start)
    # `Anna & Tomasz` are no firm
    return joined is not None and not (is_only_given(name) and is_only_given(joined[1] or ""))
