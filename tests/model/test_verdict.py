"""How a verdict names the rules that decided."""

from __future__ import annotations

from mcp_gate.model.verdict import rules_told


def test_a_rule_is_told_with_its_place_and_one_that_is_built_in_without() -> None:
    layers = [{"document": "policies/a.yaml", "matched": "big", "where": "policies/a.yaml:3"}]
    assert rules_told({"rule_ids": ["big", "unmapped"], "layers": layers}) == ["big (policies/a.yaml:3)", "unmapped"]


def test_a_verdict_from_before_places_were_kept_is_told_without_them() -> None:
    assert rules_told({"rule_ids": ["big"]}) == ["big"]
