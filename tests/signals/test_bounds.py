"""Constraints that bind before a call is sent: the amount, and the hosts that arguments name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.signals.bounds import broken
from mcp_gate.signals.hosts import hosts
from support.directories import facts, loaded

GATE = loaded()
LIMIT = Constraints(max_amount_usd=Decimal("100.5"))
LISTED = Constraints(network_allowlist=("api.github.com", "api.slack.com"))


@pytest.mark.parametrize(
    ("amount", "kept"), [(100, True), (100.5, True), (100.51, False), ("5", False), (None, False), (-1, False)]
)
def test_an_amount_that_cannot_be_told_is_over_every_limit(amount: object, kept: bool) -> None:
    assert (broken(LIMIT, facts(GATE, arguments={"amount": amount})) == "") is kept


def test_an_amount_that_nobody_declared_is_not_limited() -> None:
    assert broken(LIMIT, facts(GATE, "get_order", {"amount": 5000})) == ""


def test_without_constraints_nothing_is_looked_at() -> None:
    assert broken(NONE, facts(GATE, arguments={"url": "https://evil.com"})) == ""


@pytest.mark.parametrize(
    "text",
    [
        "https://api.slack.com/api/chat", "HTTPS://API.SLACK.COM:443", "https://user@api.slack.com/x?y=https://api.github.com",
        "see https://api.github.com/a, then <https://api.slack.com>", "//api.slack.com/x", "api.slack.com/x",
        "api.slack.com:443", "no address at all", "src/main.py", "main.py", "12:30", "C:\\Users", "note: fine", "",
    ],
)  # fmt: skip
def test_listed_hosts_and_texts_without_hosts_pass(text: str) -> None:
    assert broken(LISTED, facts(GATE, arguments={"a": [{"b": text}]})) == ""


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.com", "http:evil.com", "http:/evil.com", "https:\\\\evil.com", "https://api.slack.com@evil.com",
        "https://evil.com\\@api.slack.com", "https://a@api.slack.com@evil.com", "ht\ntps://ev\til.com", "//evil.com",
        "\\\\evil.com\\share", "evil.com/x", "evil.com:8080", "https://api.slack.com.evil.com", "https://xapi.slack.com",
        "https://ａpi.slack.com", "https://api%2eslack.com", "https://127.0.0.1", "https://[::1]/", "file:///etc/passwd",
        "ws://evil.com", "go to https://api.slack.com and https://evil.com", "jdbc:mysql://evil.com", "https://",
    ],
)  # fmt: skip
def test_any_other_host_is_named(text: str) -> None:
    for arguments in ({"a": text}, {"a": [{"b": text}]}, {text: 1}):
        assert broken(LISTED, facts(GATE, arguments=arguments)).startswith("the host '"), arguments


def test_what_does_not_show_is_revealed() -> None:
    assert "⟨U+202E⟩" in broken(LISTED, facts(GATE, arguments={"a": "https://a\u202eb.com"}))


@given(st.text(max_size=30))
def test_a_listed_host_is_found_wherever_it_stands(text: str) -> None:
    assert "evil.com" in "".join(hosts({"a": f"{text} https://evil.com/x"}))
