"""What detectors are given, and what they say: where in a text something lies that should not leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple


class Leaf(NamedTuple):
    """One text to look at, as it stands in what is about to leave. A number is given as it is written."""

    text: str
    keys: tuple[str, ...] = ()
    """The names it stands under, outermost first: context for detectors (`customer`, `ssn`)."""


class Finding(NamedTuple):
    """A stretch of one leaf's text; `start` and `end` count characters of the text as given."""

    start: int
    end: int
    entity: str
    """One of `policy.read_detection.ENTITIES`, or an admin's own."""
    score: float
    """0 to 1."""
    rule: str
    """Which recogniser said so; it may be shown to admins and reviewers."""
    bare: bool = False
    """It is a number or word of JSON inside the text that stands without quotes: what replaces it needs some."""

    def at(self, start: int, end: int) -> Finding:
        """The same, at another place."""
        return made((start, end, self.entity, self.score, self.rule, self.bare))


made: Final[Callable[[tuple[int, int, str, float, str, bool]], Finding]] = partial(tuple.__new__, Finding)
"""A finding of all its parts, in a third of the time that its class takes: for where they are made by the thousand."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found in some leaves."""

    findings: tuple[tuple[Finding, ...], ...]
    """For every leaf those in it, sorted, none overlapping another."""
    partial: tuple[str, ...] = ()
    """Detectors whose time ran out before they had seen everything (`ner`). Only optional ones may: others fail."""
