"""SSH signatures (OpenSSH's PROTOCOL.sshsig): the text that `ssh-keygen -Y sign` writes and `-Y verify` checks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from mcp_gate.lang.sshkey import ECDSA, SK_ECDSA, Fields, string
from mcp_gate.model.key import PublicKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes

MAGIC: Final = b"SSHSIG"
VERSION: Final = 1
HASH: Final = b"sha512"
ARMOUR: Final = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\r?\n(?P<body>[A-Za-z0-9+/=\r\n]+)-----END SSH SIGNATURE-----\s*"
)
COLUMNS: Final = 70
RSA_DIGESTS: Final = frozenset({"rsa-sha2-512", "rsa-sha2-256"})
TOUCHED: Final = 0x01
"""Bit of a FIDO2 device's flags that says that somebody was there."""


class BadSignature(ValueError):
    """The text is not a signature of one of the keys over these bytes; says what is wrong with it."""


def signed_bytes(message: bytes, namespace: str) -> bytes:
    """What a key really signs: the message's digest, bound to what the signature is for."""
    fields = (namespace.encode(), b"", HASH, hashlib.sha512(message).digest())
    return MAGIC + b"".join(map(string, fields))


def armour(key: bytes, signature: bytes, namespace: str) -> str:
    """The text of a signature.

    Args:
        key: the public key's blob.
        signature: an SSH signature over `signed_bytes`: the algorithm's name, then what it made.
    """
    parts = (key, namespace.encode(), b"", HASH, signature)
    body = base64.b64encode(MAGIC + VERSION.to_bytes(4) + b"".join(map(string, parts))).decode()
    lines = [body[at : at + COLUMNS] for at in range(0, len(body), COLUMNS)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def verify(text: str, message: bytes, namespace: str, keys: Iterable[PublicKey]) -> PublicKey:
    """The key, of those given, that signed exactly this message for this namespace.

    Raises:
        BadSignature: none of them did.
    """
    try:
        blob, signature = _opened(text, namespace)
        key = next((one for one in keys if one.blob == blob), None)
        if key is None:
            raise BadSignature("it was not made by a key that is enrolled for this reviewer")
        _check(key, Fields(signature), signed_bytes(message, namespace))
    except BadSignature:
        raise
    except ValueError:
        raise BadSignature("it is damaged, or no SSH signature") from None
    return key


def _opened(text: str, namespace: str) -> tuple[bytes, bytes]:
    """Key and signature out of the text, once all that stands around them is as it has to be."""
    found = ARMOUR.fullmatch(text)
    if found is None:
        raise BadSignature("it is not the text of an SSH signature")
    try:
        fields = Fields(base64.b64decode("".join(found["body"].split()), validate=True))
    except binascii.Error:
        raise BadSignature("it is not the text of an SSH signature") from None
    if fields.take(len(MAGIC)) != MAGIC or fields.number() != VERSION:
        raise BadSignature("it is of another version")
    key, meant, reserved, digest, signature = (fields.string() for _ in range(5))
    fields.end()
    if meant != namespace.encode():
        raise BadSignature(f"it was made for another purpose than '{namespace}'")
    if reserved or digest != HASH:
        raise BadSignature("it is not over a sha512 digest")
    return key, signature


def _check(key: PublicKey, made: Fields, data: bytes) -> None:
    """
    Raises:
        BadSignature: the key did not make this over the data.
        ValueError: it is damaged.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    algorithm, raw = made.string().decode("ascii"), made.string()
    if key.in_device:
        flags, counter = made.take(1), made.take(4)
        if not flags[0] & TOUCHED:
            raise BadSignature("nobody touched the device that made it")
        data = hashlib.sha256(_application(key)).digest() + flags + counter + hashlib.sha256(data).digest()
    made.end()
    try:
        _verify(key, algorithm, raw, data)
    except (InvalidSignature, UnsupportedAlgorithm):
        raise BadSignature("it is not over this decision: a field was changed, or the signature was") from None


def _verify(key: PublicKey, algorithm: str, raw: bytes, data: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    public = load_ssh_public_key(str(PublicKey(key.kind, key.blob)).encode())
    match public:
        case rsa.RSAPublicKey() if algorithm in RSA_DIGESTS:
            digest = hashes.SHA512() if algorithm == "rsa-sha2-512" else hashes.SHA256()
            whole = raw.rjust((public.key_size + 7) // 8, b"\0")  # some leave zeros at the front out
            public.verify(whole, data, padding.PKCS1v15(), digest)
        case ed25519.Ed25519PublicKey() if algorithm == key.kind:
            public.verify(raw, data)
        case ec.EllipticCurvePublicKey() if algorithm == key.kind:
            numbers = Fields(raw)
            r, s = numbers.mpint(), numbers.mpint()
            numbers.end()
            public.verify(encode_dss_signature(r, s), data, ec.ECDSA(digest_for(key.kind)))
        case _:
            raise BadSignature("it was made by another algorithm than its key's")


def digest_for(kind: str) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """The digest that goes with a curve (RFC 5656)."""
    from cryptography.hazmat.primitives import hashes

    match ECDSA.get(kind, "nistp256"):
        case "nistp384":
            return hashes.SHA384()
        case "nistp521":
            return hashes.SHA512()
        case _:
            return hashes.SHA256()


def _application(key: PublicKey) -> bytes:
    fields = Fields(key.blob)
    fields.string()
    if key.kind == SK_ECDSA:
        fields.string()
    fields.string()
    return fields.string()
