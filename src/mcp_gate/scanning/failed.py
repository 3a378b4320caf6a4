"""Why something could not be scanned. What could not be scanned does not leave."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Failure(StrEnum):
    """What went wrong."""

    TOO_LARGE = "too_large"
    TIME = "time"
    """It took longer than it may."""
    ENDED = "ended"
    """The process that scanned ended: killed, out of memory, a fault in a library."""
    DETECTOR = "detector"
    """A detector raised an error."""
    MISSING = "missing"
    """A detector, its rules or its model are not there, or cannot be loaded."""
    CLOSED = "closed"
    """The gate is ending."""


WORDS: Final = {
    Failure.TOO_LARGE: "it is larger than what is scanned",
    Failure.TIME: "scanning it took too long",
    Failure.ENDED: "the process that scanned it ended",
    Failure.DETECTOR: "a detector failed on it",
    Failure.MISSING: "a detector is missing",
    Failure.CLOSED: "the gate is ending",
}


class ScanFailed(Exception):
    """Nothing is known of these leaves."""

    def __init__(self, failure: Failure, why: str = "") -> None:
        """
        Args:
            why: more than the failure says, in words that may be shown: never of the text itself.
        """
        super().__init__(f"{WORDS[failure]}: {why}" if why else WORDS[failure])
        self.failure = failure
