"""OpenSSH public keys as people write them, and the fields that keys and signatures are made of (RFC 4251)."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from mcp_gate.model.key import PublicKey

POINTS: Final = {"nistp256": 65, "nistp384": 97, "nistp521": 133}
"""Curves, and how many bytes an uncompressed point on each takes."""
ED25519: Final = "ssh-ed25519"
RSA: Final = "ssh-rsa"
SK_ED25519: Final = "sk-ssh-ed25519@openssh.com"
SK_ECDSA: Final = "sk-ecdsa-sha2-nistp256@openssh.com"
ECDSA: Final = {f"ecdsa-sha2-{curve}": curve for curve in POINTS}
KINDS: Final = (ED25519, *ECDSA, RSA, SK_ED25519, SK_ECDSA)
"""Kinds of keys that can prove a decision; those that begin with `sk-` live in a FIDO2 device."""
RSA_BITS: Final = (2048, 16_384)
LONGEST: Final = 8192


class BadKey(ValueError):
    """The text is not a key that can prove a decision; says what is wrong with it."""


class Truncated(ValueError):
    """Fields end before they should, or go on after."""


class Fields:
    """Reads fields off bytes, from the first on.

    Every method raises `Truncated` when there is less than it should take.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """So many bytes."""
        end = self._at + count
        if end > len(self._data):
            raise Truncated
        found = self._data[self._at : end]
        self._at = end
        return found

    def number(self) -> int:
        """A whole number of four bytes."""
        return int.from_bytes(self.take(4))

    def string(self) -> bytes:
        """Bytes with their length before them."""
        return self.take(self.number())

    def mpint(self) -> int:
        """A whole number of any size, in its shortest form; only one above zero."""
        raw = self.string()
        if not raw or raw[0] >= 0x80 or (raw[0] == 0 and (len(raw) == 1 or raw[1] < 0x80)):
            raise Truncated
        return int.from_bytes(raw)

    def end(self) -> None:
        """There must be nothing more."""
        if self._at != len(self._data):
            raise Truncated


def string(data: bytes) -> bytes:
    """A field of bytes, as `Fields.string` reads it."""
    return len(data).to_bytes(4) + data


def mpint(value: int) -> bytes:
    """A field of a number above zero, as `Fields.mpint` reads it."""
    return string(value.to_bytes(value.bit_length() // 8 + 1))


def parse(text: str) -> PublicKey:
    """A key from a line as it stands in a `.pub` file: kind, base64, comment.

    Raises:
        BadKey: it is none, or of a kind or size that proves nothing here.
    """
    kind, _, rest = text.strip().partition(" ")
    encoded, _, comment = rest.strip().partition(" ")
    if "PRIVATE KEY" in text:
        raise BadKey("this is a private key, which stays with its owner")
    if kind not in KINDS:
        raise BadKey("this is no OpenSSH public key of a kind that can sign decisions")
    if len(encoded) > LONGEST:
        raise BadKey("the key is too long")
    try:
        blob = base64.b64decode(encoded, validate=True)
        return PublicKey(checked(blob, kind), blob, comment.strip())
    except (binascii.Error, ValueError) as error:
        raise error if isinstance(error, BadKey) else BadKey("the key is damaged") from None


def checked(blob: bytes, kind: str | None = None) -> str:
    """The kind of a key from its bytes, which have the form of that kind.

    Args:
        kind: what it has to be; None: any of `KINDS`.

    Raises:
        BadKey: an RSA key of another size than can be relied on.
        ValueError: it is not such a key.
    """
    fields = Fields(blob)
    found = fields.string().decode("ascii")
    if found not in KINDS or (kind is not None and found != kind):
        raise ValueError("another kind of key")
    if found == RSA:
        _rsa(fields)
    elif found in (ED25519, SK_ED25519):
        _exactly(len(fields.string()), 32)
    else:
        curve = fields.string().decode("ascii")
        point = fields.string()
        _exactly(curve, ECDSA.get(found, "nistp256"))
        _exactly((len(point), point[:1]), (POINTS[curve], b"\4"))
    if found in (SK_ED25519, SK_ECDSA):
        fields.string()  # the application that the device keeps the key for
    fields.end()
    return found


def _rsa(fields: Fields) -> None:
    fields.mpint()
    bits = fields.mpint().bit_length()
    if not RSA_BITS[0] <= bits <= RSA_BITS[1]:
        raise BadKey(f"an RSA key of {bits} bits proves nothing; use ssh-ed25519, or RSA from {RSA_BITS[0]} bits")


def _exactly(found: object, wanted: object) -> None:
    if found != wanted:
        raise ValueError("not of its kind's form")
