"""What the pieces of some leaves hold, as what the leaves hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcp_gate.detect.finding import Finding
from mcp_gate.detect.merge import merge
from mcp_gate.scanning.pieces import Piece, Window


class Gathered:
    """Filled piece by piece, in their order."""

    def __init__(self, size: int) -> None:
        """
        Args:
            size: how many leaves there are.
        """
        self.size = size
        self.count = 0
        """Findings so far."""
        self.partial: set[str] = set()
        self._found: dict[int, list[Finding]] = {}

    def add(self, piece: Piece, found: Iterable[tuple[int, Finding]]) -> None:
        """Some of what a piece holds: each finding with the number of its leaf in the piece, in order."""
        for which, finding in found:
            window = piece.windows[which]
            own = placed(window, finding)
            if own is not None:
                self.count += 1
                _insert(self._found.setdefault(window.leaf, []), own)

    def of(self, leaves: Sequence[int]) -> list[tuple[Finding, ...]]:
        """What these leaves hold."""
        return [tuple(self._found[each]) if each in self._found else () for each in leaves]


def placed(window: Window, finding: Finding) -> Finding | None:
    """A finding in a piece as one in its leaf; None if another window answers for it."""
    start, end = finding.start + window.shift, finding.end + window.shift
    if start < 0 or end <= window.first or (window.last is not None and start >= window.last):
        return None
    if not window.shift:
        return finding
    return Finding(start, end, finding.entity, finding.score, finding.rule, finding.bare)


def _insert(found: list[Finding], one: Finding) -> None:
    """Nearly always it comes last; what two pieces show both may have found already."""
    if not found or one.start >= found[-1].end:
        found.append(one)
        return
    at = len(found)
    while at and found[at - 1].end > one.start:
        at -= 1
    found[at:] = merge([*found[at:], one])
