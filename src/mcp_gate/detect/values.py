"""Whether a value looks like what the name of its field promises: `null` does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from mcp_gate.detect import checks, codes, fields
from mcp_gate.detect.commonwords import COMMON, THINGS
from mcp_gate.detect.fieldrules import KINDS, RULES, words
from mcp_gate.detect.finding import Finding, made
from mcp_gate.detect.mail import is_nobodys
from mcp_gate.detect.merge import CREDENTIALS
from mcp_gate.detect.names.common import COMPANY
from mcp_gate.detect.names.doubt import INNER, is_only_given
from mcp_gate.detect.names.lexicon import is_given, is_plain, is_surname
from mcp_gate.detect.names.namesakes import NEVER, PHRASES
from mcp_gate.detect.names.things import SURNAMES
from mcp_gate.detect.remembered import for_a_scan
from mcp_gate.detect.secrets.values import entropy, is_stand_in, is_worded

_NAME_WORD: Final = r"[^\W\d_](?:[^\W\d_]|['’.-](?=[^\W\d_]|[ ,]|$))*\.?"
_PARTICLES: Final = words("de van von der den da dos di du la le del bin al el ben ibn ter ten zu af av y e of the st")
DATE: Final = (
    r"(?:(?:18|19|20)\d\d[-/. ]\d{1,2}[-/. ]\d{1,2}(?!\d)|\d{1,2}[-/. ]\d{1,2}[-/. ](?:(?:18|19|20)\d\d|"
    r"\d\d)(?!\d)|(?:19|20)\d{6}(?!\d)"
    r"|\d{1,2}(?:st|nd|rd|th|\.)?[ -](?:of )?[^\W\d_]{3,9}\.?,?[ -](?:(?:18|19|20)\d\d|\d\d(?!\d))|"
    r"[^\W\d_]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:18|19|20)\d\d)"
)
_SHAPES: Final[dict[str, re.Pattern[str]]] = {
    "PERSON": re.compile(rf"{_NAME_WORD}(?:,? {_NAME_WORD}){{0,5}}"),
    "PHONE_NUMBER": re.compile(
        r"(?:\+|00)?\(?\+?\d(?:[ ()./-]{0,3}\d){5,16}(?:,? ?(?:x|ext\.?|extension|"
        r"#) ?\d{1,6})?"
    ),
    "US_SSN": re.compile(r"\d(?:[ .-]?\d){6,10}"),
    "CREDIT_CARD": re.compile(r"\d(?:[ -]?\d){11,18}"),
    "IBAN_CODE": re.compile(r"[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){8,30}"),
    "BANK_ACCOUNT": re.compile(r"[A-Za-z]{0,4}\d(?:[ /-]?\d){4,20}"),
    "DATE_OF_BIRTH": re.compile(DATE),
    "PASSPORT": re.compile(r"[A-Z]{1,2}[A-Z0-9]{6,8}(?!\w)|(?=[A-Za-z0-9 -]*\d)[A-Za-z0-9](?:[ -]?[A-Za-z0-9]){4,19}"),
    "DRIVER_LICENSE": re.compile(
        r"(?=[A-Za-z0-9 -]*\d[A-Za-z0-9 -]*\d[A-Za-z0-9 -]*\d)[A-Za-z0-9](?:[ *-]?[A-Za-z0-9]){4,24}"
    ),
    "MEDICAL_RECORD": re.compile(r"(?=[A-Za-z0-9#/-]*\d)[A-Za-z0-9#](?:[ /-]?[A-Za-z0-9]){3,24}"),
    "NATIONAL_ID": re.compile(r"(?=[A-Za-z0-9 ./+-]*\d[A-Za-z0-9 ./+-]*\d)[A-Za-z0-9](?:[ ./+-]?[A-Za-z0-9]){4,24}"),
    "EMAIL_ADDRESS": re.compile(r"[^\s@<>\"',;]{1,64}@[^\s@<>\"',;]{2,255}"),
    "IP_ADDRESS": re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}"),
    "ADDRESS": re.compile(r"(?!0x)(?=[^\n]{0,160}\d)(?=[^\n]{0,160}[^\W\d_]{2})[\w#][^\n<>{}|\"]{5,200}"),
    "PASSWORD": re.compile(r"[^\s\"'<>]{4,128}"),
    "API_KEY": re.compile(
        r"(?:(?:Bearer|Basic|Token|ApiKey|Digest) )?[^\s\"'<>]{8,4096}(?:(?<=;)(?: [\w.-]+=[^\s\"'<>]{0,4096}){1,32})?"
    ),
    "PRIVATE_KEY": re.compile(r"[^\s\"'<>]{16,8192}"),
    "CONNECTION_STRING": re.compile(r"[^\s\"'<>]*(?::[^\s\"'<>:@/]+@|;.*(?i:pwd|password|key)=)[^\"'<>\n]*"),
}
_LABELS: Final = frozenset(re.findall(r"[a-z]{3,}", f"{RULES['PERSON']} {KINDS}")) | words("name username")
"""Words of which names of fields for people are made."""
_WORD_LENGTH: Final = 20
"""From so many small letters on, it is no word."""
_ANY: Final = re.compile(r"[^\s\"']{4,128}")
"""A password where it is told where it ends."""
_WEAK: Final = frozenset({fields.NAME, fields.WEAK})
_RULES: Final = {kind: f"field_{kind.lower()}" for kind in _SHAPES}
_MORE_BEHIND: Final = ("PHONE_NUMBER", "EMAIL_ADDRESS")
_DAY: Final = re.compile(r"(?:19|20)\d\d-\d\d-\d\d")
_NO_FRACTION: Final = re.compile(r"\.0{1,2}[ ,;]*\Z")
"""Of numbers that went through a table which makes a fraction of each."""
_SHELVES: Final = ("aisle", "shelf", "rack", "bay", "bin", "slot", "row", "warehouse", "pallet", "dock")
_IN_SHELF: Final = re.compile("|".join(_SHELVES))
_SHELF: Final = re.compile(rf"(?i)\b(?:{'|'.join(_SHELVES)})\b")
"""Where things lie."""
_DIGITS: Final = {
    "PHONE_NUMBER": (7, 15), "US_SSN": (7, 11), "CREDIT_CARD": (12, 19), "BANK_ACCOUNT": (5, 20),
    "MEDICAL_RECORD": (3, 20),
}  # fmt: skip
_TRAILING: Final = " ,;"
"""Behind a value, and no part of it."""
_SHORT, _LONG = 128, 16_384
_MOST_SEEN: Final = 8_192
_SEEN: Final[dict[tuple[str, str, bool], int]] = for_a_scan({})
"""How much of a short text is a value of a kind: within one result the same ones come over and over."""
_HASHED: Final = ("$2", "$argon", "{bcrypt}", "$5$", "$6$", "pbkdf2")
_PLACEHOLDER: Final = re.compile(
    r"(?i)(?:<.*>|\*+|[x.•#-]{3,}|\$\{?.*|\{.*|%.*%?|change_?me|changeit|your[-_ ].*|\[?redacted.*|null|none|nil|"
    r"true|false|example.*|"
    r"test|todo|tbd|password|passwd|secret|token|apikey|api_key|os\.environ.*|process\.env.*|getenv.*|env[(.].*|"
    r"(?:user(?:name)?|login|host|server|db)[=:].*|\[.*\]|n/?a|[~.]{0,2}/[\w.-]*(?:/[\w.-]*)*|"
    r".*example|(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]{3,40}(?: .*)?|"
    r"-----BEGIN (?:CERT|PUBLIC|SSH2 PUBLIC).*|.*@sha256:.*|"
    r"undefined|string|pass|str|int|bool|optional.*|self\..*|config[.(\[].*|\w+(?:\.\w+)*\(.*|unknown|"
    r"anonymous|empty|"
    r"required|hidden|masked|encrypted|enabled|disabled|yes|no|default|placeholder|dummy|foo|bar|s3cr3t-here)"
)


def find(entity: str, text: str, start: int, end: int, *, whole: bool) -> Finding | None:
    """The finding in a value at `start` to `end`, which stands under a field of this kind; None where it is none.

    Args:
        whole: the value ends where `end` is; else there may be more behind it.
    """
    while start < end and text[start] in " \t":
        start += 1
    kind = "PERSON" if entity in _WEAK else entity
    value = text[start:end]
    if end - start > _SHORT or len(text) < _LONG:
        size = _size(entity, kind, value, whole=whole)
    elif (known := _SEEN.get((entity, value, whole))) is not None:
        size = known
    else:
        if len(_SEEN) >= _MOST_SEEN:
            _SEEN.clear()
        size = _SEEN[entity, value, whole] = _size(entity, kind, value, whole=whole)
    return made((start, start + size, kind, 0.85, _RULES[kind], False)) if size else None


def wholes(entity: str, texts: Iterable[str]) -> Iterator[Finding | None]:
    """For each of the texts under fields of one kind what it is as a whole; None where it is no value, or only a part
    of it is, which `find` tells apart."""
    kind = "PERSON" if entity in _WEAK else entity
    match, plausible, rule = (_ANY if kind == "PASSWORD" else _SHAPES[kind]).match, _PLAUSIBLE.get(kind), _RULES[kind]
    for text in texts:
        found = match(text)
        is_one = (
            found is not None and found.end() == len(text) and text[-1:] not in _TRAILING
            and (plausible is None or plausible(text, text)) and (entity not in _WEAK or _full_name(text))
        )  # fmt: skip
        yield made((0, len(text), kind, 0.85, rule, False)) if is_one else None


def _size(entity: str, kind: str, text: str, *, whole: bool) -> int:
    """How many characters of a text, from its first on, are a value of this kind; 0 for none."""
    match = (_ANY if whole and kind == "PASSWORD" else _SHAPES[kind]).match(text)
    if match is None:
        return 0
    stop, end = match.end(), len(text)
    if stop == 0 or (whole and stop < end and kind not in _MORE_BEHIND and _more(kind, text, stop, end)):
        return 0
    value = match[0].rstrip(_TRAILING)
    plausible = _PLAUSIBLE.get(kind)
    if (plausible is not None and not plausible(value, text)) or (entity in _WEAK and not _full_name(value)):
        alone = entity == fields.WEAK and value.istitle() and value.isalpha() and is_only_given(value)
        return len(value) if alone else 0
    return len(value)


def _more(kind: str, text: str, start: int, end: int) -> bool:
    """Whether a value goes on with what is no part of one of its kind."""
    if not text[start:end].strip(" ,;."):
        return False
    return kind not in _DIGITS or _NO_FRACTION.match(text, start, end) is None


def _has_digits(least: int, most: int, value: str, _all: str) -> bool:
    return least <= len(checks.digits_of(value)) <= most


def _is_phone(value: str, _all: str) -> bool:
    return _has_digits(*_DIGITS["PHONE_NUMBER"], value, "") and not _DAY.match(value)


def _is_secret(kind: str, value: str, all_: str) -> bool:
    bare = value.rstrip("`):")  # a type in a program, a word in quotes of its own
    if any(is_stand_in(one) or _PLACEHOLDER.fullmatch(one) for one in {all_, bare}):
        return False
    if kind == "API_KEY" and is_worded(value):
        return False
    if kind == "API_KEY" and len(value) < _WORD_LENGTH and value.isalpha() and value.islower():
        return False
    return not value.startswith(_HASHED) if kind == "PASSWORD" else entropy(value) > 2.5


def _is_address(value: str, _all: str) -> bool:
    return _IN_SHELF.search(value.lower()) is None or _SHELF.search(value) is None


def looks_like_name(value: str) -> bool:
    """Whether all words but particles begin with a capital, or all are capitals."""
    words = value.replace(",", " ").split()
    if not words or len(value) < 2 or (len(words) == 1 and not value[1:].islower() and INNER.search(value)):
        return False
    if all(word.lower() in _LABELS for word in words) and not any(is_given(word) or is_surname(word) for word in words):
        return False  # what the field is called, in a form or a language
    small = [word for word in words if not word[0].isupper()]
    return not small or all(word.lower() in _PARTICLES or not word[0].isalpha() for word in small)


def _full_name(value: str) -> bool:
    """Whether a name has a first and a last part, and no word that names things."""
    parts = value.replace(",", " ").split()
    if len(parts) < 2 or any(is_plain(part) for part in parts if part not in _PARTICLES):
        return False
    return not names_thing(parts) and not COMPANY.search(value)


def names_thing(parts: Sequence[str]) -> bool:
    """Whether one of the words of what looks like a name is one for things, and nobody's surname here."""
    if THINGS.isdisjoint(parts):
        return False
    return not (len(parts) > 1 and parts[-1] in SURNAMES and is_given(parts[0]) and THINGS.isdisjoint(parts[:-1]))


_PLAUSIBLE: Final[dict[str, Callable[[str, str], bool]]] = {
    **{kind: partial(_has_digits, *digits) for kind, digits in _DIGITS.items()},
    **{kind: partial(_is_secret, kind) for kind in CREDENTIALS},
    "PHONE_NUMBER": _is_phone,
    "ADDRESS": _is_address,
    "PERSON": lambda value, _all: looks_like_name(value),
    "IP_ADDRESS": lambda value, _all: not codes.is_within(value),
    "EMAIL_ADDRESS": lambda value, _all: not is_nobodys(value),
}
"""Where not only the shape counts: of the value, and of all that stands there."""


def is_of_thing(value: str) -> bool:
    """Whether a `name` beside what people have is that of a firm or a program all the same."""
    parts = value.split()
    if len(parts) == 1:
        return value in NEVER or (value in COMMON and not is_given(value)) or (value.isupper() and not is_given(value))
    return names_thing(parts) or "_".join(parts) in PHRASES
