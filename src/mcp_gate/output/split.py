"""Values that are split over several texts of one payload: the texts joined, as a reader would put them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.output.walk import Part, Walked

EDGE: Final = 512
"""Characters at either end of a text that can belong to a value which goes on in its neighbour."""
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
    """The views of a payload; none for one that has a single text."""
    runs = [tuple(walked.blocks)] if walked.blocks else []
    data = _first_text(walked)
    if runs and data is not None:
        runs = [(*runs[0], data)]
    return [_join(run, walked.leaves) for run in (*runs, *walked.lists) if len(run) > 1]


def _first_text(walked: Walked) -> int | None:
    """The first text of the data, to which the last block may lead."""
    parts = walked.parts[: walked.in_structure]
    return next((index for index, part in enumerate(parts) if part is Part.TEXT), None)


def _join(run: Sequence[int], leaves: Sequence[Leaf]) -> Joined:
    texts: list[str] = []
    pieces: list[Piece] = []
    at = 0
    for index in run:
        text = leaves[index].text
        for start, end in ((0, EDGE), (len(text) - EDGE, len(text))) if len(text) > 2 * EDGE else ((0, len(text)),):
            if start:
                texts.append(GAP)
                at += len(GAP)
            texts.append(text[start:end])
            pieces.append(Piece(at, at + end - start, index, start))
            at += end - start
    return Joined(Leaf("".join(texts), leaves[run[0]].keys), tuple(pieces))


def across(view: Joined, findings: Iterable[Finding]) -> Iterable[list[tuple[int, Finding]]]:
    """Of each finding that lies in several leaves its parts there: the leaf, and the finding as it is in that one."""
    for finding in findings:
        parts = [
            (piece.leaf, _part(finding, piece))
            for piece in view.pieces
            if piece.at < finding.end and finding.start < piece.end
        ]
        if len({leaf for leaf, _ in parts}) > 1:
            yield parts


def _part(finding: Finding, piece: Piece) -> Finding:
    shift = piece.start - piece.at
    return Finding(
        max(finding.start, piece.at) + shift, min(finding.end, piece.end) + shift, finding.entity, finding.score,
        finding.rule,
    )  # fmt: skip
