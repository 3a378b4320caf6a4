"""What the record was at one moment, signed, to be kept where nobody who can write the record can write.

A checkpoint of C2SP (tlog-checkpoint in a signed note): the leaves of the tree are the hashes of the records, 32 bytes
each, in their order.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mcp_gate.evidence.chain import Broken
from mcp_gate.evidence.merkle import Tree

ED25519: Final = b"\1"
"""How signed notes call the algorithm."""
NOTE: Final = re.compile(
    r"(?P<text>(?P<origin>[^\s+]+)\n(?P<size>[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*)\n"
    r"(?P<signatures>(?:— \S+ [A-Za-z0-9+/]+=*\n)+)"
)
KEY: Final = re.compile(r"(?P<name>[^\s+]+)\+(?P<id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/]{44})")


class BadCheckpoint(ValueError):
    """The text is not a checkpoint, or no key; says what is wrong with it."""


class Forged(ValueError):
    """A checkpoint that the key did not sign."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """Who signs, for those who check: a name and a public key."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """As Go's `note` package writes it."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """
        Raises:
            BadCheckpoint: it is not such a key.
        """
        found = KEY.fullmatch(text.strip())
        raw = b"" if found is None else base64.b64decode(found["key"])
        if found is None or raw[:1] != ED25519 or len(raw) != 33:
            raise BadCheckpoint("this is not a key: NAME+ID+KEY of Ed25519, as 'mcp-gate audit checkpoint' shows it")
        verifier = cls(found["name"], raw[1:])
        if verifier.key_id.hex() != found["id"]:
            raise BadCheckpoint("the key's id does not fit the key")
        return verifier


@dataclass(frozen=True, slots=True)
class Signer:
    """The gate's own key."""

    name: str
    seed: bytes

    @classmethod
    def of(cls, gate_id: str, seed: str) -> Signer:
        """The signer of a gate, by what its store keeps: its id and 64 hex digits."""
        return cls(f"mcp-gate/{gate_id}", bytes.fromhex(seed))

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self._private.public_key().public_bytes_raw())

    def note(self, size: int, root: bytes) -> str:
        """A checkpoint over so many records."""
        text = f"{self.name}\n{size}\n{base64.b64encode(root).decode()}\n"
        signature = base64.b64encode(self.verifier.key_id + self._private.sign(text.encode())).decode()
        return f"{text}\n— {self.name} {signature}\n"

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signed note says."""

    size: int
    root: bytes


def read(note: str, verifier: Verifier) -> Checkpoint:
    """Take a checkpoint at its word, once its signature is checked.

    Raises:
        BadCheckpoint: the text is not a checkpoint.
        Forged: it was not signed with this key.
    """
    found = NOTE.fullmatch(note)
    if found is None:
        raise BadCheckpoint("this is not a checkpoint: a signed note of name, size, root and signature")
    if found["origin"] != verifier.name or not signed(found["text"], found["signatures"], verifier):
        raise Forged(f"the checkpoint is not signed by {verifier}")
    return Checkpoint(int(found["size"]), base64.b64decode(found["root"]))


def signed(text: str, signatures: str, verifier: Verifier) -> bool:
    """Whether one of the lines below a note is this verifier's signature of its text."""
    for line in signatures.splitlines():
        _, name, encoded = line.split(" ")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            continue
        if name == verifier.name and raw[:4] == verifier.key_id:
            try:
                Ed25519PublicKey.from_public_bytes(verifier.public).verify(raw[4:], text.encode())
            except InvalidSignature:
                return False
            return True
    return False


class Comparison:
    """Follows the hashes of a record, and tells at the end whether it still begins with what a checkpoint saw."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._tree = Tree()
        self._fits: bool | None = None

    @property
    def size(self) -> int:
        """Of how many records the checkpoint is."""
        return self._checkpoint.size

    def see(self, hash: str) -> None:
        """The hash of the next record; what comes after the checkpoint's last one is not its business."""
        if self._tree.size < self.size:
            self._tree.add(bytes.fromhex(hash))
            if self._tree.size == self.size:
                self._fits = self._tree.root() == self._checkpoint.root

    def fault(self) -> Broken | None:
        """What is wrong, once all records were seen."""
        seen = self._tree.size
        if self._fits is None:
            return Broken(seen + 1, f"is missing: the checkpoint saw {self.size}", seen)
        if not self._fits:
            return Broken(self.size, "is not what the checkpoint saw: it or one before it was written anew", 0)
        return None
