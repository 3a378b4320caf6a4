"""Values that are split over several texts of one payload: the texts joined, as a reader would put them together."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.output.walked import Part, Walked

EDGE: Final = 512
"""Characters at either end of a text that can belong to a value which goes on in its neighbour."""
MOST: Final = 1_000
"""Texts in a row, of which each is also shown with those behind it alone."""
GAP: Final = "\n\n\n"
"""Stands for the middle of a long text, so that nothing is found across it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a joined view, and the leaf it comes from."""

    at: int
    end: int
    leaf: int
    start: int
    """Where it begins in that leaf."""


@dataclass(frozen=True, slots=True)
class Joined:
    """One view."""

    leaf: Leaf
    pieces: tuple[Piece, ...]


def joined(walked: Walked) -> list[Joined]:
    """The views of a payload; none for one that has a single text.

    Several texts are shown one after the other, and then each with what follows it alone, for what comes before or
    behind a value may look like a part of it.
    """
    runs = [tuple(walked.blocks)] if walked.blocks else []
    data = _first_text(walked)
    leaves = walked.leaves
    if runs and data is not None and leaves[data].text != leaves[runs[0][-1]].text:  # many servers say it once more
        runs = [(*runs[0], data)]
    views = [_join((run, *_neighbours(run, leaves)), leaves) for run in runs if len(run) > 1]
    for run in walked.lists:
        if len(run) > 1:  # the whole by itself, for it may be what a field of that name holds
            views.append(_join((run,), leaves))
            some = tuple(_neighbours(run, leaves))
            views += [_join(some, leaves)] if some else []
    return views


def _first_text(walked: Walked) -> int | None:
    """The first text of the data, to which the last block may lead."""
    parts = walked.parts[: walked.in_structure]
    return next((index for index, part in enumerate(parts) if part is Part.TEXT), None)


def _neighbours(run: Sequence[int], leaves: Sequence[Leaf]) -> Iterator[tuple[int, ...]]:
    """Two or three texts in a row, where the one before or behind them goes on without a gap."""
    if not 2 < len(run) <= MOST:
        return
    goes_on = [leaves[a].text[-1:].isalnum() and leaves[b].text[:1].isalnum() for a, b in itertools.pairwise(run)]
    for size in (2, 3):
        for at in range(len(run) - size + 1):
            if (at and goes_on[at - 1]) or (at + size < len(run) and goes_on[at + size - 1]):
                yield tuple(run[at : at + size])


def _join(runs: Sequence[Sequence[int]], leaves: Sequence[Leaf]) -> Joined:
    texts: list[str] = []
    pieces: list[Piece] = []
    at = 0
    for run in runs:
        if texts:
            texts.append(GAP)
            at += len(GAP)
        for index in run:
            text = leaves[index].text
            ends = ((0, EDGE), (len(text) - EDGE, len(text))) if len(text) > 2 * EDGE else ((0, len(text)),)
            for start, end in ends:
                if start:
                    texts.append(GAP)
                    at += len(GAP)
                texts.append(text[start:end])
                pieces.append(Piece(at, at + end - start, index, start))
                at += end - start
    return Joined(Leaf("".join(texts), leaves[pieces[0].leaf].keys), tuple(pieces))


def across(view: Joined, findings: Iterable[Finding]) -> Iterable[list[tuple[int, Finding]]]:
    """Of each finding that lies in several leaves its parts there: the leaf, and the finding as it is in that one."""
    ends = [piece.end for piece in view.pieces]
    for finding in findings:
        parts = []
        for piece in itertools.islice(view.pieces, bisect_right(ends, finding.start), None):
            if piece.at >= finding.end:
                break
            parts.append((piece.leaf, _part(finding, piece)))
        if len({leaf for leaf, _ in parts}) > 1:
            yield parts


def _part(finding: Finding, piece: Piece) -> Finding:
    shift = piece.start - piece.at
    return Finding(
        max(finding.start, piece.at) + shift, min(finding.end, piece.end) + shift, finding.entity, finding.score,
        finding.rule,
    )  # fmt: skip
