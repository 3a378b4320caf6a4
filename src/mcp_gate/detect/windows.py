"""Stretches of a text around the places where something may lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import filterfalse

from mcp_gate.detect.finding import Finding


def around(ends: Sequence[int], before: int, after: int, size: int) -> Iterator[tuple[int, int]]:
    """Stretches from `before` characters before each end to `after` behind it, joined where they meet."""
    start = stop = -1
    for end in ends:
        if end - before > stop:
            if stop >= 0:
                yield start, min(stop, size)
            start = max(0, end - before, stop)
        stop = end + after
    if stop >= 0:
        yield start, min(stop, size)


class Covered:
    """What findings in a text lie on.

    Args:
        size: of the text.
        ahead: so many characters before a finding are covered, too.
    """

    __slots__ = ("has",)

    has: Callable[[int], int]
    """Whether the character before this place is covered; 0 where it is not."""

    def __init__(self, found: Iterable[Finding], size: int, ahead: int = 0) -> None:
        marks = bytearray(size + 2)
        for start, end, _entity, _score, _rule, _bare in found:
            first = max(0, start + 1 - ahead) if ahead else start + 1
            marks[first : end + 1] = b"\1" * (end + 1 - first)
        self.has = marks.__getitem__

    def others(self, ends: Sequence[int]) -> Sequence[int]:
        """The places that end in no finding."""
        return [*filterfalse(self.has, ends)]
