"""A reviewer's public key."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that can prove a decision. Two are the same whatever their comments say."""

    kind: str
    blob: bytes
    comment: str = field(default="", compare=False)

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it."""
        import hashlib  # not for every `connect`, which loads this module: OpenSSL comes with it

        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    @property
    def in_device(self) -> bool:
        """Whether it signs only while somebody touches a FIDO2 device."""
        return self.kind.startswith("sk-")

    def __str__(self) -> str:
        """The line of a `.pub` file."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()} {self.comment}".rstrip()
