"""All leaves as one run of bytes, so that a pass over ten thousand of them is one pass."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import filterfalse

from mcp_gate.detect.engine import Ends
from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.triggers import KINDS, Kind

_FIELD = int(Kind.FIELD)


@dataclass(frozen=True, slots=True)
class Joined:
    """`data` has one byte for every character: others than ASCII read `?`, so that offsets need no translation. Before
    a leaf stands the name it has (`token: `), as it would in a file: what looks at surroundings sees it. Behind it
    stands the end of a line."""

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

    def by_leaf(self, everywhere: Ends) -> dict[int, Ends]:
        """For the leaves in whose text any trigger fired, by their index, where."""
        if len(self.starts) == 1 and not self.starts[0]:
            ends = [*everywhere[: Kind.RUN], []]
            return {0: ends} if any(ends) else {}
        out: dict[int, list[list[int]]] = {}
        nothing: list[int] = []
        nowhere = [nothing] * KINDS
        for kind, places in enumerate(everywhere[: Kind.RUN]):
            if kind == _FIELD and len(places) > 1:
                places = list(filterfalse(self._behind_names().__contains__, places))
            start = stop = 0
            mine = nothing
            for end in places:
                if end > stop:
                    which = bisect_right(self.starts, end - 1) - 1
                    if which < 0 or end > self.starts[which] + self.sizes[which] + 1:  # in the name of the next
                        continue
                    start = self.starts[which]
                    stop = start + self.sizes[which] + 1
                    mine = []
                    (out.get(which) or out.setdefault(which, nowhere.copy()))[kind] = mine
                mine.append(end - start)
        return dict(out)

    def _behind_names(self) -> frozenset[int]:
        """Where the separator ends that stands behind the name of a leaf, which is no part of any text."""
        return frozenset([start - 1 for start in self.starts])


def join(leaves: Sequence[Leaf]) -> Joined:
    """Put them together."""
    parts: list[str] = []
    starts: list[int] = []
    at = 0
    for leaf in leaves:
        text = leaf.text
        if leaf.keys:
            name = leaf.keys[-1]
            parts.append(f"{name}: {text}\n")
            at += len(name) + 2
        else:
            parts.append(f"{text}\n")
        starts.append(at)
        at += len(text) + 1
    data = "".join(parts).encode("ascii", "replace")
    if b"\0" in data:  # a scanner might take it for another encoding
        data = data.replace(b"\0", b"?")
    return Joined(data, starts, [len(leaf.text) for leaf in leaves])
