"""Where names tell of a secret behind them: the rest of a text need not be searched for what is assigned."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_gate.detect.secrets.names import kind_of

NAME_BYTES: Final = f"{string.ascii_letters}{string.digits}_-.".encode()
LONGEST_NAME: Final = 64
_LETTERS: Final = string.ascii_letters.encode()
_BETWEEN: Final = b"\\\"'`]" + string.whitespace.encode()
"""What stands between a name and its separator."""
_REACH: Final = 96
"""More bytes than an assignment has up to the first of its value; two whose separators lie twice as far from each other
have nothing in common."""


def telling(data: bytes, ends: Sequence[int]) -> list[int]:
    """Those of the separators that end there behind whose names a secret may stand."""
    return [end for end in ends if _tells(data, end)]


def stretches(ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Start and end of what has to be searched: all assignments that follow each other closely.

    Args:
        ends: where separators behind telling names end, ascending.
    """
    start = before = -1
    for end in ends:
        if start < 0 or end - before > 2 * _REACH:
            if start >= 0:
                yield max(0, start - _REACH), before + _REACH
            start = end
        before = end
    if start >= 0:
        yield max(0, start - _REACH), before + _REACH


def _tells(data: bytes, end: int) -> bool:
    """Whether a secret may stand behind the name whose separator ends there."""
    near = data[max(0, end - 2 * _REACH) : end]
    bare = near[:-1] if near[-1:] in (b":", b"=", b">", b",") else near.rstrip(_LETTERS)
    bare = bare.rstrip(_BETWEEN)
    before = bare.rstrip(NAME_BYTES)
    name = bare[len(before) :]
    if not 0 < len(name) <= LONGEST_NAME or before[-1:] == b"?" or name[:5].lower() == b"passe":
        return True  # `contraseña`, `mot de passe`: there is more to the name
    return kind_of(name.decode().rstrip("_.-")) is not None
