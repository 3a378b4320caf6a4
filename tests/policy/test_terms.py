"""Risk tiers, what time does, and which group a request goes to."""

from __future__ import annotations

import pytest

from mcp_gate.model.decision import OnTimeout, Tier
from support.directories import decide, loaded, rule, rules

TIERS = """\
risk_tiers:
  high:   { risk_tags: [prod, financial], timeout_sec: 14400, on_timeout: deny }
  medium: { risk_tags: [write], timeout_sec: 1200, on_timeout: escalate, escalate_to: security }
  low:    { risk_tags: [read], timeout_sec: 600, on_timeout: approve }
"""


@pytest.mark.parametrize(
    ("tool", "tier", "seconds", "on_timeout"),
    [
        ("refund_order", Tier.HIGH, 14400, OnTimeout.DENY),
        ("get_order", Tier.LOW, 600, OnTimeout.APPROVE),
        ("delete_order", Tier.HIGH, 14400, OnTimeout.DENY),
        ("nobody_mapped_it", Tier.HIGH, 14400, OnTimeout.DENY),
    ],
)
def test_a_call_belongs_to_the_highest_tier_and_a_strange_tag_is_high(
    tool: str, tier: Tier, seconds: int, on_timeout: OnTimeout
) -> None:
    verdict = decide(loaded(TIERS), tool)
    assert (verdict.tier, verdict.timeout_sec, verdict.on_timeout) == (tier, seconds, on_timeout)


def test_without_tiers_a_request_has_900_seconds_and_is_then_denied() -> None:
    verdict = decide(loaded(""), "get_order")
    assert (verdict.timeout_sec, verdict.on_timeout, verdict.escalate_to) == (900, OnTimeout.DENY, "escalation")


def test_approve_at_the_timeout_is_for_tier_low_alone() -> None:
    gate = loaded(TIERS + rules(rule("a", 'topics: ["*"]', "require_approval", "on_timeout: approve")))
    assert decide(gate, "get_order").on_timeout is OnTimeout.APPROVE
    assert decide(gate, "refund_order").on_timeout is OnTimeout.DENY


def test_approve_outside_tier_low_counts_as_deny_when_it_joins_with_escalate() -> None:
    gate = loaded(
        TIERS + rules(rule("a", 'topics: ["*"]', "require_approval", "on_timeout: approve")),
        rules(rule("b", 'topics: ["*"]', "require_approval", "on_timeout: escalate")),
    )
    assert decide(gate, "refund_order").on_timeout is OnTimeout.DENY
    assert decide(gate, "get_order").on_timeout is OnTimeout.ESCALATE


def test_what_an_invariant_gates_is_never_approved_by_time() -> None:
    gate = loaded(TIERS + "invariants:\n  - { id: i, match: { risk_tags: [read] }, at_least: require_approval }\n")
    assert decide(gate, "get_order").on_timeout is OnTimeout.DENY


ROUTING = """\
routing: { financial_actions: finance, security_actions: guards, default: ops }
action_classes: { security_actions: { risk_tags: [delete] } }
"""


@pytest.mark.parametrize(
    ("tool", "group"), [("refund_order", "finance"), ("delete_order", "guards"), ("get_order", "ops")]
)
def test_a_request_goes_to_the_group_of_its_tags(tool: str, group: str) -> None:
    assert decide(loaded(ROUTING), tool).group == group


def test_an_action_class_widens_the_key_and_keeps_its_own_tag() -> None:
    assert loaded(ROUTING).policy.terms.group(frozenset({"security"})) == "guards"


def test_without_routing_the_group_is_default() -> None:
    assert decide(loaded("")).group == "default"
