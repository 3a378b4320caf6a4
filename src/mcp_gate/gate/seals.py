"""Text that the gate gives to a client and that comes back unchanged, or not at all."""

from __future__ import annotations

import hashlib
import hmac


class Seals:
    """Made with one key: only what this gate wrote is known again."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, text: str) -> str:
        """The text with a proof that this gate wrote it."""
        return f"{self._mac(text)}.{text}"

    def unseal(self, sealed: str) -> str | None:
        """The text, or None if this gate did not write it."""
        mac, dot, text = sealed.partition(".")
        return text if dot and hmac.compare_digest(mac.encode(), self._mac(text).encode()) else None

    def _mac(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]
