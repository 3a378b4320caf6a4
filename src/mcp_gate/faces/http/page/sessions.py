"""Who is signed in. Kept in memory: a gate that starts anew knows nobody."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LASTS_SEC: Final = 8 * 3600
"""Measured from the signing in, whatever is done meanwhile."""
MOST: Final = 20
"""Sessions of one reviewer; one more ends his oldest."""


@dataclass(frozen=True, slots=True)
class PageSession:
    """A browser in which a reviewer showed his token."""

    reviewer_id: str
    token_digest: str
    """Of the token that was shown: the session is worth what the token is."""
    until: float
    key: bytes

    def form_key(self, form: str) -> str:
        """What a form of this session carries, so that no other page can send it.

        Args:
            form: what it does, and to what.
        """
        return hmac.new(self.key, form.encode(), hashlib.sha256).hexdigest()

    def made(self, form: str, key: str) -> bool:
        """Whether a form is one that this session was given."""
        return hmac.compare_digest(self.form_key(form).encode(), key.encode("utf-8", "surrogatepass"))


class Sessions:
    """All sessions, by the digest of the secret that the browser keeps."""

    def __init__(self, now: Callable[[], float]) -> None:
        """
        Args:
            now: seconds on a clock that only goes forward.
        """
        self._now = now
        self._open: dict[str, PageSession] = {}

    def open(self, reviewer_id: str, token_digest: str) -> str:
        """Begin one; gives the secret."""
        self._drop_ended()
        own = [name for name, session in self._open.items() if session.reviewer_id == reviewer_id]
        for name in own[: max(0, len(own) - MOST + 1)]:
            del self._open[name]
        secret = secrets.token_urlsafe(32)
        until = self._now() + LASTS_SEC
        self._open[_name(secret)] = PageSession(reviewer_id, token_digest, until, secrets.token_bytes(32))
        return secret

    def find(self, secret: str) -> PageSession | None:
        """The session of a secret, unless it ended."""
        session = self._open.get(_name(secret))
        return session if session is not None and session.until > self._now() else None

    def close(self, secret: str) -> None:
        self._open.pop(_name(secret), None)

    def _drop_ended(self) -> None:
        now = self._now()
        self._open = {name: session for name, session in self._open.items() if session.until > now}


def _name(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
