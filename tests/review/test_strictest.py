"""The verdict on a changed call is the strictest of what it was held with and what the policy says now."""

from __future__ import annotations

from decimal import Decimal

from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Assurance, Decision, OnTimeout, Tier
from mcp_gate.model.verdict import LayerWord, Verdict
from mcp_gate.review.strictest import strictest
from support.held import SNAPSHOT, a_call, a_request

MILD = Verdict(
    Decision.ALLOW, ("small",), "Small ones pass", SNAPSHOT, tier=Tier.LOW, on_timeout=OnTimeout.APPROVE,
    constraints=Constraints(max_runtime_sec=5), layers=(LayerWord("a", "small", "a.yaml:3"),), group="everybody",
)  # fmt: skip
STRICT = Verdict(
    Decision.REQUIRE_APPROVAL, ("large", "refunds"), "Large ones need two", SNAPSHOT, tier=Tier.HIGH, approvals=2,
    min_assurance=Assurance.SIGNED, constraints=Constraints(max_amount_usd=Decimal(100)), timeout_sec=60,
)  # fmt: skip


def test_a_milder_policy_does_not_undo_that_a_person_was_asked() -> None:
    held = a_request(tier=Tier.MEDIUM)
    held.verdict["constraints"] = {"max_runtime_sec": 30}
    edit = strictest(held, a_call(arguments={"amount": 1}), MILD, ("/amount",))
    assert (edit.tier, edit.needed, edit.on_timeout) == (Tier.MEDIUM, 1, OnTimeout.DENY)
    assert edit.verdict["decision"] == "require_approval"
    assert edit.verdict["rule_ids"] == ["refunds", "small"]
    assert edit.verdict["constraints"] == {"max_runtime_sec": 5}
    assert edit.verdict["layers"] == [{"document": "a", "matched": "small", "where": "a.yaml:3"}]
    assert edit.group == "everybody"


def test_a_stricter_policy_counts_and_the_time_goes_on() -> None:
    held = a_request(tier=Tier.LOW)
    edit = strictest(held, a_call(arguments={"amount": 9}), STRICT, ("/amount",))
    assert (edit.tier, edit.needed, edit.min_assurance) == (Tier.HIGH, 2, Assurance.SIGNED)
    assert edit.verdict["rule_ids"] == ["large", "refunds"]
    assert edit.verdict["reason"] == "Large ones need two"
    assert (edit.verdict["timeout_sec"], edit.verdict["route"]) == (900, "finance-approvers")
    assert edit.of == held.call.job_hash
