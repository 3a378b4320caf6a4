"""Numbers whose shape or checksum says what they are: cards, social security numbers, telephones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_gate.detect import checks
from mcp_gate.detect.finding import Finding, made

#: What a match begins with stands first, so that `re` runs to it; what may stand before it is asked then.
_SHAPES: Final = re.compile(
    r"""[\d(+](?:(?<![\w.@-].)|(?<=\.com.)|(?<=\.org.)|(?<=\.net.))(?:
    (?P<card>(?<=\d)(?:\d{3}([ -])\d{4}\2\d{4}\2\d{4}(?:\2\d{1,3})?|\d{3}([ -])\d{6}\3\d{4,5}|\d{12,18}))
    |(?P<spaced>(?<=\d)(?:[ -]\d){12,18})
    |(?P<ssn>(?<=\d)(?:\d{2}-\d{2}-\d{4}|[ ]?\d[ ]?\d[ ]?-[ ]?\d[ ]?\d[ ]?-[ ]?\d[ ]?\d[ ]?\d[ ]?\d))
    |(?P<abroad>(?<=\+)\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{1,4}){1,5})
    |(?P<cpf>(?<=\d)\d{2}\.\d{3}\.\d{3}-\d{2})
    |(?P<mobile>(?<=0)(?:0[1-9]\d{0,2}[ ]\d{1,4}(?:[ ]\d{2,4}){0,2}[ ]\d{3,8}
        |7\d{3}[ ]\d{3}[ ]?\d{3}|7\d-\d{3}[ ]?\d\d[ ]?\d\d
        |[1-9](?:[ .]\d\d){4}|1[567]\d[ /-]\d{7,8}|4\d\d[ ]\d{3}[ ]\d{3}
        |2\d[ ]\d{4}[ ]\d{4}|1(?:\d1|1\d)[ ]\d{3}[ ]\d{4}|1\d{3}[ ]\d{6}))
    |(?P<phone>(?<=\()(?:0[2378]\)[ ]\d{4}[ ]\d{4}|\d\d\)[ ]9?\d{4}-\d{4})|(?<=0)[5789]0-\d{4}-\d{4}
        |(?:(?<=\()|(?<=1)[-. ]\()\d{3}\)[ ]?\d{3}[-. ]\d{4}
        |(?:(?<=[2-9])|(?<=1)[-. ][2-9])\d{2}(?P<sep>[-. ])[2-9]\d{2}(?P=sep)\d{4})
    )(?![\w-])(?!\.(?!0{1,2}(?!\d))\d)""",
    re.VERBOSE,
)
_COUNTED: Final = re.compile(r"\s?(?:units?|pcs|pieces|items|rows|records|bytes|[kMG]i?B|ms|kg|km|%|EUR|USD)\b")
"""Behind a number of things."""
_GROUP: Final = re.compile(r"[(+]?\d+")
_GAP: Final = re.compile(r"[ .-]")
_DATE: Final = re.compile(r"(?:19|20)\d\d([-./])\d\d?\1\d\d?(?!\d)")
_CARD: Final = re.compile(r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?!\d)")
_OF_IBAN: Final = re.compile(r"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){0,6} ?\Z")
_RUN: Final = re.compile(r"(?<!\d)\d{4}[ -]\Z")
_FOUR_GROUPS: Final = 19
"""Characters of four times four digits."""
_LEAST: Final = 8
_ALONE: Final = 11
"""Digits of a number with its country: at least, and so many that nothing else can be within."""
_OLD: Final = 13
"""Digits of old cards, and of the codes on all that is sold: they are cards where something says so."""
_ISSUED: Final = "23456"
"""What the numbers of cards begin with."""
_MANY: Final = 8
"""Different digits of a number that is no coincidence."""


def find(text: str, start: int, end: int) -> Iterator[Finding]:
    """Numbers in a stretch of a text. Where one is none, another may begin within it."""
    at = start
    while (found := _SHAPES.search(text, at, end)) is not None:
        one = _one(text, found)
        if one is None:
            at = found.start() + 1
            if text[at : at + 1].isdigit() and (group := _GROUP.match(text, at - 1)):
                at = group.end()
        else:
            yield one
            at = one.end


def is_counted(text: str, end: int) -> bool:
    """Whether what follows says what there are so many of."""
    return _COUNTED.match(text, end) is not None


def is_only_phone(text: str, start: int, end: int) -> bool:
    """Whether a number of a telephone cannot be one of anything else: of neither as few digits as a social security
    number nor as many as a card, and not grouped like a Brazilian one."""
    value = text[start:end]
    return 10 <= len(checks.digits_of(value)) <= 11 and not ("." in value and "-" in value)


def _one(text: str, found: re.Match[str]) -> Finding | None:
    kind, start, end = found.lastgroup if found.lastgroup != "sep" else "phone", found.start(), found.end()
    if kind in ("card", "spaced"):
        size = _card(found[0], text, start) if text[start] in _ISSUED else 0
        if size and _OF_IBAN.search(text, max(0, start - 36), start):  # of one that is wrong
            return None
        return made((start, start + size, "CREDIT_CARD", 1.0, "card", False)) if size else None
    if kind == "abroad":
        end = _abroad(text, start, end, len(checks.digits_of(found[0])))
        if not end or checks.is_fictitious(checks.digits_of(text[start:end]), text, start):
            return None
        return made((start, end, "PHONE_NUMBER", 0.8, "phone_international", False))
    if kind not in ("ssn", "cpf"):
        if is_counted(text, end) or checks.is_fictitious(checks.digits_of(found[0]), text, start):
            return None
        return made((start, end, "PHONE_NUMBER", 0.7, "phone_national", False))
    digits = checks.digits_of(found[0])
    if kind == "ssn":
        given_out = checks.ssn(digits) and digits[0] != "9" and not checks.is_sample(digits, text, start)
        return made((start, end, "US_SSN", 0.9, "us_ssn", False)) if given_out else None
    return made((start, end, "NATIONAL_ID", 0.95, "br_cpf", False)) if checks.cpf(digits) else None


def _card(shown: str, text: str, start: int) -> int:
    """How many of the characters are a card; what stands behind four groups of four may be its expiry, or anything."""
    for size in (len(shown), _FOUR_GROUPS):
        number = shown[:size].replace(" ", "")
        if "-" in number:
            number = number.replace("-", "")
        if len(number) > _OLD and checks.card_issuer(number) and checks.card(number, text, start):
            in_a_row = _RUN.search(text, max(0, start - 6), start) is not None  # a column of numbers, perhaps
            return 0 if in_a_row and len(set(number)) < _MANY else size
        if size <= _FOUR_GROUPS or shown[_FOUR_GROUPS : _FOUR_GROUPS + 1] not in (" ", "-"):
            break
    return 0


def _abroad(text: str, start: int, end: int, digits: int) -> int:
    """Where a number with its country ends, which may be before a date, a card or anything else; 0 where it is none."""
    if digits <= _ALONE:
        return end if digits >= _LEAST else 0
    best = count = 0
    at = start
    plain = text.find("(", start, end) < 0  # every part has one character that is no digit: the plus, a gap
    for cut in (*(gap.start() for gap in _GAP.finditer(text, start, end)), end):
        count += cut - at - 1 if plain else sum(map(str.isdigit, text[at:cut]))
        at = cut
        if count > 15:
            break
        if count >= _LEAST:
            best = cut
            if (count == 11 and text[start + 1] == "1") or _DATE.match(text, cut + 1) or _CARD.match(text, cut + 1):
                break
    return best
