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

    def __init__(
        self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self.wall = wall
        """Seconds since the epoch, as the machine believes."""
        self._elapsed = elapsed
        self._origin = wall() - elapsed()

    def steady(self) -> float:
        """Seconds since the epoch, counted from the start of the gate."""
        return self._origin + self._elapsed()


def call_id() -> str:
    """80 random bits."""
    return "c-" + os.urandom(10).hex()


def request_id() -> str:
    """80 random bits in 16 letters and digits: short enough to type, not a secret."""
    return "R-" + b32encode(os.urandom(10)).decode()


def session_id() -> str:
    """128 random bits."""
    return "s-" + os.urandom(16).hex()
