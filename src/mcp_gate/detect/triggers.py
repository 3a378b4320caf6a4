"""One pass over everything: which kinds of detectors may find something, and where. All others cost nothing.

Patterns are written for bytes and for two engines, hyperscan and Python's own `re` where hyperscan has no wheel: no
look-around, no groups that are read. Both report only where a match ends; a detector then looks around that place.
Characters that are not ASCII arrive as `?`.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import cache
from typing import Any, Final

from mcp_gate.detect import cuewords
from mcp_gate.detect.kept import kept


class Kind(IntEnum):
    """What may lie here."""

    MAIL = 0
    NUMBER = 1
    """Seven digits or more, in groups or not."""
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
    CUE_ADDRESS = 19
    WORD = 20
    """A run of letters and digits that may be base64 or hexadecimal, with the character behind it."""
    ROW = 21
    """Pairs of hexadecimal digits, with spaces or colons between them."""
    STATEMENT = 22
    """Where rows are put into a table of a database."""


PATTERNS: Final[dict[Kind, str]] = {
    Kind.MAIL: r"[!-~]@[0-9A-Za-z?]|[0-9A-Za-z?] ?[\[({] ?[Aa][Tt] ?[\])}] ?[0-9A-Za-z]",
    Kind.NUMBER: r"\d(?:[ ./()-]{0,3}\d){6}[^0-9]",
    Kind.DOTTED: r"\d\.\d{1,3}\.\d{1,3}\.\d",
    Kind.COLONS: r"[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]|[0-9A-Fa-f]::[0-9A-Fa-f]",
    Kind.IBAN: r"[A-Z]{2}\d{2}[ -]?[0-9A-Z]{4}[ -]?[0-9A-Z]{4}|[a-z]{2}\d{2}[a-z]{0,4}\d{8}",
    Kind.ID: r"[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]|[A-Z]{5}\d{4}[A-Z]|[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}|\d{8}-?[A-Z]|"
    r"[XYZ]-?\d{7}-?[A-Z]|[STFGM]\d{7}[A-Z]|[A-Z]{4}\d{6}[A-Z0-9]{2}",
    Kind.FIELD: rf"(?i)(?:{cuewords.FIELDS})(?:{cuewords.FIELD_ENDS})?\\?[\"']?\s{{0,2}}[:=>]",
    Kind.PERSON: rf"\b(?:{cuewords.BEFORE_PERSON})[\"']?(?:[ :,=(]|\r?\n){{1,3}}[\"']?[A-Z?]",
    Kind.SPEECH: rf"[A-Z?][a-z?.'-]{{1,20}} (?:{cuewords.SPEECH})\b",
    Kind.STREET: cuewords.STREETS,
    Kind.CUE_PHONE: cuewords.PHONE,
    Kind.CUE_SSN: cuewords.SSN,
    Kind.CUE_BIRTH: cuewords.BIRTH,
    Kind.CUE_PASSPORT: cuewords.PASSPORT,
    Kind.CUE_LICENSE: cuewords.LICENSE,
    Kind.CUE_MEDICAL: cuewords.MEDICAL,
    Kind.CUE_BANK: cuewords.BANK,
    Kind.CUE_NATIONAL: cuewords.NATIONAL,
    Kind.CUE_CARD: cuewords.CARD,
    Kind.CUE_ADDRESS: cuewords.ADDRESS,
    Kind.WORD: r"[0-9A-Za-z+/_-]{15}[^0-9A-Za-z+/_-]",
    Kind.ROW: r"(?:[0-9A-Fa-f]{2}[ :]){6}",
    Kind.STATEMENT: "INSERT INTO|insert into|Insert into|INSERT OR|REPLACE INTO|replace into",
}

_SHAPES: Final = (Kind.MAIL, Kind.NUMBER, Kind.DOTTED, Kind.COLONS, Kind.IBAN, Kind.ID, Kind.WORD, Kind.ROW)
"""Those without words: in two passes hyperscan needs half the time."""
Ends = Sequence[list[int]]
"""For every `Kind`, by its number, where matches end; ascending."""


def find(buffer: bytes) -> Ends:
    """Where something of each kind may lie."""
    return _engine()(buffer)


def hyperscan_engine() -> Callable[[bytes], Ends]:
    """Raises: ImportError: there is no wheel for this platform."""
    import hyperscan

    words = tuple(kind for kind in PATTERNS if kind not in _SHAPES)
    bases = [_database(hyperscan, kinds) for kinds in (_SHAPES, words)]
    idle: list[list[Any]] = []
    """Scratch spaces not in use: one for each base, for every thread that is scanning."""

    def run(buffer: bytes) -> Ends:
        found: list[list[int]] = [[] for _ in Kind]
        scratches = idle.pop() if idle else [hyperscan.Scratch(base) for base in bases]

        def note(kind: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found[kind].append(end)

        for base, scratch in zip(bases, scratches, strict=True):
            base.scan(buffer, match_event_handler=note, scratch=scratch)
        idle.append(scratches)
        return found

    return run


def _database(hyperscan: Any, kinds: Sequence[Kind]) -> Any:
    """Compiled in half a second, or kept from another process."""
    patterns = [PATTERNS[kind] for kind in kinds]

    def compiled() -> Any:
        made = hyperscan.Database()
        made.compile(
            expressions=[pattern.encode() for pattern in patterns],
            ids=[int(kind) for kind in kinds],
            flags=[0] * len(kinds),
        )
        return made

    source = repr((hyperscan.__version__, platform.machine(), list(map(int, kinds)), patterns)).encode()
    try:
        return hyperscan.loadb(kept(source, lambda: bytes(hyperscan.dumpb(compiled()))), hyperscan.HS_MODE_BLOCK)
    except hyperscan.error:  # kept by another kind of processor
        return compiled()


def plain_engine() -> Callable[[bytes], Ends]:
    """The same with nothing but the standard library: slower."""
    compiled = [(kind, re.compile(pattern.encode())) for kind, pattern in PATTERNS.items()]

    def run(buffer: bytes) -> Ends:
        found: list[list[int]] = [[] for _ in Kind]
        for kind, pattern in compiled:
            found[kind].extend(match.end() for match in pattern.finditer(buffer))
        return found

    return run


@cache
def _engine() -> Callable[[bytes], Ends]:
    try:
        return hyperscan_engine()
    except ImportError:
        return plain_engine()
