"""One pass over everything: which kinds of detectors may find something, and where. All others cost nothing.

Patterns are written for bytes and for two engines, hyperscan and Python's own `re` where hyperscan has no wheel: no
look-around, no groups that are read. Both report only where a match ends; a detector then looks around that place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import cache
from typing import Any, Final


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
    FIELD = 5
    """The separator behind a name that may be a field's."""


STEMS: Final = (
    "name|nom|mail|phone|tele|mobil|cell|fax|ssn|social|passport|licen[cs]e|birth|born|dob|bday|address|adress|"
    "addr|street|iban|account|acct|"
    "routing|sort.?code|card|pan|cc|ccn|cvv|cvc|pass|pwd|secret|token|key|auth|bearer|cookie|cred|mrn|patient|"
    "chart|medic|nhs|"
    "tax|national|ident|nino|aadha|cpf|nif|dni|tin|id|ip|ip_?v[46]|addr|holder|owner|author|payee|benefic|"
    "passenger|assign|sign|"
    "by|to|customer|employee|applicant|recipient|contact|user|member|person|line|residence|number|no|value|full|"
    "text|jwt|dsn|url|"
    "string|msisdn|whatsapp|curp|rut|fiscal|vat|sn|cn"
)
PATTERNS: Final[dict[Kind, str]] = {
    Kind.MAIL: r"[!-~]@[0-9A-Za-z?]",
    Kind.NUMBER: r"\d(?:[ ./()-]{0,3}\d){6}",
    Kind.DOTTED: r"\d\.\d{1,3}\.\d{1,3}\.\d",
    Kind.COLONS: r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]",
    Kind.IBAN: r"[A-Za-z]{2}[ -]?\d{2}[ -]?(?:[0-9A-Za-z][ -]?){10}",
    Kind.FIELD: r"(?i)(?:" + STEMS + r")[a-z0-9_. -]{0,24}\\?[\"']?\s{0,3}[:=]",
}

Ends = Sequence[list[int]]
"""For every `Kind`, by its number, where matches end; ascending."""


def find(buffer: bytes) -> Ends:
    """Where something of each kind may lie."""
    return _engine()(buffer)


def hyperscan_engine() -> Callable[[bytes], Ends]:
    """Raises: ImportError: there is no wheel for this platform."""
    import hyperscan

    kinds = list(PATTERNS)
    base = hyperscan.Database()
    base.compile(
        expressions=[PATTERNS[kind].encode() for kind in kinds],
        ids=[int(kind) for kind in kinds],
        flags=[0] * len(kinds),
    )
    idle: list[Any] = []
    """Scratch spaces not in use: one for every thread that is scanning."""

    def run(buffer: bytes) -> Ends:
        found: list[list[int]] = [[] for _ in Kind]
        scratch = idle.pop() if idle else hyperscan.Scratch(base)

        def note(kind: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found[kind].append(end)

        base.scan(buffer, match_event_handler=note, scratch=scratch)
        idle.append(scratch)
        return found

    return run


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
