"""One pass over everything: which kinds of detectors may find something, and where. All others cost nothing.

Patterns are written for bytes and for two engines, hyperscan and Python's own `re` where hyperscan has no wheel: no
look-around, no groups that are read. Both report only where a match ends; a detector then looks around that place.
Characters that are not ASCII arrive as `?`.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache
from typing import Final

from mcp_gate.detect import cuewords, engine
from mcp_gate.detect.engine import Engine, Fired, Group


class Kind(IntEnum):
    """What may lie here."""

    MAIL = 0
    NUMBER = 1
    """Digits in one of the groups that `numbers` knows: cards, social security numbers, telephones."""
    DOTTED = 2
    """What might be an IPv4 address."""
    COLONS = 3
    """What might be an IPv6 address."""
    IBAN = 4
    ID = 5
    """Numbers of states with letters in them, of a shape of their own."""
    FIELD = 6
    """The separator behind a name that may be a field's."""
    PERSON = 7
    """The capital letter behind words that names stand behind."""
    SPEECH = 8
    """A verb that people are the subject of, behind a word with a capital."""
    STREET = 9
    CUE_PHONE = 10
    """From here on: words that say what a number near them is. A match ends where the word does."""
    CUE_SSN = 11
    CUE_BIRTH = 12
    CUE_PASSPORT = 13
    CUE_LICENSE = 14
    CUE_MEDICAL = 15
    CUE_BANK = 16
    CUE_NATIONAL = 17
    CUE_CARD = 18
    WORD = 19
    """A run of letters and digits that may be base64 or hexadecimal, with the character behind it."""
    ROW = 20
    """Pairs of hexadecimal digits, with spaces, colons or dashes between them."""
    STATEMENT = 21
    """Where rows are put into a table of a database."""
    GRID = 22
    """Where a table is drawn."""
    FULL_NAME = 23
    """A word with a capital behind another: its third letter."""
    RECORD = 24
    """Where a name stands in a record of a trade."""
    RUN = 25
    """A shorter run than `WORD`, of the same characters: it may be a key. The last one: leaves are not asked for it."""


CUES: Final = tuple(kind for kind in Kind if kind.name.startswith("CUE_"))


_TO_NAME: Final = r"[\"']?(?:[ :,=(]|\r?\n){1,3}[\"']?[A-Z?]"
PATTERNS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.MAIL: (r"[!-~]@[0-9A-Za-z?]", r"[0-9A-Za-z?] ?[\[({] ?[Aa][Tt] ?[\])}] ?[0-9A-Za-z]"),
    Kind.NUMBER: (
        r"(?:\d{13}|\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}|\d{4}[ -]\d{6}[ -]\d{4}\d?|\d(?:[ -]\d){12})[^0-9]",
        r"(?:\d ?\d ?\d ?- ?\d ?\d ?- ?\d ?\d ?\d ?\d|\d{3}\.\d{3}\.\d{3}-\d\d)[^0-9]",
        r"\+(?:[ .()-]{0,2}\d){8,20}[^0-9]",
        r"00[1-9]\d{0,2} \d{1,4}(?: \d{2,4}){0,2} \d{3,8}[^0-9]",
        r"(?:07\d{3} \d{3} ?\d{3}|0[1-9](?:[ .]\d\d){4}|01[567]\d[ /-]\d{7,8}|04\d\d \d{3} \d{3}|"
        r"07\d-\d{3} ?\d\d ?\d\d|02\d \d{4} \d{4}|01\d\d \d{3} \d{4}|01\d{3} \d{6})[^0-9]",
        r"(?:\(0[2378]\) \d{4} \d{4}|\(\d\d\) 9?\d{4}-\d{4}|0[5789]0-\d{4}-\d{4})[^0-9]",
        r"(?:\(\d{3}\) ?\d{3}[-. ]\d{4}|[2-9]\d{2}[-. ][2-9]\d{2}[-. ]\d{4})[^0-9]",
    ),
    Kind.DOTTED: (r"\d\.\d{1,3}\.\d{1,3}\.\d",),
    Kind.COLONS: (r"[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]|[0-9A-Fa-f]::[0-9A-Fa-f]",),
    Kind.IBAN: (r"[A-Z]{2}\d{2}[ ._/?-]?[0-9A-Z]{4}[ ._/?-]?[0-9A-Z]{4}|[a-z]{2}\d{2}[a-z]{0,4}\d{8}",),
    Kind.ID: (
        r"[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]|[A-Z]{5}\d{4}[A-Z]|[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}|\d{8}-?[A-Z]|"
        r"[XYZ]-?\d{7}-?[A-Z]|[STFGM]\d{7}[A-Z]|[A-Z]{4}\d{6}[A-Z0-9]{2}",
        r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d\d|\d\d\.\d\d\.\d\d-\d{3}\.\d\d|\d{6}[-+A]\d{3}[0-9A-Y][^0-9]|\d{6}-[1-8]\d{6}",
        r"\d\.\d{3}\.\d{3}-[0-9Kk]|[1-8]\d{5}(?:19|20)\d\d[01]\d[0-3]\d{4}[0-9X]",
    ),
    Kind.FIELD: (
        r"[\"'][kv][\"']:",
        *(rf"(?i:{name}(?:{cuewords.FIELD_ENDS})?)\\?[\"'*]{{0,2}}\s{{0,2}}[:=>]" for name in cuewords.FIELDS),
    ),
    Kind.PERSON: (
        r"[ \n(>]@[A-Z?]",
        r"^@[A-Z?]",
        *(rf"\b{word}\.?{_TO_NAME}" for word in cuewords.TITLES),
        rf"\b(?:{'|'.join(cuewords.TITLES)})\.? (?:van|von|vom|zu|de|den|der|di|da|du|dos|la|le|al|el|bin|ter|ten)"
        r"(?: de[rn]?| la)? [A-Z?]",
        *(rf"\b{word}{_TO_NAME}" for word in cuewords.GREETINGS),
        *(rf"\b(?i:{word}){_TO_NAME}" for word in cuewords.ROLES),
    ),
    Kind.SPEECH: (
        *(rf"[A-Z?][a-z?.'-]{{1,20}} {verb}\b" for verb in cuewords.SPEECH),
        *cuewords.STAMPS,
    ),
    Kind.STREET: (cuewords.STREETS,),
    Kind.CUE_PHONE: (cuewords.PHONE,),
    Kind.CUE_SSN: (cuewords.SSN,),
    Kind.CUE_BIRTH: (cuewords.BIRTH,),
    Kind.CUE_PASSPORT: (cuewords.PASSPORT,),
    Kind.CUE_LICENSE: (cuewords.LICENSE,),
    Kind.CUE_MEDICAL: (cuewords.MEDICAL,),
    Kind.CUE_BANK: (cuewords.BANK,),
    Kind.CUE_NATIONAL: (cuewords.NATIONAL,),
    Kind.CUE_CARD: (cuewords.CARD,),
    Kind.WORD: (r"[0-9A-Za-z+/_-]{15}[^0-9A-Za-z+/_-]",),
    Kind.RUN: (r"[0-9A-Za-z+/_-]{12}[^0-9A-Za-z+/_-]",),
    Kind.ROW: (r"(?:[0-9A-Fa-f]{2}[ :]){6}", r"(?:[0-9A-Fa-f]{2}-){6}"),
    Kind.GRID: (
        r"[A-Za-z_] *\r?\n0 {2,}\S",
        r"(?:PID|NK1|GT1|IN1|PV1)\|",
        "BEGIN:VCARD",
        r"-- {1,4}--",
        r"-\[ RECORD",
        r"[A-Z]{2} {2,}[A-Z]{2}",
        r"<[Tt][HhDd][ >]",
        r"<[Dd][Tt][ >]",
    ),
    Kind.FULL_NAME: (
        r"[A-Z?][a-z?'-]{1,15} (?:[A-Z]\.? )?(?:[A-Z?][A-Za-z?'][a-z?]|Mc[A-Z]|[DO]['?][A-Z?]|[AE]l-)",
        r"[A-Z?][a-z?'-]{1,15} (?:[a-z]{1,3} ){1,2}(?:[A-Z?][A-Za-z?'][a-z?]|Mc[A-Z]|[DO]['?][A-Z?]|[AE]l-)",
        r"[a-z?] St\. [A-Z?][A-Za-z?'][a-z?]",
    ),
    Kind.RECORD: (
        r"[A-Z?]{2}/[A-Z?]{2}",
        r"\d NAME [A-Z?]",
        r"\d (?:GIVN|SURN) [A-Z?]",
        r"\d BIRT\r?\n\d DATE \d",
        r"[A-Z?]<<[A-Z?]",
        r"[A-Za-z?]\^[A-Z?][A-Za-z?]",
        r"[a-z](?:Name|_name)\([\"'][A-Z?]",
        r"(?:set|with)_?[A-Z][a-z]{2,16}\([\"'][A-Z?0-9+]",
        r"/NAME/[A-Z?]",
        r"\+\+\+[A-Z?]",
        r"IC\+:[A-Z?]",
        r"NM1\*[0-9A-Z]{2,3}\*1\*[A-Z?]",
        r":5[09][A-Z]?:",
        r"[A-Z?]{3} [A-Z?]{3}",
    ),
    Kind.STATEMENT: (
        "INSERT INTO",
        "insert into",
        "Insert into",
        "INSERT OR",
        "insert or",
        "INSERT IGNORE",
        "insert ignore",
        "REPLACE INTO",
        "replace into",
        "FROM stdin",
        "from stdin",
    ),
}


_GUARDED: Final = (
    ((Kind.MAIL, Kind.PERSON, Kind.SPEECH, Kind.STATEMENT, Kind.GRID, Kind.FULL_NAME, Kind.RECORD), None),
    ((Kind.WORD, Kind.RUN), None),
    ((Kind.FIELD, Kind.COLONS), ":=>"),
    ((Kind.NUMBER, Kind.DOTTED, Kind.IBAN, Kind.ID, Kind.STREET, *CUES, Kind.ROW), "0123456789"),
)
"""What is looked for together, and what stands near it wherever it matters."""


def find(buffer: bytes, most: int | None = None) -> Fired:
    """Where something of each kind may lie.

    Args:
        most: as of `Engine`.

    Raises:
        TooMany: the same.
    """
    return _engine()(buffer, most)


def hyperscan_engine() -> Engine:
    """Raises: ImportError: there is no wheel for this platform."""
    return engine.hyperscan_engine(
        [Group(tuple((int(kind), one) for kind in kinds for one in PATTERNS[kind]), guard) for kinds, guard in _GUARDED]
    )


def plain_engine() -> Engine:
    """The same with nothing but the standard library: slower."""
    return engine.plain_engine([re.compile("|".join(PATTERNS[kind]).encode()) for kind in Kind])


@cache
def _engine() -> Engine:
    try:
        return hyperscan_engine()
    except ImportError:
        return plain_engine()
