"""Globs: `*` is any run of characters, dots included; `?` is one character; everything else stands for itself."""

from __future__ import annotations

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


def compile_like(pattern: str) -> Matcher:
    """A test for CQL2's LIKE: `%` is any run of characters, `_` is one, everything else stands for itself."""
    return _several(pattern, many="%", one="_")


def _several(pattern: str, many: str = "*", one: str = "?") -> Matcher:
    """Each part is looked for once, from left to right, at its first place: no pattern makes it backtrack."""
    head, *middle = (_Part(piece, one) for piece in pattern.split(many))
    if not middle:
        return lambda text: len(text) == head.size and head.stands_at(text, 0)
    *inner, tail = middle
    least = head.size + sum(part.size for part in middle)

    def matches(text: str) -> bool:
        at, end = head.size, len(text) - tail.size
        if len(text) < least or not head.stands_at(text, 0) or not tail.stands_at(text, end):
            return False
        for part in inner:
            at = part.end_of_first(text, at, end)
            if at < 0:
                return False
        return True

    return matches


class _Part:
    """What stands between two stars: letters, and places for any one character."""

    def __init__(self, piece: str, one: str) -> None:
        self.size = len(piece)
        self._piece = piece
        self._letters = [(i, char) for i, char in enumerate(piece) if char != one]
        self._plain = len(self._letters) == self.size
        self._any = sum(1 << i for i, char in enumerate(piece) if char == one)
        self._fits: dict[str, int] = {}
        for i, char in self._letters:
            self._fits[char] = self._fits.get(char, self._any) | 1 << i

    def stands_at(self, text: str, at: int) -> bool:
        """Whether it matches there; the text is long enough."""
        if self._plain:
            return text.startswith(self._piece, at)
        return all(text[at + i] == char for i, char in self._letters)

    def end_of_first(self, text: str, at: int, end: int) -> int:
        """Where its first match between `at` and `end` ends, or -1."""
        if self._plain:
            found = text.find(self._piece, at, end)
            return found + self.size if found >= 0 else -1
        # Bit i of `begun`: the last i + 1 characters match the first i + 1 places (Baeza-Yates and Gonnet's shift-and).
        begun, done = 0, 1 << (self.size - 1)
        for i in range(at, end):
            begun = (begun << 1 | 1) & self._fits.get(text[i], self._any)
            if begun & done:
                return i + 1
        return -1
