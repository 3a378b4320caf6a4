"""Every rule with its place, and why it does not decide."""

from __future__ import annotations

from mcp_gate.model.call import UNKNOWN
from mcp_gate.policy.explain import explain
from support.directories import facts, loaded, rule, rules

GATE = loaded(
    rules(
        rule("deploys", 'topics: ["job.deploy.*"]', "deny"),
        rule("big", "amount_usd_above: 100", "require_approval"),
        rule("rest", 'topics: ["*"]', "allow"),
        rule("late", 'topics: ["*"]', "deny"),
    ),
    rules(rule("gone", "risk_tags: [delete]", "deny")),
)


def test_the_members_of_the_contract_are_there() -> None:
    found = explain(GATE.policy, facts(GATE, arguments={"amount": 5, "to": "x"}, confidence=UNKNOWN))
    members = {
        "decision", "rule_id", "rule_ids", "reason", "constraints", "tier", "route", "approvals", "topic",
        "risk_tags", "attributes", "unknown", "policy_snapshot", "layers",
    }  # fmt: skip
    assert members <= set(found)
    assert found["decision"] == "allow"
    assert found["attributes"]["amount_usd"] == 5
    assert found["attributes"]["affected_users"] == 1
    assert found["unknown"] == ["confidence"]
    assert found["policy_snapshot"] == GATE.snapshot.id


def test_each_rule_has_its_place_and_the_first_clause_that_failed() -> None:
    found = explain(GATE.policy, facts(GATE, arguments={"amount": 5, "to": "x"}))
    first, second = found["layers"]
    assert first["document"] == "policies/a.yaml"
    assert first["matched"] == "rest"
    assert [r["where"] for r in first["rules"]] == [f"policies/a.yaml:{n}" for n in (3, 4, 5, 6)]
    assert [r.get("failed") for r in first["rules"]] == [
        "topics: [job.deploy.*] (job.support.process-refund)",
        "amount_usd_above: 100 (5)",
        None,
        "'rest' comes first in this document",
    ]
    assert "matched" not in second


def test_an_unknown_value_is_named() -> None:
    found = explain(GATE.policy, facts(GATE, arguments={"amount": "100"}))
    assert found["unknown"] == ["affected_users", "amount_usd"]
    assert found["rule_id"] == "big"


def test_a_rule_whose_tag_cannot_be_told_may_match_and_lets_nothing_pass() -> None:
    gate = loaded(rules(rule("prod", "risk_tags: [prod]", "allow")))
    told = explain(gate.policy, facts(gate, arguments={"amount": 5, "to": "x"}))
    (layer,) = told["layers"]
    assert layer["rules"][0]["maybe"] == "risk_tags: [prod] (financial, prod (unknown), write)"
    assert "failed" not in layer["rules"][0]
    assert "matched" not in layer
    assert (told["decision"], told["rule_ids"]) == ("require_approval", ["default", "prod"])


def test_invariants_are_a_layer_in_which_all_apply() -> None:
    gate = loaded(
        "invariants:\n  - { id: i, match: { risk_tags: [write] }, at_least: deny }\n"
        "  - { id: j, match: { risk_tags: [financial] }, at_least: deny }\n"
    )
    (layer,) = explain(gate.policy, facts(gate))["layers"]
    assert layer["document"] == "invariants"
    assert not any("failed" in one for one in layer["rules"])
