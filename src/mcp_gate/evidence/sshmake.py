"""Signatures made by a private key that is in this process. Pure: reading the key is somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_gate.evidence.sshsig import armour, digest_for, signed_bytes
from mcp_gate.lang.sshkey import BadKey, mpint, parse, string
from mcp_gate.model.key import PublicKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import SSHPrivateKeyTypes


def public_of(private: SSHPrivateKeyTypes) -> PublicKey:
    """The public half.

    Raises:
        BadKey: of a kind or size that proves nothing here.
    """
    from cryptography.hazmat.primitives.asymmetric import dsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(private, dsa.DSAPrivateKey):
        raise BadKey("DSA keys prove nothing any more; use ssh-ed25519")
    return parse(private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())


def sign(private: SSHPrivateKeyTypes, message: bytes, namespace: str) -> str:
    """The text of a signature over a message.

    Raises:
        BadKey: as `public_of`.
    """
    key = public_of(private)
    return armour(key.blob, _made(private, key.kind, signed_bytes(message, namespace)), namespace)


def _made(private: SSHPrivateKeyTypes, kind: str, data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    match private:
        case ed25519.Ed25519PrivateKey():
            return string(kind.encode()) + string(private.sign(data))
        case rsa.RSAPrivateKey():
            return string(b"rsa-sha2-512") + string(private.sign(data, padding.PKCS1v15(), hashes.SHA512()))
        case ec.EllipticCurvePrivateKey():
            r, s = decode_dss_signature(private.sign(data, ec.ECDSA(digest_for(kind))))
            return string(kind.encode()) + string(mpint(r) + mpint(s))
        case _:
            raise BadKey("this kind of key signs nothing here")
