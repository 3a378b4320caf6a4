"""Tells a thing that bears somebody's name from somebody, by what stands around it."""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.detect.commonwords import COMMON as EVERYDAY
from mcp_gate.detect.commonwords import THINGS
from mcp_gate.detect.ner.namesakes import AFTER, BEFORE, EITHER, KEYS, NEVER, PHRASES

_SMALL: Final = re.compile(r"(?<=\w)(?:['’]s)?[\s.,&'’-]+(?:(?:and|of|und|et|de)\s)?")
_WORD_BEFORE: Final = re.compile(r"(?<![\w-])([^\W\d_][\w-]*)(?:\.|:)?[^\S\n][\"'“]?\Z")
_WORD_AFTER: Final = re.compile(r"[^\S\n]([^\W\d_][\w-]*)")
_VERSION: Final = re.compile(
    r"(?:[^\S\n](?:v|version |release )?|/|@)\d{1,4}(?:\.\d+){1,3}(?![\d/])|[^\S\n]on[^\S\n]Rails"
)
_LAWS: Final = re.compile(
    r"(?:['’]s?)?[^\S\n](?:algorithm|theorem|laws?|equation|inequality|lemma|constant|paradox|rule|method)\b"
)
_KEY: Final = re.compile(
    r"(?:\A|[\n;,|({\[.*>-])[^\S\n]*[\"']?([A-Za-z][\w -]{0,24})[\"']?\**[^\S\n]?[:=]\**[^\S\n]?[\"']?\Z"
)
_ENDS: Final = re.compile(r"[^\S\n]?(?:\Z|[\"'\n;,|)}\].])")
_JOINED_BEFORE: Final = re.compile(r"([^\W\d_][\w-]*)(?:,|;|/|,? and|,? or| &|,? und|,? et|,? vs\.?)[^\S\n]?\Z")
_JOINED_AFTER: Final = re.compile(r"(?:,|;|/|,? and|,? or| &|,? und|,? et|,? vs\.?)[^\S\n]?([^\W\d_][\w-]*)")
_SURNAMES: Final = frozenset({"Park", "Church", "Light"})
"""Words for things that are as good surnames."""
_FAR: Final = 40
"""Characters before a name that are looked at."""


def is_thing(text: str, start: int, end: int) -> bool:
    """Whether what looks like a name in a text is that of a thing."""
    name = text[start:end]
    words = [word for word in _SMALL.split(name) if word]
    if not words:
        return True
    if name in EVERYDAY or words[0] in NEVER or name in NEVER or "_".join(words) in PHRASES:
        return True
    return _is_made_of(words) or _is_under_key(text, start, end) or _has_neighbours(text, start, end, words)


def _is_made_of(words: list[str]) -> bool:
    """A kind of thing is the first or the last word of it: `Hurricane Katrina`, `Stanley Tumbler`."""
    if len(words) == 1:
        return False
    last = words[-1]
    return words[0].lower() in BEFORE or (last in THINGS and last not in _SURNAMES) or last.lower() in AFTER


def _is_under_key(text: str, start: int, end: int) -> bool:
    key = _KEY.search(text, max(0, start - _FAR), start)
    if key is None or not _ENDS.match(text, end):
        return False
    whole = key[1].strip().lower().replace(" ", "_")
    return whole in KEYS or whole.replace("_", "-").rpartition("-")[2] in KEYS


def _has_neighbours(text: str, start: int, end: int, words: list[str]) -> bool:
    if _LAWS.match(text, end):
        return True
    after = _WORD_AFTER.match(text, end)
    if after and after[1][0].isupper() and after[1] in THINGS and after[1] not in _SURNAMES:
        return True
    if len(words) > 1:
        return False
    before = _WORD_BEFORE.search(text, max(0, start - _FAR), start)
    if (before and before[1].lower() in BEFORE) or (after and after[1] in AFTER) or _VERSION.match(text, end):
        return True
    if words[0] not in EITHER:
        return False
    joined = (_JOINED_BEFORE.search(text, max(0, start - _FAR), start), _JOINED_AFTER.match(text, end))
    return any(other and other[1] in NEVER for other in joined)
