"""What is kept of results that nobody may see yet: sealed at rest, under a key that is not in the database."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

FILE_NAME: Final = "vault.key"
"""In the state directory."""
NONCE: Final = 12


class Unreadable(Exception):
    """It was sealed with another key, for something else, or is damaged."""


class Vault:
    """Seals with AES-256-GCM; what is sealed for one call opens for no other."""

    def __init__(self, key: bytes) -> None:
        """
        Args:
            key: 32 bytes.
        """
        self._key = key

    @classmethod
    def at(cls, state: Path) -> Vault:
        """With the key of a state directory, made when it is first needed.

        Raises:
            OSError: it can be neither read nor written.
        """
        path = state / FILE_NAME
        with contextlib.suppress(FileExistsError):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(file, os.urandom(32))
                os.fsync(file)
            finally:
                os.close(file)
        path.chmod(0o600)
        key = path.read_bytes()
        if len(key) != 32:
            raise OSError(f"{path} is not a key: move it away (results that it sealed are lost) and start again")
        return cls(key)

    def seal(self, data: bytes, about: str) -> bytes:
        """Encrypt.

        Args:
            about: what it belongs to; it opens with the same alone.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(NONCE)
        return b"".join((nonce, AESGCM(self._key).encrypt(nonce, data, about.encode())))  # lets others have their turn

    def open(self, sealed: bytes, about: str) -> bytes:
        """
        Raises:
            Unreadable: see there.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self._key).decrypt(sealed[:NONCE], sealed[NONCE:], about.encode())
        except (InvalidTag, ValueError):
            raise Unreadable("the result cannot be read with this gate's key") from None
