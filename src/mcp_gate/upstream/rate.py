"""A bucket of tokens: how many things a second may pass, with one second's worth in reserve."""

from __future__ import annotations


class Rate:
    """Pure: the caller brings the time."""

    __slots__ = ("_at", "_left", "_per_sec")

    def __init__(self, per_sec: float) -> None:
        self._per_sec = per_sec
        self._left = per_sec
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Whether one more may pass now (seconds of any clock that only rises)."""
        self._left = min(self._per_sec, self._left + (now - self._at) * self._per_sec)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
