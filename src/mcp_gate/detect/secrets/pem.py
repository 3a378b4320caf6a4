"""Private keys in their armour, whole, cut off at either end, or line by line over several texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_gate.detect.secrets.shapes import Shape

_BEGIN: Final = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d: ")
_END: Final = re.compile(rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|Private-MAC: [0-9a-f]{20,64}")
_BODY: Final = re.compile(
    rb"(?:[A-Za-z0-9+/=]{16,}|(?:Proc-Type|DEK-Info|Version|Comment|Encryption|Hash|Private-Lines)[:=][^\r\n]{0,80})\s*"
)
_LAST: Final = re.compile(rb"[A-Za-z0-9+/]{1,80}={0,2}(?=\s|\\|\"|'|$)")
_BREAKS: Final = re.compile(rb"(?:\s|\\[nrt]|[\"',\[\]]|[\w.-]{0,40}: ){0,6}")
_RUN: Final = re.compile(rb"[A-Za-z0-9+/]{16}")
LONGEST: Final = 65_536
"""How far from its first line the last one of a key is looked for, in bytes."""


def keys(data: bytes) -> Iterator[Shape]:
    """Where private keys lie. The lines around one without its body, as in a program's text, are none."""
    at = 0
    while (first := _BEGIN.search(data, at)) is not None:
        behind = _BEGIN.search(data, first.end(), first.end() + LONGEST)
        close = _END.search(data, first.end(), behind.start() if behind else first.end() + LONGEST)
        end = close.end() if close else _forward(data, first.end())
        if _RUN.search(data, first.end(), end):
            yield _shape(first.start(), end)
        at = end
    at = 0
    while (last := _END.search(data, at)) is not None:
        at = last.end()
        start = _backward(data, last.start())
        if start < last.start() and _RUN.search(data, start, last.start()):
            yield _shape(start, last.end())


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


def _backward(data: bytes, end: int) -> int:
    lines = data[max(0, end - LONGEST) : end]
    kept = len(lines)
    for line in reversed(re.split(rb"(?<=\n)|(?<=\\n)", lines)):
        body = line.strip().removesuffix(b"\\n").strip(b"\"', ")
        if body and not re.fullmatch(rb"(?:[\w.-]{0,40}: )?[\"']?[A-Za-z0-9+/=]{1,80}", body):
            break
        kept -= len(line)
    return end - len(lines) + kept
