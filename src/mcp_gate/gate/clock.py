"""Time and randomness, in one place, so that tests can bring their own."""

from __future__ import annotations

import os
import time
from base64 import b32encode
from collections.abc import Callable


class Clock:
    """Wall time for what is written down, elapsed time for what is waited for.

    Deadlines run on elapsed time while the gate runs, on the clock across a restart (contract 9): `steady` starts at
    the wall clock and from then on cannot be moved by anybody who sets it.
    """

    def __init__(self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = time.monotonic) -> None:
        self.wall = wall
        """Seconds since the epoch, as the machine believes."""
        self._elapsed = elapsed
        self._origin = wall() - elapsed()
        self.started = self.steady()
        """When that was: `steady` then."""

    def steady(self) -> float:
        """Seconds since the epoch, counted from the start of the gate."""
        return self._origin + self._elapsed()


class _Bytes:
    """Random bytes of the operating system, taken in pages: a system call each would cost more than a decision."""

    def __init__(self, page: int = 4096) -> None:
        self._page = page
        self._left = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        if self._at + count > len(self._left):
            self._left = os.urandom(self._page)
            self._at = 0
        self._at += count
        return self._left[self._at - count : self._at]


_random = _Bytes()


def call_id(now: float) -> str:
    """Milliseconds since the epoch, so that records of one time lie together on disk, and 64 random bits."""
    return f"c-{int(now * 1000):011x}{_random.take(8).hex()}"


def request_id() -> str:
    """80 random bits in 16 letters and digits: short enough to type, not a secret."""
    return "R-" + b32encode(_random.take(10)).decode()


def session_id() -> str:
    """128 random bits."""
    return "s-" + _random.take(16).hex()
