"""Globs: `*` is any run of characters, dots included; `?` is one character; everything else stands for itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

Matcher: TypeAlias = Callable[[str], bool]


class GlobError(ValueError):
    """An empty glob: it would match nothing, which is never what is meant."""


def compile_glob(pattern: str) -> Matcher:
    """A test for whole texts; case matters.

    Raises:
        GlobError: the pattern is empty.
    """
    if not pattern:
        raise GlobError("an empty glob matches nothing")
    if "*" not in pattern and "?" not in pattern:
        return pattern.__eq__
    if "?" not in pattern and pattern.count("*") == 1:
        head, tail = pattern.split("*")
        return _one_star(head, tail)
    return _several(pattern)


def is_literal(pattern: str) -> bool:
    """Whether a glob matches exactly one text."""
    return "*" not in pattern and "?" not in pattern


def _one_star(head: str, tail: str) -> Matcher:
    least = len(head) + len(tail)

    def matches(text: str) -> bool:
        return len(text) >= least and text.startswith(head) and text.endswith(tail)

    return matches


def _several(pattern: str, many: str = "*", one: str = "?") -> Matcher:
    """Greedy search of each part from left to right: no pattern makes it backtrack."""
    pieces = pattern.split(many)
    parts = [re.compile("".join("." if c == one else re.escape(c) for c in piece), re.DOTALL) for piece in pieces]
    sizes = [len(piece) for piece in pieces]
    if len(parts) == 1:
        return lambda text: parts[0].fullmatch(text) is not None
    least = sum(sizes)

    def matches(text: str) -> bool:
        at, end = sizes[0], len(text) - sizes[-1]
        if len(text) < least or parts[0].match(text) is None or parts[-1].fullmatch(text, end) is None:
            return False
        for part, size in zip(parts[1:-1], sizes[1:-1], strict=True):
            found = part.search(text, at, end)
            if found is None:
                return False
            at = found.start() + size
        return at <= end

    return matches


def compile_like(pattern: str) -> Matcher:
    """A test for CQL2's LIKE: `%` is any run of characters, `_` is one, everything else stands for itself."""
    return _several(pattern, many="%", one="_")
