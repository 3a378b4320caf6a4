"""All leaves as one run of bytes, so that a pass over ten thousand of them is one pass."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from operator import itemgetter, sub
from typing import Final

from mcp_gate.detect.engine import Fired
from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.triggers import Kind

_TEXT: Final = itemgetter(0)
_RUN: Final = int(Kind.RUN)
_GOES_ON: Final = re.compile(r"(?:[A-Z?]|[^\x00-\x7f])(?:[a-z?'-]|[^\x00-\x7f]){1,20}\Z")
"""The end of a name that may be somebody's who says what follows: `Comment: I …`."""


@dataclass(frozen=True, slots=True)
class Joined:
    """`data` has one byte for every character: others than ASCII read `?`, so that offsets need no translation. Behind
    a leaf stands the end of a line."""

    data: bytes
    starts: Sequence[int]
    """Where each leaf's own text begins in `data`."""
    sizes: Sequence[int]

    def places(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """What of a stretch of `data` lies in leaves: (which leaf, start, end), in characters of its text."""
        at = max(0, bisect_right(self.starts, start) - 1)
        while at < len(self.starts) and self.starts[at] < end:
            first, size = self.starts[at], self.sizes[at]
            left, right = max(0, start - first), min(size, end - first)
            if left < right:
                yield at, left, right
            at += 1

    def by_leaf(self, everywhere: Fired) -> Mapping[int, Fired]:
        """For the leaves in whose text any trigger fired, by their index, where."""
        if len(self.starts) == 1 and not self.starts[0]:
            fired = {kind: ends for kind, ends in everywhere.items() if kind != _RUN}
            return {0: fired} if fired else {}
        out: dict[int, dict[int, list[int]]] = {}
        starts, sizes = self.starts, self.sizes
        for kind, places in everywhere.items():
            if kind == _RUN:
                continue
            start = stop = 0
            mine: list[int] = []
            for end in places:
                if end > stop:
                    which = bisect_right(starts, end - 1) - 1
                    if which < 0 or end > starts[which] + sizes[which] + 1:  # before the next
                        continue
                    start = starts[which]
                    stop = start + sizes[which] + 1
                    mine = [end - start]
                    if which in out:
                        out[which][kind] = mine
                    else:
                        out[which] = {kind: mine}
                else:
                    mine.append(end - start)
        return out

    def moved(self, ends: Sequence[int], to: Joined) -> Sequence[int]:
        """Where in the same leaves as they are put together otherwise something ends that ends here."""
        if to is self:
            return ends
        out: list[int] = []
        shift = stop = 0
        for end in ends:
            if end > stop:
                which = bisect_right(self.starts, end - 1) - 1
                shift = to.starts[which] - self.starts[which]
                stop = self.starts[which] + self.sizes[which] + 1
            out.append(end + shift)
        return out


def join(leaves: Sequence[Leaf]) -> Joined:
    """Put them together, each behind the name it has (`token: `), as it would stand in a file: for what looks at
    surroundings."""
    return _put([f"{keys[-1]}: {text}\n" if keys else f"{text}\n" for text, keys in leaves], leaves)


def texts_of(leaves: Sequence[Leaf]) -> Joined:
    """The same without the names, in which much would be seen that is in no text. What stands before a text is what
    would stand there."""
    heads = {_before(keys) for keys in {keys for _, keys in leaves}}
    if len(heads) != 1:
        return _put([f"{_before(keys)}{text}\n" for text, keys in leaves], leaves)
    head = heads.pop()  # before all of them stands the same, as is the case with most
    texts = [*map(_TEXT, leaves)]
    sizes = [*map(len, texts)]
    starts = accumulate([len(head), *map((len(head) + 1).__add__, sizes[:-1])])
    return Joined(_bytes("".join((head, f"\n{head}".join(texts), "\n"))), [*starts], sizes)


@lru_cache(4096)
def _before(keys: tuple[str, ...]) -> str:
    if not keys:
        return ""
    return "Xx: " if _GOES_ON.search(keys[-1]) else ": "


def _put(lines: Sequence[str], leaves: Sequence[Leaf]) -> Joined:
    """
    Args:
        lines: one for each leaf, at the end of which stand its text and the end of the line.
    """
    sizes = [*map(len, map(_TEXT, leaves))]
    starts = map(sub, accumulate(map(len, lines)), map((1).__add__, sizes))
    return Joined(_bytes("".join(lines)), [*starts], sizes)


def _bytes(text: str) -> bytes:
    """One for each character."""
    data = text.encode("ascii", "replace")
    return data.replace(b"\0", b"?") if b"\0" in data else data  # a scanner might take it for another encoding
