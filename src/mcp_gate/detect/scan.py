"""Finds what should not leave, in all leaves of one result at once."""

from __future__ import annotations

from collections.abc import Sequence

from mcp_gate.detect import triggers
from mcp_gate.detect.finding import Finding, Leaf, Scan
from mcp_gate.detect.look import look
from mcp_gate.detect.merge import merge
from mcp_gate.detect.options import Options
from mcp_gate.detect.view import read


def scan(leaves: Sequence[Leaf], options: Options = Options()) -> Scan:  # noqa: B008 - frozen
    """What was found in each leaf.

    Raises:
        Exception: a detector failed; nothing may leave then.
    """
    found = [_in_leaf(leaf) for leaf in leaves]
    return Scan(tuple(merge(each) for each in found))


def _in_leaf(leaf: Leaf) -> list[Finding]:
    view = read(leaf.text)
    ends = triggers.find(view.text.encode("ascii", "replace"))
    found = look(view.text, ends, leaf.keys)
    if not view.starts:
        return found
    placed = []
    for one in found:
        start, end = view.source(one.start, one.end)
        placed.append(Finding(start, end, one.entity, one.score, one.rule, one.bare))
    return placed
