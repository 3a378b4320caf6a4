"""Private keys in their armour, whole, cut off at either end, or line by line over several texts."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from mcp_gate.detect.secrets.pattern import compiled
from mcp_gate.detect.secrets.shapes import Shape
from mcp_gate.detect.windows import around

_BEGIN: Final = compiled(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d: ")
_END: Final = compiled(rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|Private-MAC: [0-9a-f]{20,64}")
_MARKS: Final = (b"PRIVATE KEY", b"PuTTY-User-Key-File-", b"Private-MAC: ")
_BEFORE_MARK: Final = 64
_BEHIND_MARK: Final = 96
"""More bytes of such a line than stand before a mark, and behind where one begins."""
_BODY: Final = re.compile(
    rb"(?:[A-Za-z0-9+/=]{16,}|(?:Proc-Type|DEK-Info|Version|Comment|Encryption|Hash|Private-Lines)[:=][^\r\n]{0,80})\s*"
)
_LAST: Final = re.compile(rb"[A-Za-z0-9+/]{1,80}={0,2}(?=\s|\\|\"|'|$)")
_BREAKS: Final = re.compile(rb"(?:\s|\\[nrt]|[\"',\[\]]|[\w.-]{0,40}: ){0,6}")
_PIECE: Final = re.compile(rb"(?:[\w.-]{0,40}: )?[\s\"',]*[A-Za-z0-9+/=]{0,80}(?:\s|\\[nrt]|[\"',\\])*")
"""A line of a body, seen from behind."""
_RUN: Final = re.compile(rb"[A-Za-z0-9+/]{16}")
LONGEST: Final = 65_536
"""How far from its first line the last one of a key is looked for, in bytes."""


def keys(data: bytes) -> Iterator[Shape]:
    """Where private keys lie. The lines around one without its body, as in a program's text, are none."""
    near = [*around(sorted(_marks(data)), _BEFORE_MARK, _BEHIND_MARK, len(data))]
    firsts = [hit.span() for start, stop in near for hit in _BEGIN.finditer(data, start, stop)]
    lasts = [hit.span() for start, stop in near for hit in _END.finditer(data, start, stop)]
    for which, (start, body) in enumerate(firsts):
        behind = firsts[which + 1][0] if which + 1 < len(firsts) else len(data)
        closes = bisect_left(lasts, (body, 0))
        close = lasts[closes] if closes < len(lasts) else (len(data) + 1, 0)
        end = close[1] if close[0] <= min(behind, body + LONGEST) else _forward(data, body)
        if _RUN.search(data, body, end):
            yield _shape(start, end)
    at = 0
    for close_at, end in lasts:
        before = bisect_left(firsts, (close_at, 0)) - 1
        lone = before < 0 or firsts[before][1] < at
        if lone:
            start = _backward(data, close_at, at)
            if _RUN.search(data, start, close_at):
                yield _shape(start, end)
        at = end


def _marks(data: bytes) -> Iterator[int]:
    """Where there is something of a first or a last line."""
    for mark in _MARKS:
        at = data.find(mark)
        while at >= 0:
            yield at
            at = data.find(mark, at + len(mark))


def _shape(start: int, end: int) -> Shape:
    return Shape(start, end, "PRIVATE_KEY", 0.99, "private key")


def _forward(data: bytes, at: int) -> int:
    """Where the body of a key ends whose last line is missing."""
    end = at
    while end - at < LONGEST:
        gap = _BREAKS.match(data, end)
        start = gap.end() if gap else end
        line = _BODY.match(data, start) or _LAST.match(data, start)
        if line is None or line.end() == end:
            return end
        end = line.end()
        if line.re is _LAST:
            return end
    return end


def _backward(data: bytes, end: int, least: int) -> int:
    """Where the body of a key begins whose first line is missing."""
    start = end
    while start > max(least, end - LONGEST):
        line_at = max(_after(data, b"\n", least, start - 1), _after(data, b"\\n", least, start - 2))
        if line_at >= start or not _PIECE.fullmatch(data[line_at:start]):
            return start
        start = line_at
    return start


def _after(data: bytes, mark: bytes, least: int, end: int) -> int:
    """What follows the last such mark; `least` if there is none."""
    at = data.rfind(mark, least, max(least, end))
    return at + len(mark) if at >= 0 else least
