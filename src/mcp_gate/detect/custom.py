"""What an admin adds to detectors, and what is not to be found. Patterns are those of RE2: none takes long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import re2

from mcp_gate.detect.finding import Finding
from mcp_gate.detect.options import Allowed, Custom


def find(text: str, custom: Sequence[Custom]) -> Iterator[Finding]:
    """Entities of the admin's own.

    Raises:
        re2.error: a pattern is none of RE2's.
    """
    for one in custom:
        for match in compiled(one.pattern).finditer(text):
            if match.end() > match.start():
                yield Finding(match.start(), match.end(), one.entity, one.score, "custom")


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
        yield from (match.span() for match in compiled(pattern).finditer(text))


@lru_cache(512)
def compiled(pattern: str) -> Any:
    """A pattern of RE2.

    Raises:
        re2.error: it is none.
    """
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
