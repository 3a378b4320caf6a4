"""All leaves as one run of bytes, so that a pass over ten thousand of them is one pass."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_gate.detect.finding import Leaf

_NO_NULL: Final = bytes.maketrans(b"\0", b"?")
"""A scanner might take zeros for another encoding."""


@dataclass(frozen=True, slots=True)
class Joined:
    """`data` has one byte for every character: others than ASCII read `?`, so that offsets need no translation. Before
    a leaf stands the name it has (`token: `), as it would in a file: what looks at surroundings sees it."""

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
    data = "".join(parts).encode("ascii", "replace").translate(_NO_NULL)
    return Joined(data, starts, [len(leaf.text) for leaf in leaves])
