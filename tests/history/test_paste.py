"""Suggested rules as text: what is printed is what is judged, and matches nothing but its calls."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.history.box import Bounds, Box
from mcp_gate.history.cases import Thing
from mcp_gate.history.paste import free_id, parsed, text_of, with_rule, writable
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Decision
from support.directories import ALLOW_ALL, decide, facts, loaded, rule, rules

REFUND = Thing("shop", "refund_order", "job.support.process-refund", frozenset({"write", "financial"}))
NUMBERS = st.decimals(-(10**14), 10**14, allow_nan=False, places=4)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def box(bounds: Bounds | None = None, *agents: str) -> Box:
    return Box(agents or ("bot",), bounds or {}, (), 0)


def amounts(low: str, high: str) -> Bounds:
    return {"amount_usd": (Decimal(low), Decimal(high))}


@settings(deadline=None)
@given(TEXT, TEXT, TEXT, NUMBERS, NUMBERS)
def test_whatever_the_names_the_rule_says_them_exactly_or_is_not_written(
    tool: str, agent: str, topic: str, a: Decimal, b: Decimal
) -> None:
    thing = Thing("shop", tool, topic, frozenset({"write"}))
    found = parsed(text_of("x", thing, box(amounts(str(min(a, b)), str(max(a, b))), agent), ["prod"], Decision.ALLOW))
    if found is None:
        return
    assert (found.match.tools, found.match.agents, found.match.topics) == ((tool,), (agent,), (topic,))
    assert (found.match.risk_tags_all, found.match.risk_tags_none) == ({"write"}, {"prod"})
    assert found.match.when is not None


@pytest.mark.parametrize("tool", ["refund_order", "Über-Tool", 'with "quotes" and \\', "a: b # c"])
def test_names_that_yaml_would_trip_over_are_quoted(tool: str) -> None:
    found = parsed(text_of("x", Thing("shop", tool, "job.a", frozenset()), box(), [], Decision.DENY))
    assert found is not None
    assert found.match.tools == (tool,)


def test_a_rule_that_the_reader_refuses_is_none() -> None:
    assert parsed(text_of("x", REFUND, box(amounts("0", "1e5000")), [], Decision.ALLOW)) is None
    assert parsed(text_of("x", Thing("shop", "a\u202eb", "job.a", frozenset()), box(), [], Decision.DENY)) is None
    assert parsed("  - { id: [") is None


def test_names_with_stars_are_not_writable() -> None:
    assert writable(REFUND, box())
    assert not writable(REFUND, box(None, "bot*"))
    assert not writable(Thing("shop", "a?", "job.a", frozenset()), box())


def test_a_rule_before_another_takes_its_calls_and_no_others() -> None:
    gate = loaded(rules(rule("held", 'topics: ["job.support.*"]', "require_approval")), ALLOW_ALL)
    found = parsed(text_of("mild", REFUND, box(amounts("5", "10.5")), ["prod"], Decision.ALLOW))
    assert found is not None
    held = gate.policy.layers[0][1][0].rule
    policy = with_rule(gate.policy, found, held)

    def said(amount: object, env: str = "dev", **more: str) -> tuple[str, ...]:
        return policy.decide(facts(gate, "refund_order", {"amount": amount, "env": env, "to": "a"}, **more)).rule_ids

    assert said(5) == said(10.5) == ("mild", "all")
    assert said(4.99) == said(10.51) == said("7") == said(7, agent="other") == said(7, "prod") == ("held", "all")
    assert decide(gate, "refund_order", {"amount": 7, "env": "dev"}).rule_id == "held"


def test_a_rule_in_a_document_of_its_own_never_loosens_another_document() -> None:
    gate = loaded(rules(rule("held", 'topics: ["job.support.*"]', "require_approval")))
    found = parsed(text_of("mild", REFUND, box(), [], Decision.ALLOW))
    assert found is not None
    call = facts(gate, "refund_order", {"amount": 7, "env": "dev", "to": "a"})
    assert with_rule(gate.policy, found, None).decide(call).rule_ids == ("held", "mild")


def test_constraints_are_written_as_they_are() -> None:
    bound = Constraints(max_runtime_sec=30, max_amount_usd=Decimal("99.5"), network_allowlist=("a.example",))
    found = parsed(text_of("x", REFUND, box(), [], Decision.ALLOW_WITH_CONSTRAINTS, bound))
    assert found is not None
    assert found.constraints == bound


def test_ids_are_free_and_taken_once() -> None:
    taken = {"people-approved-a"}
    assert [free_id("people-approved-a", taken) for _ in range(2)] == ["people-approved-a-2", "people-approved-a-3"]
    assert free_id("people-approved-shop/x y", taken) == "people-approved-shop-x-y"
