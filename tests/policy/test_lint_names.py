"""Warnings of names in rules that no call can bear."""

from __future__ import annotations

import pytest

from mcp_gate.policy.load import load
from support.directories import files, rule, rules


def warnings(match: str, settings: str = "") -> list[str]:
    found = files(rules(rule("r", match, "deny")))
    if settings:
        found["gate.yaml"] = f"version: v1\n{settings}".encode()
    return [str(one) for one in load(found).warnings if "'r'" in one.message]


@pytest.mark.parametrize(
    ("match", "own"),
    [("tools: [shop_refund_order]", "refund_order"), ("tools: ['shop_refund_*']", "refund_*")],
)
def test_a_tool_by_the_name_that_clients_see_is_told_by_its_own(match: str, own: str) -> None:
    (told,) = warnings(match)
    assert told.startswith("policies/a.yaml:")
    assert f"as clients see it, and matches none; write the upstream's own name: '{own}'" in told


@pytest.mark.parametrize("match", ["tools: [refund_order]", "tools: ['*_order']", "tools: [shop_elsewhere]"])
def test_names_that_can_be_meant_are_not_warned_of(match: str) -> None:
    assert warnings(match) == []


def test_upstreams_and_agents_that_there_are_not_are_told() -> None:
    (told,) = warnings("upstreams: [shop, stores]")
    assert "is about the upstream 'stores', which does not exist; there are shop" in told
    assert warnings("upstreams: ['sh*']") == []
    assert warnings("agents: ['claude*']") == []
    assert warnings("agents: ['claude*']", "agents: { claude-code: {} }\n") == []
    (told,) = warnings("agents: ['codex']", "agents: { claude-code: {} }\n")
    assert "the agent 'codex', which gate.yaml does not list" in told
