"""A reviewer's key: from a file, with its passphrase, from a real ssh-agent; what cannot be trusted is not used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcp_gate.evidence.sshsig import verify
from mcp_gate.evidence.statement import NAMESPACE
from mcp_gate.faces.signing import CannotSign, Signer, from_file
from support.keys import Key, devices, ecdsa_key, ed25519_key, needs_openssh, rsa_key, ssh_agent

KEY = ed25519_key()


def never(question: str) -> str:
    raise AssertionError(question)


def proves(signer: Signer, key: Key) -> bool:
    return verify(signer.sign(b"text"), b"text", NAMESPACE, [key.public]) == key.public


def refusal(file: Path, *answers: str) -> str:
    said = iter(answers)
    with pytest.raises(CannotSign) as error:
        from_file(file, lambda _: next(said, ""))
    return str(error.value)


@pytest.mark.parametrize("key", [KEY, ecdsa_key(), rsa_key()], ids=lambda key: key.public.kind)
def test_a_key_file_signs(tmp_path: Path, key: Key) -> None:
    assert proves(from_file(key.write(tmp_path / "key"), never), key)


def test_a_passphrase_is_asked_for_three_times_at_most(tmp_path: Path) -> None:
    file = KEY.write(tmp_path / "key", b"open sesame")
    answers = iter(["wrong", "open sesame"])
    assert proves(from_file(file, lambda question: next(answers)), KEY)
    assert "needs its passphrase" in refusal(file, "a", "b", "c")
    assert "needs its passphrase" in refusal(file)


def test_S157_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    file = KEY.write(tmp_path / "key")
    for mode in (0o640, 0o604, 0o660):
        file.chmod(mode)
        assert "others can read" in refusal(file)


@pytest.mark.parametrize("content", [b"", b"hello", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_key_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    file.chmod(0o600)
    assert "not a private key" in refusal(file)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "none")
    assert "not a plain file" in refusal(Path("/dev/null"))


@needs_openssh
@pytest.mark.parametrize("key", [KEY, ecdsa_key(), rsa_key()], ids=lambda key: key.public.kind)
def test_a_public_key_means_the_one_in_the_agent(tmp_path: Path, key: Key) -> None:
    file = key.write(tmp_path / "key")
    with ssh_agent(tmp_path, file):
        file.unlink()
        assert proves(from_file(tmp_path / "key.pub", never), key)
        ed25519_key(5).write(tmp_path / "other")
        assert "does not hold" in refusal(tmp_path / "other.pub")


def test_without_an_agent_the_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    KEY.write(tmp_path / "key")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert "no ssh-agent runs" in refusal(tmp_path / "key.pub")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
    assert "does not answer" in refusal(tmp_path / "key.pub")


def test_what_ssh_keygen_brings_from_a_device_is_verified_before_it_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = devices()[0]
    file = tmp_path / "key_sk"
    file.write_bytes(sk_file(device.public.blob))
    file.chmod(0o600)
    (tmp_path / "key_sk.pub").write_text(f"{device.public}\n")
    played = tmp_path / "bin" / "ssh-keygen"
    played.parent.mkdir()
    (tmp_path / "answer").write_text(device.sign(b"text"))
    played.write_text(f"#!/bin/sh\ncat {tmp_path}/answer\n")
    played.chmod(0o700)
    monkeypatch.setenv("PATH", f"{played.parent}:{os.environ['PATH']}")
    assert from_file(file, never).sign(b"text") == device.sign(b"text")
    with pytest.raises(CannotSign, match="does not verify"):
        from_file(file, never).sign(b"another text")


def sk_file(blob: bytes) -> bytes:
    """A private key file that only names a key in a device (OpenSSH's PROTOCOL.key and PROTOCOL.u2f)."""
    import base64

    from mcp_gate.lang.sshkey import SK_ED25519, Fields, string

    fields = Fields(blob)
    fields.string()
    point, application = fields.string(), fields.string()
    private = b"check".rjust(4)[:4] * 2 + string(SK_ED25519.encode()) + string(point) + string(application)
    private += b"\x01" + string(b"handle") + string(b"") + string(b"comment")
    private += bytes(range(1, 1 + -len(private) % 8))
    whole = b"openssh-key-v1\0" + string(b"none") + string(b"none") + string(b"") + (1).to_bytes(4)
    body = base64.b64encode(whole + string(blob) + string(private)).decode()
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n".encode()
