"""Numbers of states that have a shape or a checksum of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_gate.detect import checks
from mcp_gate.detect.finding import Finding

_LETTERED: Final = re.compile(
    r"""(?<![\w-])(?:
    (?P<nino>[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ ]?\d{2}[ ]?\d{2}[ ]?\d{2}[ ]?[A-D])
    |(?P<pan>[A-Z]{3}[PCHFATBLJG][A-Z]\d{4}[A-Z])
    |(?P<fiscale>[A-Z]{6}\d{2}[ABCDEHLMPRST]\d{2}[A-Z]\d{3}[A-Z])
    |(?P<nif>\d{8}-?[A-Z])
    |(?P<nie>[XYZ]-?\d{7}-?[A-Z])
    |(?P<nric>[STFGM]\d{7}[A-Z])
    |(?P<ahv>756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2})
    |(?P<rijks>\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2})
    |(?P<hetu>\d{6}[-+A]\d{3}[0-9A-Y])
    |(?P<rrn>\d{6}-[1-8]\d{6})
    |(?P<rut>\d{1,2}\.\d{3}\.\d{3}-[\dKk])
    |(?P<china>[1-8]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dX])
    |(?P<curp>[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d)
    )(?![\w-])""",
    re.VERBOSE,
)
_INSURED: Final = re.compile(r"\bNI\b|[Ii]nsurance|NINO")
_NIF: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21),
            *(2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        ),
        strict=True,
    )
)
"""What a character in an odd place of a codice fiscale counts."""


def find(text: str, start: int, end: int) -> Iterator[Finding]:
    """Numbers with letters, by their check letters where they have any."""
    for match in _LETTERED.finditer(text, start, end):
        kind = match.lastgroup or ""
        named = kind == "nino" and _INSURED.search(text, max(0, match.start() - 24), match.start()) is not None
        if _holds(kind, match[0].replace(" ", "").replace("-", ""), match[0], named=named):
            yield Finding(match.start(), match.end(), "NATIONAL_ID", 0.8, f"id_{kind}")


def _holds(kind: str, code: str, written: str, *, named: bool) -> bool:
    match kind:
        case "nino":
            return code[:2] not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ") and (" " in written or named)
        case "nif":
            return _NIF[int(code[:8]) % 23] == code[8]
        case "nie":
            return _NIF[int(str("XYZ".index(code[0])) + code[1:8]) % 23] == code[8]
        case "nric":
            return _nric(code)
        case "fiscale":
            total = sum(_ODD[char] if place % 2 == 0 else _even(char) for place, char in enumerate(code[:15]))
            return chr(65 + total % 26) == code[15]
        case "ahv" | "rijks" | "hetu" | "rrn" | "rut" | "china":
            return _NUMBERED[kind](re.sub(r"\D(?!$)", "", code))
        case _:
            return True


def _ahv(code: str) -> bool:
    return checks.weighted(code, (1, 3) * 6 + (1,)) % 10 == 0


def _rijks(code: str) -> bool:
    """Who was born since 2000 has a 2 before the number for the sum."""
    return _day(code[4:6], code[2:4]) and any(97 - int(ahead + code[:9]) % 97 == int(code[9:]) for ahead in ("", "2"))


def _hetu(code: str) -> bool:
    return _day(code[:2], code[2:4]) and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(code[:9]) % 31] == code[9]


def _rrn(code: str) -> bool:
    """Those given out since 2020 have no checksum any more."""
    return _day(code[4:6], code[2:4])


def _rut(code: str) -> bool:
    total = checks.weighted(code[-2::-1], (2, 3, 4, 5, 6, 7, 2, 3))
    return "0123456789K0"[11 - total % 11] == code[-1].upper()


def _china(code: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return _day(code[12:14], code[10:12]) and "10X98765432"[checks.weighted(code[:17], weights) % 11] == code[17]


def _day(day: str, month: str) -> bool:
    return 1 <= int(day) <= 31 and 1 <= int(month) <= 12


_NUMBERED: Final = {"ahv": _ahv, "rijks": _rijks, "hetu": _hetu, "rrn": _rrn, "rut": _rut, "china": _china}
"""Checks of numbers that hold a day of birth or a checksum."""


def _even(char: str) -> int:
    return int(char) if char.isdigit() else ord(char) - 65


def _nric(code: str) -> bool:
    total = checks.weighted(code[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(code[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "XWUTRQPNJLK"}
    return letters[code[0]][total % 11] == code[8]
