"""Reviewers' keys: made here, by the real ssh-keygen, or in a FIDO2 device that is only played."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)  # fmt: skip

from mcp_gate.evidence.sshmake import public_of, sign
from mcp_gate.evidence.sshsig import armour, signed_bytes
from mcp_gate.evidence.statement import NAMESPACE, statement
from mcp_gate.lang.sshkey import SK_ECDSA, SK_ED25519, mpint, string
from mcp_gate.model.key import PublicKey

needs_openssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="openssh-client is not installed")


@dataclass(frozen=True)
class Key:
    """A private key of a reviewer's."""

    private: Any

    @property
    def public(self) -> PublicKey:
        return public_of(self.private)

    def sign(self, message: bytes, namespace: str = NAMESPACE) -> str:
        return sign(self.private, message, namespace)

    def signed(self, word: dict[str, Any], request_id: str, gate_id: str) -> dict[str, Any]:
        """A decision with its signature."""
        return {**word, "signature": self.sign(statement(word, request_id, gate_id))}

    def write(self, file: Path, passphrase: bytes | None = None) -> Path:
        """As ssh-keygen writes it, with the public half beside it."""
        how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        file.write_bytes(self.private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, how))
        file.chmod(0o600)
        file.with_name(file.name + ".pub").write_text(f"{self.public}\n")
        return file


def ed25519_key(seed: int = 1) -> Key:
    return Key(ed25519.Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def ecdsa_key(bits: int = 256) -> Key:
    curve = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}[bits]
    return Key(ec.derive_private_key(int.from_bytes(b"k" * (bits // 8)), curve))


def rsa_key(bits: int = 2048) -> Key:
    return Key(rsa.generate_private_key(65537, bits))


@dataclass(frozen=True)
class Device:
    """A FIDO2 device as its signatures show it (OpenSSH's PROTOCOL.u2f)."""

    private: Any
    touched: bool = True

    @property
    def public(self) -> PublicKey:
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            kind, parts = SK_ED25519, [self.private.public_key().public_bytes_raw()]
        else:
            from cryptography.hazmat.primitives.serialization import PublicFormat

            point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            kind, parts = SK_ECDSA, [b"nistp256", point]
        return PublicKey(kind, b"".join(map(string, [kind.encode(), *parts, b"ssh:"])), "device")

    def sign(self, message: bytes, namespace: str = NAMESPACE) -> str:
        tail = bytes([0x01 if self.touched else 0x00]) + (7).to_bytes(4)
        asked = hashlib.sha256(b"ssh:").digest() + tail + hashlib.sha256(signed_bytes(message, namespace)).digest()
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            raw = self.private.sign(asked)
        else:
            r, s = decode_dss_signature(self.private.sign(asked, ec.ECDSA(hashes.SHA256())))
            raw = mpint(r) + mpint(s)
        made = string(self.public.kind.encode()) + string(raw) + tail
        return armour(self.public.blob, made, namespace)


def devices(*, touched: bool = True) -> list[Device]:
    return [
        Device(ed25519.Ed25519PrivateKey.from_private_bytes(b"d" * 32), touched),
        Device(ec.derive_private_key(7654321, ec.SECP256R1()), touched),
    ]


def keygen(*arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ssh-keygen", *arguments], input=stdin, capture_output=True, cwd=cwd, timeout=30)


def openssh_accepts(folder: Path, key: PublicKey, message: bytes, signature: str) -> bool:
    """What stock `ssh-keygen -Y verify` says."""
    (folder / "allowed_signers").write_text(f"dana {key.kind} {str(key).split()[1]}\n")
    (folder / "text.sig").write_text(signature)
    done = keygen(
        "-Y", "verify", "-f", "allowed_signers", "-I", "dana", "-n", NAMESPACE, "-s", "text.sig",
        stdin=message, cwd=folder,
    )  # fmt: skip
    return done.returncode == 0


@contextmanager
def ssh_agent(folder: Path, *files: Path) -> Iterator[Path]:
    """A real ssh-agent that holds keys; its socket is named by SSH_AUTH_SOCK meanwhile."""
    socket = folder / "agent"
    out = subprocess.run(["ssh-agent", "-a", str(socket)], capture_output=True, text=True, check=True, timeout=30)
    pid = int(out.stdout.partition("SSH_AGENT_PID=")[2].partition(";")[0])
    before = os.environ.get("SSH_AUTH_SOCK")
    os.environ["SSH_AUTH_SOCK"] = str(socket)
    try:
        for file in files:
            subprocess.run(["ssh-add", "-q", str(file)], check=True, capture_output=True, timeout=30)
        yield socket
    finally:
        os.kill(pid, signal.SIGTERM)
        del os.environ["SSH_AUTH_SOCK"]
        if before is not None:
            os.environ["SSH_AUTH_SOCK"] = before
