"""Names of people where words around them say so: titles, greetings, signatures, headers of mail, roles, verbs.

Without such words `names.full` finds names that are known, and `ner` others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mcp_gate.detect.commonwords import COMMON, THINGS
from mcp_gate.detect.fieldrules import words
from mcp_gate.detect.finding import Finding

_WORD: Final = r"(?:[A-Z]\.|(?:[DO]['’]|Mc|Mac|al-|El-)?[^\W\d_a-z][^\W\d_]*(?:['’-][^\W\d_]+)*)"
_PARTICLE: Final = r"(?:d[eiou]|da|das|dos|del|della|den|der|van|von|vom|zu|la|le|bin|ibn|al|el|ter|ten|y|e|auch|und)"
_PARTICLES: Final = re.compile(_PARTICLE)
_NAME: Final = re.compile(rf"{_WORD}(?:,? (?:{_PARTICLE} ){{0,2}}{_WORD}){{0,3}}(?![\w@]|['’-]\w)")
_JSON_FIELD: Final = re.compile(r"[\"'] ?[:=] ?[\"']?$")
_AND: Final = re.compile(rf"(?:,? (?:and|und|et|y|e)|,|;| &|/) ({_NAME.pattern})")
_BEFORE_MAIL: Final = re.compile(rf"({_WORD}(?:,? (?:{_PARTICLE} ){{0,2}}{_WORD}){{1,3}})[\"']?,? ?[<(\[](?:mailto:)?$")
_LISTED: Final = re.compile(rf"({_WORD}(?: (?:{_PARTICLE} ){{0,2}}{_WORD}){{1,3}})(?:, |\", ?\"|', ?')$")
_OPENS: Final = frozenset("<([:")
"""What stands before an address that a name stands before; a colon is that of `mailto:`."""
_BEFORE_VERB: Final = re.compile(rf"({_WORD}(?:,? (?:{_PARTICLE} ){{0,2}}{_WORD}){{1,3}}) $")
_STAMP: Final = re.compile(
    r"\*?[ \t]{1,4}[\[(]?(?:\d{4}-\d\d-\d\d|\d{1,2}:\d\d)$|(?:,|,? \(|,? )(?: ?born|geb\.|geboren|nacid[oa]|nat[oa])$"
    r"|:$| \((?:DOB|MRN|SSN)$"
)
"""What follows the name of who changed a line or wrote a message, and of who was born."""
_BEFORE_STAMP: Final = re.compile(rf"(?:^|[\n(*\]>.-] ?)({_WORD}(?: (?:{_PARTICLE} ){{0,2}}{_WORD}){{1,3}})$")
_PERSONS_OWN: Final = frozenset(
    {"US_SSN", "PASSPORT", "NATIONAL_ID", "DRIVER_LICENSE", "MEDICAL_RECORD", "DATE_OF_BIRTH"}
)
"""What one person has, and no company."""
_FULL: Final = rf"({_WORD}(?: (?:{_PARTICLE} ){{0,2}}{_WORD}){{1,3}})"
_BEFORE_OWN: Final = re.compile(rf"{_FULL}(?:,? \(|, )(?:[\w'.#-]{{1,16}}[ :#]{{1,2}}){{0,3}}$")
_OF_WHOM: Final = re.compile(rf"{_FULL}['’]s? (?:[\w-]{{1,16}},? ){{1,5}}[\"'(]?$")
_TO_PLACE: Final = re.compile(rf"\b(?:to|for) {_FULL}, $")
_FOR_WHOM: Final = re.compile(rf"[\w ,:().-]{{0,32}}?\b(?:for|holder|belongs to|belonging to|owner) {_FULL}")
_HOLDER: Final = re.compile(rf"[\w ,:().-]{{0,32}}?\b(?:holder|belongs to|belonging to|owner) {_FULL}")
_AHEAD: Final = 40
_LOWER: Final = words(
    "with by from to call called ask tell told met meet user users customer client contact author owner speaker "
    "manager member"
)
"""After these a name has to be two words at least: too much else follows them."""
_AFTER_OTHERS: Final = re.compile(r"(?i)\b(?:from|at|of|and|the|for|by|with|in|on|&) $")


def after_cue(text: str, end: int) -> Iterator[Finding]:
    """The name that begins with the letter before `end`."""
    start = end - 1
    match = _NAME.match(text, start)
    if match is None or match[0].strip(",.'’") in COMMON:
        return
    before = text[max(0, start - 40) : start]
    cue = before.rstrip(" :,=(\r\n\"'").rsplit(None, 1)
    if not cue:
        return
    if ('"' in before or "'" in before) and (_JSON_FIELD.search(before) or before.endswith(('","', "','"))):
        return
    if before.endswith(('name="', "name='")):
        return  # an attribute, of anything
    word = cue[-1].lower().strip("@.([{\"'")
    all_ = match[0]
    behind = all_.partition(" ")[2] if word == "holder" or before.endswith(": ") else ""
    name = all_ if behind and trimmed(behind) == behind else trimmed(all_)
    parts = _parts(name)
    if (parts == 1 and name.isupper()) or not THINGS.isdisjoint(all_.split(" ")):
        return
    if parts == 1 < _parts(all_) and "," not in all_:
        return  # `Dear Hiring Manager`
    labelled = before.rstrip(" \r\n\"'").endswith((":", "belongs to"))
    if word in ("from", "to", "cc", "bcc") and not labelled:
        return
    least = 2 if word in _LOWER and not before.rstrip(" ").endswith((":", "=")) else 1
    while name and sum(map(len, name.split())) > 2 and _parts(name) >= least and not _goes_on(text, start + len(name)):
        yield Finding(start, start + len(name), "PERSON", 0.7, "person_by_words")
        match = _AND.match(text, start + len(name))  # `with Ann Lee and Bob Ray`
        start, name, least = (match.start(1), trimmed(match[1]), 2) if match else (start, "", 2)


def before_verb(text: str, end: int) -> Iterator[Finding]:
    """Two words or more with capitals before a verb, or a date or a time of day, that ends at `end`."""
    if stamp := _STAMP.search(text, max(0, end - 24), end):
        yield from _found(_BEFORE_STAMP, text, stamp.start(), "person_by_time")
        return
    verb = text.rfind(" ", 0, end)
    while verb > 0 and not text[verb + 1 : verb + 2].islower():  # pragma: no cover - verbs are one word each
        verb = text.rfind(" ", 0, verb)
    _, _, word = text[max(0, verb - 72) : verb].rpartition(" ")[0].rpartition(" ")
    if not (word.isascii() and word.islower()) or _PARTICLES.fullmatch(word):  # else the name has one word alone
        yield from _found(_BEFORE_VERB, text, verb + 1, "person_by_verb")


def before_mail(text: str, start: int) -> Iterator[Finding]:
    """The name before an address in angle brackets or parentheses that begins at `start`."""
    if text[start - 1 : start] in _OPENS:
        yield from _found(_BEFORE_MAIL, text, start, "person_by_mail")
    elif "," in text[max(0, start - 4) : start]:
        yield from _found(_LISTED, text, start, "person_by_mail")


def beside(text: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """Whose findings are: `Ann Lee (Aadhaar …)`, `Ann Lee's MRN is …`, `to Ann Lee, 12 Main St`, `… for Ann Lee`."""
    held = "holder " in text
    for one in found:
        if one.entity in _PERSONS_OWN:
            yield from _owner(text, one.start, one.end)
        elif one.entity == "ADDRESS":
            if text.startswith(", ", one.start - 2) and _behind_capital(text, one.start - 2):
                yield from _found(_TO_PLACE, text, one.start, "person_by_address")
        elif held and one.entity in ("IBAN_CODE", "CREDIT_CARD") and "holder " in text[one.end : one.end + _AHEAD]:
            yield from _named(_HOLDER, text, one.end)


def _owner(text: str, start: int, end: int) -> Iterator[Finding]:
    before, behind = text[max(0, start - _AHEAD) : start], text[end : end + _AHEAD]
    if _behind_capital(before, max(before.rfind(" ("), before.rfind(", "))):
        yield from _found(_BEFORE_OWN, text, start, "person_by_number")
    if ("'s " in before or "’s " in before) and _behind_capital(before, max(before.rfind("'s "), before.rfind("’s "))):
        yield from _found(_OF_WHOM, text, start, "person_by_number")
    if " for " in behind or "holder " in behind:
        yield from _named(_FOR_WHOM, text, end)


def _behind_capital(text: str, at: int) -> bool:
    """Whether the word that ends here begins with a capital."""
    return at > 0 and text[text.rfind(" ", 0, at) + 1].isupper()


def _named(pattern: re.Pattern[str], text: str, at: int) -> Iterator[Finding]:
    match = pattern.match(text, at)
    if match and _is_whole(match[1]) and not _goes_on(text, match.end(1)):
        yield Finding(match.start(1), match.end(1), "PERSON", 0.65, "person_by_number")


def _is_whole(name: str) -> bool:
    return _parts(name) > 1 and trimmed(name) == name and THINGS.isdisjoint(name.split(" "))


def _found(pattern: re.Pattern[str], text: str, at: int, rule: str) -> Iterator[Finding]:
    least = max(0, at - 72)
    match = pattern.search(text[least:at])
    if match is None:
        return
    name = match[1]
    skipped = 0
    for word in name.split(" "):  # `The Anna Lee`, `Customer Anna Lee`
        if word.strip(",.") not in COMMON:
            break
        skipped += len(word) + 1
    name = name[skipped:]
    if _parts(name) < 2 or trimmed(name) != name or not THINGS.isdisjoint(name.split(" ")):
        return
    if (
        pattern is not _OF_WHOM
        and pattern is not _TO_PLACE
        and _AFTER_OTHERS.search(text, max(0, least + match.start(1) - 6), least + match.start(1))
    ):
        return  # the subject is who stands before: `Anna from Wells Fargo said`
    begin = least + match.start(1) + skipped
    if begin and (text[begin - 1].isalnum() or text[begin - 1] in "_@#/.-"):
        return
    yield Finding(begin, begin + len(name), "PERSON", 0.7, rule)


def trimmed(name: str) -> str:
    """A name up to the first word that is none."""
    kept: list[str] = []
    for word in name.split(" "):
        plain = word.strip(",.'’")
        if plain in COMMON or (plain.isupper() and len(plain) > 3 and kept and not kept[-1].isupper()):
            break
        kept.append(word)
    return " ".join(kept).rstrip(",.' ") if kept and not _initial(kept[-1]) else " ".join(kept).rstrip(", ")


def _initial(word: str) -> bool:
    return len(word) == 2 and word[1] == "."


def _parts(name: str) -> int:
    return len(name.replace(",", " ").split())


def _goes_on(text: str, end: int) -> bool:
    """Whether what looked like a name is part of something longer: a call, a path, an identifier."""
    return text[end : end + 1] in ("_", "(", "/", "\\", "@") or text[end : end + 2] in ("::", "->", "=>")
