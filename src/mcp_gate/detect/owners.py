"""Whose something is that was found: names beside numbers, addresses and days, above them, in parentheses behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mcp_gate.detect.fieldrules import words
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.names.things import is_thing
from mcp_gate.detect.people import FULL, WORD, before, goes_on, is_whole

_OWN: Final = frozenset({"US_SSN", "PASSPORT", "NATIONAL_ID", "DRIVER_LICENSE", "MEDICAL_RECORD", "DATE_OF_BIRTH"})
"""What one person has, and no company."""
_REACHED: Final = frozenset({"EMAIL_ADDRESS", "PHONE_NUMBER", "ADDRESS"})
"""Where somebody is reached."""
_PAID: Final = frozenset({"IBAN_CODE", "CREDIT_CARD", "BANK_ACCOUNT"})
_IS: Final = (" is ", " is: ", " was ", " è ", " es ", " ist ", " est ", " é ", " är ", " er ", " lautet ", ": ", " = ")
_BEFORE_IS: Final = re.compile(
    rf"\b(?:of|for|di|de|von|van|da|af|av|för|pour|para|per) {FULL},?"
    r"(?: (?:is|was|è|es|ist|est|é|er|är|lautet):?|:| =) $"
)
_BEFORE_OWN: Final = re.compile(rf"{FULL}(?:,? \(|, )(?:[\w'.#-]{{1,16}}[ :#]{{1,2}}){{0,3}}$")
_OF_WHOM: Final = re.compile(rf"{FULL}['’]s? (?:[\w-]{{1,16}},? ){{1,5}}[\"'(]?$")
_TAGGED: Final = re.compile(
    rf">{FULL}</[^<>]{{1,12}}>(?:<[^<>]{{1,24}}>|\s)*(?:[\w .]{{1,20}}: ?)?(?:<[^<>]{{1,24}}>)*$"
)
_TO_PLACE: Final = re.compile(rf"\b(?:to|for|is|was) {FULL}, $")
_FOR_WHOM: Final = re.compile(rf"[\w ,:().-]{{0,48}}?\b(?:for|holder|belongs to|belonging to|owner) {FULL}")
_HOLDER: Final = re.compile(rf"[\w ,:().-]{{0,32}}?\b(?:holder|belongs to|belonging to|owner) {FULL}")
_BEHIND: Final = re.compile(rf" ?[(\[][\"'“]?{FULL}[\"'”]?[)\]]")
_THEIRS: Final = re.compile(
    rf"(?<=[a-z,] )({WORD}(?: {WORD}){{0,2}})\b[^.!?\n]{{0,40}}?[,;(.]? (?:[Hh]er|[Hh]is|[Tt]heir)"
    r" (?:(?:new|work|private|personal|direct|home) )?(?:e-?mail|phone|mobile|cell|number|ssn|address|passport|dob"
    r"|birthday)[^.!?\n\d@]{0,24}$"
)
"""`add Ann to the channel, her email is …`"""
_PRONOUNS: Final = (" her ", " his ", " their ", " Her ", " His ", " Their ")
_LABEL: Final = re.compile(r"[ \t>*-]{0,4}(?:[A-Za-z.-]{1,14} ?[:.] ?)?")
_NAME_LINE: Final = re.compile(rf"[ \t>*#-]{{0,6}}{FULL}[,\r ]{{0,2}}")
_OTHER_LINE: Final = re.compile(r"[^\d\n]{2,48}")
_JOBS: Final = words(
    "Engineer Developer Analyst Consultant Officer Specialist Coordinator Architect Designer Executive Associate "
    "Assistant Administrator Representative Nurse Doctor Attorney Partner Technician Professor Teacher Scientist "
    "Headquarters Founder Owner Accountant Advisor Supervisor Planner Recruiter Trainer Editor Writer"
)
"""What a line under a name ends with."""
_AHEAD: Final = 40
_LINES: Final = 2
"""So many lines above an address a name may stand."""


def beside(text: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """Whose findings are: `Ann Lee (Aadhaar …)`, `Ann Lee's MRN is …`, `to Ann Lee, 12 Main St`, `… for Ann Lee`."""
    told: bool | None = None
    for one in found:
        start, end, kind = one.start, one.end, one.entity
        own = kind in _OWN
        if own:
            yield from _owner(text, start, end)
        if own or kind in _REACHED:
            if told is None:
                told = any(word in text for word in _PRONOUNS)
            if told and any(text.find(word, max(0, start - _AHEAD), start) >= 0 for word in _PRONOUNS):
                yield from _theirs(text, start)
            if text.find("\n", max(0, start - 20), start) > 0:
                yield from _above(text, start)
        if kind == "ADDRESS" and text.startswith(", ", start - 2) and _behind_capital(text, start - 2):
            yield from before(_TO_PLACE, text, start, "person_by_address", of_any=True)
        if kind in _PAID and "holder " in text[end : end + _AHEAD]:
            yield from _named(_HOLDER, text, end)
        if text.startswith((" (", "(", " [", "["), end):
            yield from _named(_BEHIND, text, end)


def _owner(text: str, start: int, end: int) -> Iterator[Finding]:
    ahead, behind = text[max(0, start - _AHEAD) : start], text[end : end + _AHEAD]
    if ahead.endswith(_IS):
        yield from before(_BEFORE_IS, text, start, "person_by_number", of_any=True)
    if _behind_capital(ahead, max(ahead.rfind(" ("), ahead.rfind(", "))):
        yield from before(_BEFORE_OWN, text, start, "person_by_number", of_any=" for " in ahead)
    if ("'s " in ahead or "’s " in ahead) and _behind_capital(ahead, max(ahead.rfind("'s "), ahead.rfind("’s "))):
        yield from before(_OF_WHOM, text, start, "person_by_number", of_any=True)
    if "</" in ahead:
        yield from before(_TAGGED, text, start, "person_by_number")
    if " for " in behind or "holder " in behind:
        yield from _named(_FOR_WHOM, text, end)


def _theirs(text: str, start: int) -> Iterator[Finding]:
    """Whose `her number` is."""
    begin = max(0, start - 72)
    of = _THEIRS.search(text[begin:start])
    if of is None:
        return
    first, last = begin + of.start(1), begin + of.end(1)
    if is_whole(f"{of[1]} Lee") and not is_thing(text, first, last):
        yield Finding(first, last, "PERSON", 0.6, "person_by_number")


def _above(text: str, start: int) -> Iterator[Finding]:
    """The name in a line of its own above the one that begins with a finding, as in letters and signatures."""
    line = text.rfind("\n", 0, start)
    if _LABEL.fullmatch(text, line + 1, start) is None:
        return
    for _ in range(_LINES):
        stop, line = line, text.rfind("\n", max(0, line - 64), line)
        if line < 0 and stop > 64:
            return
        name = _NAME_LINE.fullmatch(text, line + 1, stop)
        if name and is_whole(name[1]) and name[1].rpartition(" ")[2] not in _JOBS:
            if not is_thing(text, *name.span(1)):
                yield Finding(*name.span(1), "PERSON", 0.65, "person_by_line")
            return
        if line < 0 or not _OTHER_LINE.fullmatch(text, line + 1, stop):
            return


def _behind_capital(text: str, at: int) -> bool:
    """Whether the word that ends here begins with a capital."""
    return at > 0 and text[text.rfind(" ", 0, at) + 1].isupper()


def _named(pattern: re.Pattern[str], text: str, at: int) -> Iterator[Finding]:
    match = pattern.match(text, at)
    if match and is_whole(match[1]) and not goes_on(text, match.end(1)) and not is_thing(text, *match.span(1)):
        yield Finding(match.start(1), match.end(1), "PERSON", 0.65, "person_by_number")
