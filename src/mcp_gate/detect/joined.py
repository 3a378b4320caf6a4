"""Many leaves as one buffer, so that a pass of triggers over ten thousand of them is one pass."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from mcp_gate.detect import triggers
from mcp_gate.detect.triggers import Ends, Kind

_BETWEEN = "\0"


def fired(texts: Sequence[str]) -> dict[int, Ends]:
    """For the texts in which any trigger fired, by their index, where."""
    if len(texts) == 1:
        ends = triggers.find((texts[0] + _BETWEEN).encode("ascii", "replace"))
        return {0: ends} if any(ends) else {}
    starts: list[int] = []
    at = 0
    for text in texts:
        starts.append(at)
        at += len(text) + 1
    everywhere = triggers.find((_BETWEEN.join(texts) + _BETWEEN).encode("ascii", "replace"))
    out: dict[int, list[list[int]]] = {}
    for kind, places in enumerate(everywhere):
        start = stop = 0
        mine: list[int] = []
        for end in places:
            if end >= stop:
                which = bisect_right(starts, end - 1) - 1
                start = starts[which]
                stop = start + len(texts[which]) + 1
                mine = out.setdefault(which, [[] for _ in Kind])[kind]
            mine.append(end - start)
    return dict(out)
