"""Constraints that bind before a call is sent: the amount, and the hosts that arguments name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang import strictjson
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.decision import Decision
from mcp_gate.signals.bounds import broken
from mcp_gate.signals.hosts import hosts
from support.directories import facts, loaded, rule, rules

GATE = loaded()
LIMIT = Constraints(max_amount_usd=Decimal("100.5"))
CAP = "constraints: { max_amount_usd: 100 }"
LISTED = Constraints(network_allowlist=("api.github.com", "api.slack.com"))


@pytest.mark.parametrize(
    ("amount", "kept"), [(100, True), (100.5, True), (100.51, False), ("5", False), (None, False), (-1, False)]
)
def test_an_amount_that_cannot_be_told_is_over_every_limit(amount: object, kept: bool) -> None:
    assert (broken(LIMIT, facts(GATE, arguments={"amount": amount})) == "") is kept


BELOW = loaded(
    rules(
        rule("over", "amount_usd_above: 100", "require_approval"),
        rule("small", 'tools: ["refund_order"], when: "attributes.amount_usd <= 100"', "allow", CAP),
    )
)
"""Up to and including 100 passes."""


@pytest.mark.parametrize("amount", [100, 99.99, 0])
def test_S047_exactly_the_threshold_is_not_above_it(amount: float) -> None:
    call = facts(BELOW, arguments={"amount": amount})
    verdict = BELOW.policy.decide(call)
    assert (verdict.rule_ids, broken(verdict.constraints, call)) == (("small",), "")


@pytest.mark.parametrize("text", ["100", "100.0", "1e2", "1E+2", "100.000000", "0.1e3"])
def test_S047_the_limit_itself_keeps_within_the_limit_however_the_client_writes_it(text: str) -> None:
    call = facts(BELOW, arguments=strictjson.parse(f'{{"amount": {text}}}'.encode()))
    assert BELOW.policy.decide(call).rule_ids == ("small",)
    assert broken(Constraints(max_amount_usd=Decimal(100)), call) == ""
    over = facts(BELOW, arguments={"amount": 100.00000000000001})
    assert broken(Constraints(max_amount_usd=Decimal(100)), over) == "the amount is over the limit"
    assert BELOW.policy.decide(over).decision is Decision.REQUIRE_APPROVAL


@pytest.mark.parametrize("amount", ["5000", "50", " 5e3 ", "1_000", "nan", "", True, None, [50], {"$lt": 100}])
def test_S044_an_amount_that_is_no_number_is_held_by_every_rule_and_over_every_limit(amount: object) -> None:
    call = facts(BELOW, arguments={"amount": amount})
    verdict = BELOW.policy.decide(call)
    assert (verdict.decision, verdict.rule_ids) == (Decision.REQUIRE_APPROVAL, ("over",))
    assert broken(LIMIT, call) == "the amount cannot be told, and it is limited"
    assert broken(LIMIT, facts(BELOW, arguments={})) == "the amount cannot be told, and it is limited"


@pytest.mark.parametrize("amount", [-1, -0.01, -(10**20)])
def test_S046_an_amount_below_zero_is_held_and_over_every_limit(amount: float) -> None:
    call = facts(BELOW, arguments={"amount": amount})
    verdict = BELOW.policy.decide(call)
    assert (verdict.decision, verdict.rule_ids) == (Decision.REQUIRE_APPROVAL, ("over",))
    assert broken(LIMIT, call) == "the amount cannot be told, and it is limited"


@pytest.mark.parametrize("when", ["attributes.amount_usd < 100", "NOT (attributes.amount_usd >= 100)"])
def test_S046_no_condition_lets_an_amount_below_zero_pass_unless_it_asks_the_argument_itself(when: str) -> None:
    gate = loaded(rules(rule("small", f'tools: ["refund_order"], when: "{when}"', "allow")))
    assert gate.policy.decide(facts(gate, arguments={"amount": 5})).decision is Decision.ALLOW
    assert gate.policy.decide(facts(gate, arguments={"amount": -5})).decision is Decision.REQUIRE_APPROVAL
    signed = loaded(rules(rule("credit", 'tools: ["refund_order"], when: "args.amount BETWEEN -10 AND 10"', "allow")))
    assert signed.policy.decide(facts(signed, arguments={"amount": -5})).decision is Decision.ALLOW


def test_S046_another_currency_and_cents_are_held_unless_a_rule_pins_the_unit() -> None:
    """What unit an argument has is the admin's to say: a tool that takes another is held by a rule on that argument."""
    gate = loaded(
        rules(
            rule("unit", 'tools: ["refund_order"], when: "NOT (args.currency = \'USD\')"', "require_approval"),
            rule("small", 'tools: ["refund_order"], when: "attributes.amount_usd <= 100"', "allow"),
        )
    )
    for currency, decision in [
        ("USD", Decision.ALLOW), ("EUR", Decision.REQUIRE_APPROVAL), ("usd", Decision.REQUIRE_APPROVAL),
        (None, Decision.REQUIRE_APPROVAL), ("missing", Decision.REQUIRE_APPROVAL),
    ]:  # fmt: skip
        arguments = {"amount": 50, "currency": currency} if currency != "missing" else {"amount": 50}
        assert gate.policy.decide(facts(gate, arguments=arguments)).decision is decision, currency


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
    assert "evil.com" in "".join(named.text for named in hosts({"a": f"{text} https://evil.com/x"}))
