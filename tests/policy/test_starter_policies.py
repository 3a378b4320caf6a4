"""The sample gate directory at the root: its levels and its sampled audit."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_gate.model.decision import Decision
from mcp_gate.policy.load import Loaded, load
from mcp_gate.sampling import Why, why
from support.directories import decide, facts, sample

CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("shop", "get_order", {"order_id": "O-1"}),
    ("shop", "refund_order", {"order_id": "O-1", "amount": 5}),
    ("shop", "refund_order", {"order_id": "O-1", "amount": 5000}),
    ("shop", "send_mail", {"to": ["a@example.com"]}),
    ("shop", "delete_customer", {"customer_id": "C-1"}),
    ("deploy", "list_services", {}),
    ("deploy", "deploy", {"env": "prod"}),
    ("deploy", "destroy", {"service": "web"}),
]


@pytest.fixture(scope="module")
def starter() -> Loaded:
    return load(sample())


@pytest.mark.parametrize(("upstream", "tool", "arguments"), CALLS)
def test_a_higher_level_is_never_stricter_and_never_milder_than_the_documents_are_without_levels(
    starter: Loaded, upstream: str, tool: str, arguments: dict[str, Any]
) -> None:
    found = [decide(starter, tool, arguments, upstream=upstream, level=n).decision for n in range(4)]
    assert found == sorted(found, reverse=True)
    files = {name: body for name, body in starter.snapshot.files.items() if name != "policies/autonomy.yaml"}
    assert found[3] == decide(load(files), tool, arguments, upstream=upstream).decision


def test_a_new_agent_runs_nothing_by_itself(starter: Loaded) -> None:
    decisions = [decide(starter, tool, arguments, upstream=upstream).decision for upstream, tool, arguments in CALLS]
    assert set(decisions) == {Decision.REQUIRE_APPROVAL}


def test_large_refunds_and_first_actions_are_always_looked_at(starter: Loaded) -> None:
    assert starter.sampling is not None
    large = facts(starter, "refund_order", {"order_id": "O-1", "amount": 1000.01})
    small = facts(starter, "refund_order", {"order_id": "O-1", "amount": 5})
    first = facts(starter, "get_order", {}, first=True)
    for n in range(50):
        assert why(starter.sampling, large, f"c-{n}", b"k") is Why.MANDATORY
        assert why(starter.sampling, first, f"c-{n}", b"k") is Why.MANDATORY
        assert why(starter.sampling, small, f"c-{n}", b"k") is not Why.MANDATORY
