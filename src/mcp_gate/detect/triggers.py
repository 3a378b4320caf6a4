"""One pass over everything: which kinds of detectors may find something, and where. All others cost nothing.

Patterns are written for bytes and for two engines, hyperscan and Python's own `re` where hyperscan has no wheel: no
look-around, no groups that are read. Both report only where a match ends; a detector then looks around that place.
Characters that are not ASCII arrive as `?`.

What makes it fast: words are patterns of their own each, which hyperscan finds as literals; and what means something
only near a digit or a separator is looked for where one is, block by block.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import cache
from typing import Any, Final, NamedTuple

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
    WORD = 19
    """A run of letters and digits that may be base64 or hexadecimal, with the character behind it."""
    ROW = 20
    """Pairs of hexadecimal digits, with spaces or colons between them."""
    STATEMENT = 21
    """Where rows are put into a table of a database."""


CUES: Final = tuple(kind for kind in Kind if kind.name.startswith("CUE_"))


_TO_NAME: Final = r"[\"']?(?:[ :,=(]|\r?\n){1,3}[\"']?[A-Z?]"
PATTERNS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.MAIL: (r"[!-~]@[0-9A-Za-z?]", r"[0-9A-Za-z?] ?[\[({] ?[Aa][Tt] ?[\])}] ?[0-9A-Za-z]"),
    Kind.NUMBER: (r"\d(?:[ ./()-]{0,3}\d){6}[^0-9]",),
    Kind.DOTTED: (r"\d\.\d{1,3}\.\d{1,3}\.\d",),
    Kind.COLONS: (r"[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]|[0-9A-Fa-f]::[0-9A-Fa-f]",),
    Kind.IBAN: (r"[A-Z]{2}\d{2}[ -]?[0-9A-Z]{4}[ -]?[0-9A-Z]{4}|[a-z]{2}\d{2}[a-z]{0,4}\d{8}",),
    Kind.ID: (
        r"[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]|[A-Z]{5}\d{4}[A-Z]|[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}|\d{8}-?[A-Z]|"
        r"[XYZ]-?\d{7}-?[A-Z]|[STFGM]\d{7}[A-Z]|[A-Z]{4}\d{6}[A-Z0-9]{2}",
    ),
    Kind.FIELD: tuple(rf"(?i:{name}(?:{cuewords.FIELD_ENDS})?)\\?[\"']?\s{{0,2}}[:=>]" for name in cuewords.FIELDS),
    Kind.PERSON: (
        *(rf"\b{word}\.?{_TO_NAME}" for word in cuewords.TITLES),
        *(rf"\b{word}{_TO_NAME}" for word in cuewords.GREETINGS),
        *(rf"\b(?i:{word}){_TO_NAME}" for word in cuewords.ROLES),
    ),
    Kind.SPEECH: tuple(rf"[A-Z?][a-z?.'-]{{1,20}} {verb}\b" for verb in cuewords.SPEECH),
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
    Kind.ROW: (r"(?:[0-9A-Fa-f]{2}[ :]){6}",),
    Kind.STATEMENT: ("INSERT INTO", "insert into", "Insert into", "INSERT OR", "REPLACE INTO", "replace into"),
}


class _Group(NamedTuple):
    """Kinds that are looked for in one pass."""

    kinds: tuple[Kind, ...]
    guard: str | None = None
    """What stands at most `AROUND` bytes from every place that matters; None where nothing does."""


_GROUPS: Final = (
    _Group((Kind.MAIL, Kind.PERSON, Kind.SPEECH, Kind.STATEMENT)),
    _Group((Kind.WORD,)),
    _Group((Kind.FIELD, Kind.COLONS), "[:=>]"),
    _Group((Kind.NUMBER, Kind.DOTTED, Kind.IBAN, Kind.ID, Kind.STREET, *CUES, Kind.ROW), "[0-9]"),
)
_BLOCK: Final = 2_048
"""Bytes that are asked at once whether a guard stands in them."""
AROUND: Final = 256
"""Bytes before and behind a block with a guard that are looked at with it: more than any cue reaches."""
_LONGEST: Final = 256
"""More than the bytes of any match, but for the white space in front of it that some begin with."""
Ends = Sequence[list[int]]
"""For every `Kind`, by its number, where matches end; ascending."""


def find(buffer: bytes) -> Ends:
    """Where something of each kind may lie."""
    return _engine()(buffer)


def hyperscan_engine() -> Callable[[bytes], Ends]:
    """Raises: ImportError: there is no wheel for this platform."""
    import hyperscan

    guards = [group.guard for group in _GROUPS if group.guard is not None]
    patterns = [[(int(kind), one) for kind in group.kinds for one in PATTERNS[kind]] for group in _GROUPS]
    bases = [_database(hyperscan, own) for own in patterns]
    bases.append(_database(hyperscan, list(enumerate(guards)), hyperscan.HS_FLAG_SINGLEMATCH))
    idle: list[list[Any]] = []
    """Scratch spaces not in use: one for each base, for every thread that is scanning."""

    def run(buffer: bytes) -> Ends:
        scratches = idle.pop() if idle else [hyperscan.Scratch(base) for base in bases]
        found: list[list[int]] = [[] for _ in Kind]
        guarded = iter(_guarded(buffer, len(guards), _scan(bases[-1], scratches[-1])))
        for group, base, scratch in zip(_GROUPS, bases, scratches, strict=False):
            scan = _scan(base, scratch)
            for start, stop in [(0, len(buffer))] if group.guard is None else next(guarded):
                _look(buffer, start, stop, scan, found)
        idle.append(scratches)
        for kind, own in PATTERNS.items():
            if len(own) > 1 and len(found[kind]) > 1:  # two may end in one place
                found[kind] = sorted(frozenset(found[kind]))
        return found

    return run


_Scan = Callable[[bytes, list[list[int]]], None]
"""Looks through some bytes, and notes for every pattern, by its number, where it ends."""


def _scan(base: Any, scratch: Any) -> _Scan:
    def scan(part: bytes, found: list[list[int]]) -> None:
        def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found[number].append(end)

        base.scan(part, match_event_handler=note, scratch=scratch)

    return scan


def _look(buffer: bytes, start: int, stop: int, scan: _Scan, found: list[list[int]]) -> None:
    """Add what ends behind `start`, up to `stop`."""
    if start == 0 and stop == len(buffer):
        scan(buffer, found)
        return
    first = max(0, start - _LONGEST)
    here: list[list[int]] = [[] for _ in Kind]
    scan(buffer[first:stop], here)
    for own, more in zip(found, here, strict=True):
        own.extend(first + end for end in more if first + end > start)


def _guarded(buffer: bytes, count: int, scan: _Scan) -> list[list[tuple[int, int]]]:
    """For every guard the stretches near one, apart from each other."""
    out: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for at in range(0, len(buffer), _BLOCK):
        here: list[list[int]] = [[] for _ in range(count)]
        scan(buffer[at : at + _BLOCK], here)
        start, stop = max(0, at - AROUND), min(len(buffer), at + _BLOCK + AROUND)
        for seen, stretches in zip(here, out, strict=True):
            if seen and stretches and stretches[-1][1] >= start:
                stretches[-1] = stretches[-1][0], stop
            elif seen:
                stretches.append((start, stop))
    return out


def _database(hyperscan: Any, numbered: Sequence[tuple[int, str]], flags: int = 0) -> Any:
    """Compiled in half a second, or kept from another process."""

    def compiled() -> Any:
        made = hyperscan.Database()
        made.compile(
            expressions=[pattern.encode() for _, pattern in numbered],
            ids=[number for number, _ in numbered],
            flags=[flags] * len(numbered),
        )
        return made

    source = repr((hyperscan.__version__, platform.machine(), flags, numbered)).encode()
    try:
        return hyperscan.loadb(kept(source, lambda: bytes(hyperscan.dumpb(compiled()))), hyperscan.HS_MODE_BLOCK)
    except hyperscan.error:  # kept by another kind of processor
        return compiled()


def plain_engine() -> Callable[[bytes], Ends]:
    """The same with nothing but the standard library: slower."""
    compiled = [(kind, re.compile("|".join(patterns).encode())) for kind, patterns in PATTERNS.items()]

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
