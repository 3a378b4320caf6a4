"""All leaves as one run of bytes, so that a pass over ten thousand of them is one pass."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_gate.detect.finding import Leaf

_BETWEEN: Final = b"\n"
_NO_NULL: Final = bytes.maketrans(b"\0", b"?")


@dataclass(frozen=True, slots=True)
class Joined:
    """`data` has one byte for every character: others than ASCII read `?`, so that offsets need no translation. Before
    a leaf stands the name it has (`token: `), as it would in a file: what looks at surroundings sees it."""

    data: bytes
    starts: tuple[int, ...]
    """Where each leaf's own text begins in `data`."""
    sizes: tuple[int, ...]

    def places(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """What of a stretch of `data` lies in leaves: (which leaf, start, end), in characters of its text."""
        at = max(0, bisect_right(self.starts, start) - 1)
        while at < len(self.starts) and self.starts[at] < end:
            first, size = self.starts[at], self.sizes[at]
            left, right = max(0, start - first), min(size, end - first)
            if left < right:
                yield at, left, right
            at += 1

    def around(self, at: int) -> tuple[int, int]:
        """Begin and end, in `data`, of the leaf's own text that this place lies in or follows."""
        which = max(0, bisect_right(self.starts, at) - 1)
        return self.starts[which], self.starts[which] + self.sizes[which]


def join(leaves: Sequence[Leaf]) -> Joined:
    """Put them together."""
    parts: list[bytes] = []
    starts: list[int] = []
    sizes: list[int] = []
    at = 0
    for leaf in leaves:
        name = flat(leaf.keys[-1]) + b": " if leaf.keys else b""
        body = flat(leaf.text)
        starts.append(at + len(name))
        sizes.append(len(body))
        parts += (name, body, _BETWEEN)
        at += len(name) + len(body) + len(_BETWEEN)
    return Joined(b"".join(parts), tuple(starts), tuple(sizes))


def flat(text: str) -> bytes:
    """One byte a character. Zeros are no zeros: a scanner might take them for another encoding."""
    return text.encode("ascii", "replace").translate(_NO_NULL)
