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
    |(?P<curp>[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d)
    )(?![\w-])""",
    re.VERBOSE,
)
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
        if _holds(kind, match[0].replace(" ", "").replace("-", ""), match[0]):
            yield Finding(match.start(), match.end(), "NATIONAL_ID", 0.8, f"id_{kind}")


def _holds(kind: str, code: str, written: str) -> bool:
    match kind:
        case "nino":
            return code[:2] not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ") and " " in written
        case "nif":
            return _NIF[int(code[:8]) % 23] == code[8]
        case "nie":
            return _NIF[int(str("XYZ".index(code[0])) + code[1:8]) % 23] == code[8]
        case "nric":
            return _nric(code)
        case "fiscale":
            total = sum(_ODD[char] if place % 2 == 0 else _even(char) for place, char in enumerate(code[:15]))
            return chr(65 + total % 26) == code[15]
        case _:
            return True


def _even(char: str) -> int:
    return int(char) if char.isdigit() else ord(char) - 65


def _nric(code: str) -> bool:
    total = checks.weighted(code[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(code[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "XWUTRQPNJLK"}
    return letters[code[0]][total % 11] == code[8]
