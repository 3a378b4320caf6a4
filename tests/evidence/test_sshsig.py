"""SSH signatures: made here and checked by OpenSSH, made by OpenSSH and checked here; nothing else passes."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.evidence.sshsig import MAGIC, BadSignature, armour, signed_bytes, verify
from mcp_gate.evidence.statement import NAMESPACE, statement
from mcp_gate.lang.sshkey import string
from support.keys import Key, devices, ecdsa_key, ed25519_key, keygen, needs_openssh, openssh_accepts, rsa_key

WORD = {
    "decision": "approve", "approver_id": "dana", "job_hash": "sha256:" + "0" * 64,
    "policy_snapshot": "v1:0123456789ab", "decision_ts": "2027-01-15T08:00:00.000Z", "nonce": "n-1",
}  # fmt: skip
MESSAGE = statement(WORD, "R-1", "g-1")
KEY = ed25519_key()
RSA = rsa_key()
SIGNATURE = KEY.sign(MESSAGE)
SIGNERS: list[Any] = [KEY, RSA, ecdsa_key(256), ecdsa_key(384), ecdsa_key(521), *devices()]


def kind(one: Any) -> str:
    found: str = one.public.kind
    return found


def refused(text: str, message: bytes = MESSAGE, key: Any = KEY, namespace: str = NAMESPACE) -> str:
    with pytest.raises(BadSignature) as error:
        verify(text, message, namespace, [key.public])
    return str(error.value)


def test_what_is_signed_is_the_canonical_form_of_what_is_sent() -> None:
    assert MESSAGE == (
        b'{"approver_id":"dana","decision":"approve","decision_ts":"2027-01-15T08:00:00.000Z","gate_id":"g-1",'
        b'"job_hash":"sha256:' + b"0" * 64 + b'","nonce":"n-1","policy_snapshot":"v1:0123456789ab","request_id":"R-1"}'
    )
    assert statement({**WORD, "reason": None, "signature": "x"}, "R-1", "g-1") == MESSAGE
    assert b'"reason":""' in statement({**WORD, "reason": ""}, "R-1", "g-1")


@pytest.mark.parametrize("one", SIGNERS, ids=kind)
def test_a_signature_of_every_kind_of_key_is_verified_and_of_no_other_key(one: Any) -> None:
    text = one.sign(MESSAGE)
    others = [ed25519_key(9).public, rsa_key().public]
    assert verify(text, MESSAGE, NAMESPACE, [*others, one.public]) == one.public
    assert "not made by a key that is enrolled" in refused(text, key=ed25519_key(9))
    assert "a field was changed" in refused(text, MESSAGE + b" ", key=one)
    assert "another purpose" in refused(text, key=one, namespace="file")


@needs_openssh
@pytest.mark.parametrize("one", SIGNERS, ids=kind)
def test_ssh_keygen_accepts_what_is_made_here_and_nothing_altered(tmp_path: Path, one: Any) -> None:
    text = one.sign(MESSAGE)
    assert openssh_accepts(tmp_path, one.public, MESSAGE, text)
    assert not openssh_accepts(tmp_path, one.public, MESSAGE + b" ", text)


@needs_openssh
@pytest.mark.parametrize("one", [KEY, RSA, ecdsa_key(256), ecdsa_key(384), ecdsa_key(521)], ids=kind)
def test_what_ssh_keygen_makes_is_accepted_here(tmp_path: Path, one: Key) -> None:
    one.write(tmp_path / "key")
    text = keygen("-Y", "sign", "-f", "key", "-n", NAMESPACE, stdin=MESSAGE, cwd=tmp_path).stdout.decode()
    assert verify(text, MESSAGE, NAMESPACE, [one.public]) == one.public
    other = keygen("-Y", "sign", "-f", "key", "-n", "file", stdin=MESSAGE, cwd=tmp_path).stdout.decode()
    assert "another purpose" in refused(other, key=one)


@needs_openssh
def test_a_signature_over_sha256_is_refused_though_openssh_makes_such(tmp_path: Path) -> None:
    KEY.write(tmp_path / "key")
    done = keygen("-Y", "sign", "-O", "hashalg=sha256", "-f", "key", "-n", NAMESPACE, stdin=MESSAGE, cwd=tmp_path)
    assert done.returncode == 0
    assert "sha512" in refused(done.stdout.decode())


@pytest.mark.parametrize("device", devices(touched=False), ids=kind)
def test_a_device_that_nobody_touched_proves_nothing(device: Any) -> None:
    assert "touched" in refused(device.sign(MESSAGE), key=device)


def test_an_rsa_signature_over_sha1_proves_nothing() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    data = signed_bytes(MESSAGE, NAMESPACE)
    raw = RSA.private.sign(data, padding.PKCS1v15(), hashes.SHA1())
    assert "algorithm" in refused(armour(RSA.public.blob, string(b"ssh-rsa") + string(raw), NAMESPACE), key=RSA)


@given(st.data())
@settings(max_examples=150)
def test_no_changed_bit_of_a_signature_passes(data: st.DataObject) -> None:
    body = base64.b64decode("".join(SIGNATURE.splitlines()[1:-1]))
    at = data.draw(st.integers(0, len(body) * 8 - 1))
    changed = bytearray(body)
    changed[at // 8] ^= 1 << at % 8
    refused(wrapped(bytes(changed)))


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda some: wrapped(MAGIC + (1).to_bytes(4) + some)))
def test_no_text_makes_the_check_fail_otherwise_than_it_says(text: str) -> None:
    refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "", SIGNATURE + SIGNATURE, "x" + SIGNATURE, SIGNATURE.replace("SSH SIGNATURE", "PGP SIGNATURE"),
        SIGNATURE.replace("\n", ""), SIGNATURE[:-40],
    ],
)  # fmt: skip
def test_only_the_text_of_one_signature_is_one(text: str) -> None:
    refused(text)


def test_lines_may_end_as_they_do_elsewhere() -> None:
    assert verify(SIGNATURE.replace("\n", "\r\n"), MESSAGE, NAMESPACE, [KEY.public]) == KEY.public
    assert verify(SIGNATURE.rstrip(), MESSAGE, NAMESPACE, [KEY.public]) == KEY.public


def test_bytes_behind_the_signature_or_in_its_reserve_are_refused() -> None:
    parts = [KEY.public.blob, NAMESPACE.encode(), b"", b"sha512", string(b"ssh-ed25519") + string(b"x" * 64)]
    head = MAGIC + (1).to_bytes(4)
    assert "damaged" in refused(wrapped(head + b"".join(map(string, parts)) + b"x"))
    parts[2] = b"x"
    assert "sha512" in refused(wrapped(head + b"".join(map(string, parts))))


def wrapped(body: bytes) -> str:
    text = base64.b64encode(body).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"
