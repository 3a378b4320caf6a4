"""Cases decided by the real evaluator, and the rules that no case reached."""

from __future__ import annotations

import pytest

from mcp_gate.model.config import ConfigError
from mcp_gate.trial.cases import read_cases
from mcp_gate.trial.judge import Report, judge
from support.directories import ALLOW_ALL, loaded, rule, rules

BIG = rules(rule("big", "amount_usd_above: 100", "require_approval", "route: finance"))
FLOOR = "invariants:\n  - { id: floor, match: { risk_tags: [delete] }, at_least: require_approval }\n"


def run(*cases: str) -> Report:
    text = "version: v1\ncases:\n" + "".join(f"  - {{ name: n, {case} }}\n" for case in cases)
    return judge(loaded(BIG, ALLOW_ALL, FLOOR), read_cases({"t.yaml": text.encode()}))


@pytest.mark.parametrize(
    ("amount", "expected", "wrong"),
    [
        ("101", "decision: require_approval, rule: big, tier: high, route: finance", ()),
        ("101", "decision: allow", ("decision",)),
        ("101", "rule: all", ("rule",)),
        ("101", "tier: low, route: ops", ("tier", "route")),
        ("100", "decision: allow, rule: all", ()),
    ],
)
def test_a_case_passes_where_all_that_is_expected_is_so(amount: str, expected: str, wrong: tuple[str, ...]) -> None:
    found = run(f"call: {{ tool: shop_refund_order, args: {{ amount: {amount} }} }}, expect: {{ {expected} }}")
    assert found.judged[0].wrong == wrong
    assert len(found.failed) == bool(wrong)


def test_rules_and_invariants_that_decided_no_case_are_told() -> None:
    found = run("call: { tool: shop_get_order }, expect: { decision: allow }")
    assert (found.decided, found.undecided) == (("all",), ("big", "floor"))


def test_what_the_gate_asks_for_is_no_argument() -> None:
    unsure = "call: { tool: shop_refund_order, args: { amount: 5, gate_confidence: 0.1 } }, expect: { rule: all }"
    assert not run(unsure).failed


def test_a_tool_that_no_upstream_can_have_is_an_error() -> None:
    with pytest.raises(
        ConfigError, match=r"^t\.yaml:3:5: 'other' is not a listed name; listed names start with shop_$"
    ):
        run("call: { tool: other }, expect: { decision: deny }")
