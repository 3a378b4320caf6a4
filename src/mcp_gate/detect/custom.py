"""What an admin adds to detectors, and what is not to be found. Patterns are those of RE2: none takes long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import re2

from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.detect.options import Allowed, Custom

_BEFORE: Final = 64
_AFTER: Final = 32
"""How near a word of the context has to stand, in characters."""
_LONE: Final = re.compile("[\ud800-\udfff]")


def find(leaf: Leaf, custom: Sequence[Custom]) -> Iterator[Finding]:
    """Entities of the admin's own.

    Raises:
        re2.error: a pattern is none of RE2's.
    """
    text = _sound(leaf.text)
    for one in custom:
        for match in compiled(one.pattern).finditer(text):
            if match.end() > match.start() and _in_context(leaf, text, match.start(), match.end(), one.context):
                yield Finding(match.start(), match.end(), one.entity, one.score, "custom")


def _in_context(leaf: Leaf, text: str, start: int, end: int, context: Sequence[str]) -> bool:
    """Whether one of these words stands near, or in the names above."""
    if not context:
        return True
    near = " ".join((text[max(0, start - _BEFORE) : start], text[end : end + _AFTER], *leaf.keys)).lower()
    return any(word.lower() in near for word in context)


def _sound(text: str) -> str:
    """Of the same length, without halves of characters, which RE2 does not take."""
    return text if text.isascii() else _LONE.sub("\ufffd", text)


def kept(text: str, found: Sequence[Finding], allowed: Sequence[Allowed]) -> list[Finding]:
    """Findings but those that lie within something that is allowed."""
    for one in allowed:
        spans = list(_spans(text, one)) if found else []
        if spans:
            found = [
                finding
                for finding in found
                if (one.entities and finding.entity not in one.entities)
                or not any(start <= finding.start and finding.end <= end for start, end in spans)
            ]
    return list(found)


def _spans(text: str, allowed: Allowed) -> Iterator[tuple[int, int]]:
    for value in allowed.values:
        at = text.find(value) if value else -1
        while at >= 0:
            yield at, at + len(value)
            at = text.find(value, at + len(value))
    for pattern in allowed.patterns:
        yield from (match.span() for match in compiled(pattern).finditer(_sound(text)))


@lru_cache(512)
def compiled(pattern: str) -> Any:
    """A pattern of RE2.

    Raises:
        re2.error: it is none.
    """
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
