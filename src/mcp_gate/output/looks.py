"""What detectors still have to look at in a payload, and what they found in it. Each text is looked at once: rows of
data repeat themselves, and most of a payload stays the same when something is taken out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import compress, count
from operator import is_not
from typing import TypeAlias

from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.output.split import Joined, joined
from mcp_gate.output.walked import Walked

Findings: TypeAlias = tuple[Finding, ...]
_NOTHING: Findings = ()


class Looks:
    """Those at one payload, from one round to the next."""

    __slots__ = ("_leaves", "_new", "_wanted", "findings", "views")

    def __init__(self) -> None:
        self.views: Sequence[Joined] = ()
        """Texts of the payload as a reader would put them together."""
        self.findings: list[Findings] = []
        """What was found in its leaves, and after them in those of the views."""
        self._leaves: list[Leaf] = []
        self._wanted: Sequence[int] = ()
        """Leaves of which nothing was known."""
        self._new: dict[Leaf, Findings] = {}

    def begin(self, walked: Walked, issued: Collection[str]) -> tuple[Leaf, ...]:
        """The leaves that nobody looked at yet.

        Args:
            walked: the payload as it is now;
            issued: what the gate itself put into it, where there is nothing to find.
        """
        before, found = self._leaves, self.findings
        self.views = joined(walked)
        self._leaves = leaves = [*walked.leaves, *(view.leaf for view in self.views)]
        if not before and not issued:
            self._wanted = range(len(leaves))
            self._new = dict.fromkeys(leaves, _NOTHING)
            return tuple(self._new)
        others = [*compress(count(), map(is_not, leaves, before)), *range(len(before), len(leaves))]
        self.findings = found[: len(leaves)] + [_NOTHING] * (len(leaves) - len(before))
        for at in others:
            self.findings[at] = _NOTHING
        self._wanted = [at for at in others if leaves[at].text not in issued]
        self._new = dict(zip(before, found, strict=True)) if self._wanted else {}
        new = tuple(dict.fromkeys(leaves[at] for at in self._wanted if leaves[at] not in self._new))
        return new

    def end(self, new: Sequence[Leaf], found: Sequence[Findings]) -> None:
        """Take in what was found in each of the new ones."""
        self._new.update(zip(new, found, strict=True))
        if len(self._wanted) == len(self._leaves):
            self.findings = [*map(self._new.__getitem__, self._leaves)]
            return
        for at in self._wanted:
            self.findings[at] = self._new[self._leaves[at]]
