"""Secrets that stand in a file where a variable should."""

from __future__ import annotations

import pytest

from mcp_gate.policy.load import load
from mcp_gate.policy.secrets import is_secret
from support.directories import files


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOP_TOKEN", "abc"), ("github-token", "abc"), ("Authorization", "Bearer abc"), ("X-Api-Key", "abc"),
        ("DB_PASSWORD", "hunter2"), ("AWS_SECRET_ACCESS_KEY", "abc"), ("client_secret", "abc"), ("--password", "abc"),
        ("", "--token=abc"), ("", "--api-key=abc"), ("Cookie", "sid=1"),
        ("MODEL", "sk-proj-0123456789abcdefgh"), ("X", "ghp_0123456789abcdefghijABCD"), ("X", "AKIAIOSFODNN7EXAMPLE"),
        ("DATABASE_URL", "postgresql://bot:hunter2@db/shop"), ("X", "xoxb-1234567890-abc"),
        ("X", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc"), ("X", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc"),
    ],
)  # fmt: skip
def test_S081_what_is_probably_a_secret(name: str, value: str) -> None:
    assert is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "/usr/bin"), ("MAX_TOKENS", "4096"), ("TOKEN_URL", "https://auth/token"), ("SHOP_TOKEN", ""),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/run/secrets/google.json"), ("--token", "--verbose"), ("", "--verbose"),
        ("", "shop_server"), ("MONKEY", "banana"), ("SSH_AUTH_SOCK", "/run/ssh"), ("HOMEPAGE", "https://me@host/x"),
        ("", "--token-file=./token"), ("SECRET", "../secret"),
    ],
)  # fmt: skip
def test_what_is_probably_none(name: str, value: str) -> None:
    assert not is_secret(name, value)


UPSTREAMS = """\
version: v1
upstreams:
  one:
    command: server
    args: [--token, "{token}", "--password={token}"]
    env: {{ SHOP_TOKEN: "{token}", MODE: fast }}
  two:
    url: https://host/mcp
    headers: {{ Authorization: "Bearer {token}" }}
"""


def warned(token: str) -> list[str]:
    hooks = f'webhooks: [{{ id: w, url: https://x, secret: "{token}" }}]'
    gate = load(files(upstreams=UPSTREAMS.format(token=token), gate=hooks))
    return [str(warning) for warning in gate.warnings if "looks like a secret" in warning.message]


def test_S081_a_literal_secret_is_warned_of_where_it_stands_and_never_shown() -> None:
    found = warned("Tr0ub4dor")
    assert [line.partition(": ")[0] for line in found] == [
        "gate.yaml:2:45", "upstreams.yaml:5:21", "upstreams.yaml:5:34", "upstreams.yaml:6:24", "upstreams.yaml:9:31",
    ]  # fmt: skip
    assert all("write ${env:NAME}, and set it where the gate is started" in line for line in found)
    assert not any("Tr0ub4dor" in line for line in found)


def test_a_variable_is_no_secret() -> None:
    assert warned("${env:SHOP_TOKEN}") == []
