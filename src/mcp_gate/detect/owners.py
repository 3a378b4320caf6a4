"""Whose something is that was found: names before numbers, addresses and days, beside them in a row, and above."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import Final

from mcp_gate.detect.fieldrules import words
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.names.doubt import is_of_things
from mcp_gate.detect.names.evidence import is_likely
from mcp_gate.detect.people import FULL, PARTICLE, WORD, Place, before, is_whole

_ROLES: Final = {
    **dict.fromkeys(
        ("US_SSN", "PASSPORT", "NATIONAL_ID", "DRIVER_LICENSE", "MEDICAL_RECORD", "DATE_OF_BIRTH"), "own"
    ),  # what one person has, and no company
    **dict.fromkeys(("EMAIL_ADDRESS", "PHONE_NUMBER", "ADDRESS"), "reached"),  # where somebody is reached
    **dict.fromkeys(("IBAN_CODE", "CREDIT_CARD", "BANK_ACCOUNT"), "paid"),
}
"""What things are to people."""
_BEFORE_OWN: Final = re.compile(rf"{FULL}(?:,? \(|, )(?:[\w'.#-]{{1,16}}[ :#]{{1,2}}){{0,3}}$")
_BEFORE_PAIR: Final = re.compile(rf"{FULL},? [a-z_]{{2,16}}=$")
_OF_WHOM: Final = re.compile(rf"{FULL}['’]s? (?:[\w-]{{1,16}},? ){{1,5}}[\"'(]?$")
_TO_PLACE: Final = re.compile(rf"\b(?:to|for|is|was) {FULL}, $")
_THEIRS: Final = re.compile(
    rf"(?<=[a-z,] )({WORD}(?: {WORD}){{0,2}})\b[^.!?\n]{{0,40}}?[,;(.]? (?:[Hh]er|[Hh]is|[Tt]heir)"
    r" (?:(?:new|work|private|personal|direct|home) )?(?:e-?mail|phone|mobile|cell|number|ssn|address|passport|dob"
    r"|birthday)[^.!?\n\d@]{0,24}$"
)
"""`add Ann to the channel, her email is …`"""
_SEPARATORS: Final = frozenset(";|,\t")
_AROUND: Final = " \"'"
_DOTS: Final = (".", "/")
_CELL: Final = frozenset(",;|\t\"'")
"""Before the value of a field in a row or an object: nothing beside it is about it."""
_APART: Final = (" ", "(", "'", '"')
_BEFORE_NUMBER: Final = frozenset(" (:#")
"""What `_BEFORE_OWN` ends with."""
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
_SEP: Final = r"[\"']? ?[;|,\t] ?[\"']?"
_ROW: Final = re.compile(
    rf"(?:(?P<name>{WORD},? (?:{PARTICLE} ){{0,2}}{WORD}(?: {WORD})?){_SEP})?"
    rf"(?:(?P<day>(?:19[3-9]\d|20[01]\d)-\d\d-\d\d|\d\d[./]\d\d[./](?:19[3-9]\d|20[01]\d)){_SEP})?$"
)
_DAY_BEFORE: Final = re.compile(
    r"[^\W\d_], ((?:19[2-9]\d|20[01]\d)-\d\d-\d\d|\d\d[./]\d\d[./](?:19[2-9]\d|20[01]\d)), (?:[A-Za-z.#]{2,8}:? )?$"
)
"""Between somebody's name and number."""
_AHEAD: Final = 40
_LABELLED: Final = 20
"""Characters of a line before what was found, where a name may stand above."""
_LINES: Final = 2
"""So many lines above an address a name may stand."""


def beside(text: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """Whose findings are: `Ann Lee (Aadhaar …)`, `Ann Lee's MRN is …`, `to Ann Lee, 12 Main St`."""
    found = tuple(found)
    known = frozenset([one[:2] for one in found if one[2] == "PERSON"])
    asked: set[tuple[int, int]] = set()
    for start, end, kind, _score, rule, _bare in found:
        role = _ROLES.get(kind)
        if role is None:
            continue
        field = rule[:5] == "field"
        if not field and role != "reached" and _ends_cell(text, start):
            yield from _in_row(text, start)
        if role != "paid" and (place := (start, end)) not in asked:  # else another rule found it as well
            asked.add(place)
            if not field or text[start - 1 : start] not in _CELL:
                yield from _before(text, start, known, own=role == "own")
            if kind == "ADDRESS" and text.startswith(", ", start - 2) and _behind_capital(text, start - 2):
                yield from before(_TO_PLACE, text, start, "person_by_address", of_any=True, known=known)


def _before(text: str, start: int, known: Container[Place], *, own: bool) -> Iterator[Finding]:
    """Whose it is, by what stands before it, or above."""
    ahead = text[max(0, start - _AHEAD) : start]
    if own:
        yield from _owner(text, start, ahead, known)
    if ("r " in ahead or "s " in ahead) and any(word in ahead for word in _PRONOUNS):
        yield from _theirs(text, start)
    if "\n" in ahead and text.find("\n", max(0, start - _LABELLED), start) > 0:
        yield from _above(text, start)


def _ends_cell(text: str, start: int) -> bool:
    """Whether what stands before a value ends another of its row that may be a name or a day."""
    if _SEPARATORS.isdisjoint(text[max(0, start - 3) : start]):
        return False
    before = text[max(0, start - 14) : start]
    bare = before.rstrip(_AROUND)
    if len(before) - len(bare) > 2 or bare[-1:] not in _SEPARATORS:
        return False
    cell = bare[:-1].rstrip(_AROUND)[-10:]
    if not cell[-1:].isdigit():
        return cell[-1:].isalpha() or cell[-1:] == "."
    return cell[4:5] == cell[7:8] == "-" or (cell[2:3] in _DOTS and cell[5:6] in _DOTS)


def _owner(text: str, start: int, ahead: str, known: Container[Place]) -> Iterator[Finding]:
    last = ahead[-1:]
    if last == "=":
        yield from before(_BEFORE_PAIR, text, start, "person_by_number", known=known)
    if last not in _APART:  # a cell
        return
    if last == " " and "," in ahead and (day := _DAY_BEFORE.search(ahead)):
        begin = start - len(ahead)
        yield Finding(begin + day.start(1), begin + day.end(1), "DATE_OF_BIRTH", 0.6, "birth_by_row")
    if last in _BEFORE_NUMBER and _behind_capital(ahead, max(ahead.rfind(" ("), ahead.rfind(", "))):
        yield from before(_BEFORE_OWN, text, start, "person_by_number", of_any=" for " in ahead, known=known)
    if ("'s " in ahead or "’s " in ahead) and _behind_capital(ahead, max(ahead.rfind("'s "), ahead.rfind("’s "))):
        yield from before(_OF_WHOM, text, start, "person_by_number", of_any=True, known=known)


def _theirs(text: str, start: int) -> Iterator[Finding]:
    """Whose `her number` is."""
    begin = max(0, start - 72)
    of = _THEIRS.search(text[begin:start])
    if of is None:
        return
    first, last = begin + of.start(1), begin + of.end(1)
    if is_whole(f"{of[1]} Lee") and not is_of_things(text, first, last):
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
            heading = name[1].isupper() and not is_likely(name[1])
            if not heading and not is_of_things(text, *name.span(1)):
                yield Finding(*name.span(1), "PERSON", 0.65, "person_by_line")
            return
        if line < 0 or not _OTHER_LINE.fullmatch(text, line + 1, stop):
            return


def _in_row(text: str, start: int) -> Iterator[Finding]:
    """The day of birth and the name before a number in a row of values: `Lee, Ann; 1988-05-24; …`"""
    least = max(0, start - 72)
    row = _ROW.search(text[least:start])
    if row is None:
        return
    if row["day"]:
        yield Finding(least + row.start("day"), least + row.end("day"), "DATE_OF_BIRTH", 0.6, "birth_by_row")
    if row["name"] and is_whole(row["name"]):
        yield Finding(least + row.start("name"), least + row.end("name"), "PERSON", 0.6, "person_by_row")


def _behind_capital(text: str, at: int) -> bool:
    """Whether the word that ends here begins with a capital."""
    return at > 0 and text[text.rfind(" ", 0, at) + 1].isupper()
