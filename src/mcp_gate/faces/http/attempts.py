"""Guessing at tokens is slow: after some wrong ones, those that were never right before are not looked at for a while.

Who showed a right token once goes on undisturbed, so that a guesser locks out nobody who is at work.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

MOST: Final = 30
"""Wrong tokens, within the time of the next, before the door is shut to unknown ones."""
WITHIN_SEC: Final = 300.0


class Attempts:
    """What was shown at one door. By the door and not by address: all come from this machine, or through one proxy."""

    def __init__(self, now: Callable[[], float]) -> None:
        """
        Args:
            now: seconds on any clock that only goes forward.
        """
        self._now = now
        self._wrong: deque[float] = deque()
        self._right: set[str] = set()

    def wait(self, digest: str) -> int:
        """Whole seconds until a token may be shown; 0: now.

        Args:
            digest: SHA-256 of the token, in hex.
        """
        now = self._now()
        while self._wrong and self._wrong[0] <= now - WITHIN_SEC:
            self._wrong.popleft()
        if len(self._wrong) < MOST or digest in self._right:
            return 0
        return int(self._wrong[0] + WITHIN_SEC - now) + 1

    def right(self, digest: str) -> None:
        """A token opened the door. There are as many of these as the operator gave out."""
        self._right.add(digest)

    def wrong(self) -> None:
        self._wrong.append(self._now())
