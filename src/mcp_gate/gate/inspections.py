"""What was inspected a moment ago and comes again: agents that poll get the same answer many times.

An inspection depends on nothing but the policy, the rules about the call and the payload itself. What was let out is
kept for minutes, by a digest of what came in; nothing that was taken out is.
"""

from __future__ import annotations

import hmac
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import Detail

FOR_SEC: Final = 300.0
MOST: Final = 256
MOST_BYTES: Final = 1_048_576
"""Of all payloads that are kept, written down; as objects they take several times as much."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What came of one payload that may leave."""

    payload: JsonObject | None
    """None: it leaves as it came."""
    details: tuple[Detail, ...] = ()
    suspicious: tuple[str, ...] = ()
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Key:
    """By what a payload is known again."""

    digest: bytes
    size: int
    """Of the payload, in bytes."""


class Inspections:
    """Those of the last minutes, the oldest first."""

    def __init__(self, steady: Callable[[], float]) -> None:
        """
        Args:
            steady: seconds on a clock that never goes back.
        """
        self._steady = steady
        self._secret = secrets.token_bytes(32)
        self._kept: dict[bytes, tuple[float, int, Inspected]] = {}
        self._bytes = 0

    def key(self, snapshot: str, method: str, rules: Iterable[str], written: bytes) -> Key:
        """
        Args:
            snapshot: of the policy in force;
            rules: the ids of those that are about this payload;
            written: the payload as JSON.
        """
        said = "\0".join((snapshot, method, *rules, "")).encode()
        return Key(hmac.digest(self._secret, said + written, "sha256"), len(written))

    def get(self, key: Key) -> Inspected | None:
        """What came of the same, not long ago."""
        until, _, one = self._kept.get(key.digest, (0.0, 0, None))
        return one if until > self._steady() else None

    def keep(self, key: Key, one: Inspected) -> None:
        """Remember it for a while. To be followed by `let_go`, once nobody waits: that takes longer."""
        self._drop(key.digest)
        size = 0 if one.payload is None else key.size
        self._kept[key.digest] = self._steady() + FOR_SEC, size, one
        self._bytes += size

    def let_go(self) -> None:
        """Forget the oldest, as long as they are too old or there are too many."""
        now = self._steady()
        while self._kept:
            oldest, (until, _, _) = next(iter(self._kept.items()))
            if until > now and self._bytes <= MOST_BYTES and len(self._kept) <= MOST:
                break
            self._drop(oldest)

    def _drop(self, digest: bytes) -> None:
        _, size, _ = self._kept.pop(digest, (0.0, 0, None))
        self._bytes -= size
