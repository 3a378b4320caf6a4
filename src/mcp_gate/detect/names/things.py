"""Tells a thing that bears somebody's name from somebody, by what it is made of and what stands beside it."""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.detect.commonwords import COMMON as EVERYDAY
from mcp_gate.detect.commonwords import THINGS
from mcp_gate.detect.fieldrules import words
from mcp_gate.detect.names.namesakes import AFTER, BEFORE, NEVER, PHRASES, PLAIN, SITES

_SMALL: Final = re.compile(r"(?<=\w)(?:['’]s)?[\s.,&'’-]+(?:(?:and|of|und|et|de)\s)?")
_WORD_BEFORE: Final = re.compile(r"(?<![\w-])([^\W\d_][\w-]*)(?:\.|:)?[^\S\n][\"'“]?\Z")
_WORD_AFTER: Final = re.compile(r"[^\S\n]([^\W\d_][\w-]*)")
_VERSION: Final = re.compile(
    r"(?:[^\S\n](?:v|version |release )?|/|@)\d{1,4}(?:\.\d+){1,3}(?![\d/])|[^\S\n]on[^\S\n]Rails"
)
_LAWS: Final = re.compile(
    r"(?:['’]s?)?[^\S\n](?:algorithm|theorem|laws?|equation|inequality|lemma|constant|paradox|rule|method|principle|razor"
    r"|conjecture|hypothesis|formula|identity|series|triangle|cipher|distribution|estimator|regression|polynomials?|test"
    r"|disease|syndrome|palsy|lymphoma|sarcoma|thyroiditis|phenomenon|reflex|criteria|tendon|contracture|anaemia|anemia"
    r"|comet|nebula|telescope|burner|dish|flask|fir|pine|spruce|cypress|hummingbird|jay|gazelle|zebra|finch|sparrow|gull|seal|wort"
    r"|ladder|lace|deer|hawk"
    r"|airport|harbou?r|stadium|population|weather|memory|latency|uptime|docs|documentation|licen[cs]e|price)\b"
    r"|['’]s [A-Z][a-z]+(?! [A-Z])\b(?=[^\w]{0,2} (?:is|was|won|has|in|on|\d)\b)"
)
_CODE: Final = re.compile(r"(?:\(\*|\bnew |->|::|&)\Z")
"""What stands before a type of code."""
_HALF: Final = re.compile(r" (?:and|&|und|et|['’]?n['’]?) ([A-Z]\w+)")
_HALF_BEFORE: Final = re.compile(r"\b([A-Z]\w+) (?:and|&|und|et|['’]?n['’]?) \Z")
_HYPHENED: Final = re.compile(r"-[A-Z]\w+|'s\b")
SURNAMES: Final = frozenset({"Park", "Church", "Light"})
"""Words for things that are as good surnames."""
_ENDS_OF_PHRASES: Final = frozenset(phrase.partition("_")[2] for phrase in PHRASES)
_NAMED_AFTER: Final = words(
    "Stadium Arena Tower Square Bridge Avenue Prize Award Awards Cup Trophy Medal Museum Gallery Theatre Theater "
    "Cathedral Palace Island Islands Canyon Tunnel Castle Abbey Gardens Memorial Lecture Falls Springs Bay Beach"
)
"""Behind somebody's name they make it that of a place, or of what is given or held in honour."""
_FAR: Final = 40
"""Characters before a name that are looked at."""
_SITE: Final = 20
"""Characters of the longest word before a name that says that a place bears it, and some."""


def is_thing(text: str, start: int, end: int) -> bool:
    """Whether what looks like a name in a text is that of a thing."""
    name = text[start:end]
    words = [word for word in _SMALL.split(name) if word]
    first = words[0] in NEVER and "," not in name if words else True
    rest = _HYPHENED.match(text, end)
    if rest and (name + rest[0] in NEVER or (rest[0] == "'s" and f"{name}s" in NEVER)):  # `Mercedes-Benz`, `McDonald's`
        return True
    if first or name in EVERYDAY or name in NEVER or not PLAIN.isdisjoint(words):
        return True
    if not PHRASES.isdisjoint(("_".join(words), "_".join(words[:2]))):
        return True
    owns = name.endswith(("'s", "’s")) or text.startswith(("'s", "’s"), end)
    whose = "_".join(words).removesuffix("_s") + "s"
    if owns and (whose in PHRASES or whose in NEVER):  # `Jack Daniel's`, `Wendy's`
        return True
    if ends_phrase(text, start, "_".join(words)) or (len(words) > 1 and ends_phrase(text, start, words[0])):
        return True
    if len(words) == 1 and _is_half(text, start, end):
        return True
    if len(words) > 1:
        if _is_made_of(words) or _is_followed(text, start, end):
            return True
        before = text[max(0, start - _SITE) : start].split()
        return bool(before) and text[start - 1] == " " and before[-1].lower().strip("\"'“(.") in SITES
    return _is_followed(text, start, end) or _has_neighbours(text, start, end)


def ends_phrase(text: str, start: int, words: str) -> bool:
    """Whether words, joined by underscores, and the one before them are the name of a thing: `Dr Pepper`."""
    if words not in _ENDS_OF_PHRASES:
        return False
    before = _WORD_BEFORE.search(text, max(0, start - _FAR), start)
    return before is not None and f"{before[1]}_{words}" in PHRASES


def _is_half(text: str, start: int, end: int) -> bool:
    """Whether a word and the one that `and` joins it to are a firm: `Marks and Spencer`."""
    behind, before = _HALF.match(text, end), _HALF_BEFORE.search(text, max(0, start - _FAR), start)
    one = text[start:end]
    return (behind is not None and f"{one}_{behind[1]}" in PHRASES) or (
        before is not None and f"{before[1]}_{one}" in PHRASES
    )


def _is_made_of(words: list[str]) -> bool:
    """A kind of thing is the first or the last word of it: `Hurricane Katrina`, `Stanley Tumbler`."""
    last = words[-1]
    return words[0].lower() in BEFORE or (last in THINGS and last not in SURNAMES) or last.lower() in AFTER


def _is_followed(text: str, start: int, end: int) -> bool:
    if _LAWS.match(text, end):
        return True
    after = _WORD_AFTER.match(text, end)
    if after is None or not after[1][0].isupper():
        return False
    return (after[1] in THINGS or after[1] in _NAMED_AFTER) and after[1] not in SURNAMES


def _has_neighbours(text: str, start: int, end: int) -> bool:
    """Whether a single word stands beside one for a thing, a version, or signs of code."""
    begin = max(0, start - _FAR)
    before, after = _WORD_BEFORE.search(text, begin, start), _WORD_AFTER.match(text, end)
    if (before and before[1].lower() in BEFORE) or (after and after[1] in AFTER) or _VERSION.match(text, end):
        return True
    return _CODE.search(text, begin, start) is not None
