"""Public keys: what ssh-keygen writes is read, what could prove nothing is refused with its reason."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.sshkey import RSA, BadKey, Fields, Truncated, mpint, parse, string
from mcp_gate.model.key import PublicKey
from support.keys import devices, ecdsa_key, ed25519_key, rsa_key

KEY = ed25519_key().public


KEYS = [KEY, rsa_key().public, *(ecdsa_key(bits).public for bits in (256, 384, 521)), *(d.public for d in devices())]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.kind)
def test_every_kind_of_key_is_read_as_it_is_written(key: PublicKey) -> None:
    assert parse(f"  {key} dana@laptop \n") == key
    assert parse(str(key)).fingerprint.startswith("SHA256:")


def test_a_comment_makes_no_other_key_of_it() -> None:
    assert parse(f"{KEY} a b") == parse(f"{KEY} c")
    assert parse(f"{KEY} a b").comment == "a b"


def rsa_line(bits: int) -> str:
    blob = string(RSA.encode()) + mpint(65537) + mpint((1 << bits) - 1)
    return f"{RSA} {base64.b64encode(blob).decode()}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no OpenSSH public key"),
        ("dana", "no OpenSSH public key"),
        ("ssh-dss AAAA", "no OpenSSH public key"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "no OpenSSH public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "private key"),
        ("ssh-ed25519 AAAA", "damaged"),
        ("ssh-ed25519 not/base64!", "damaged"),
        (str(KEY)[:-8], "damaged"),
        (str(KEY).replace("ssh-ed25519 ", "ssh-rsa "), "damaged"),
        (f"ssh-ed25519 {base64.b64encode(KEY.blob + b'x').decode()}", "damaged"),
        ("ssh-rsa " + "A" * 10_000, "too long"),
        (rsa_line(1024), "1024 bits"),
        (rsa_line(20_000), "20000 bits"),
    ],
)
def test_what_proves_nothing_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(BadKey, match=why):
        parse(text)


@given(st.binary(max_size=200))
def test_fields_come_back_as_they_were_written(data: bytes) -> None:
    fields = Fields(string(data) + string(b""))
    assert (fields.string(), fields.string()) == (data, b"")
    fields.end()


@given(st.integers(min_value=1, max_value=1 << 600))
def test_a_number_has_one_form(value: int) -> None:
    written = mpint(value)
    assert Fields(written).mpint() == value
    with pytest.raises(Truncated):
        Fields(string(b"\0" + written[4:])).mpint()
    with pytest.raises(Truncated):
        Fields(written[:-1]).mpint()


@given(st.binary(max_size=120))
def test_no_bytes_make_the_reader_fail_otherwise_than_it_says(blob: bytes) -> None:
    for kind in ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com"):
        with pytest.raises(BadKey):
            parse(f"{kind} {base64.b64encode(string(kind.encode()) + blob).decode()}")
