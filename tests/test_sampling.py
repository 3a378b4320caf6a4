from __future__ import annotations

import math
import os
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.gate import clock
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.read_sampling import Sampling
from mcp_gate.sampling import Why, drawn, group, probability, why
from support.directories import SEED, facts, files, loaded
from support.directories import load as load_files

KEY = bytes(range(32))
AUDIT = """\
audit:
  sampling:
    rate: 0.10
    strategy: stratified
    weights: { risk_tags: { prod: 3.0, write: 2.0, read: 0.5, secrets: 50 } }
    mandatory:
      - match: { amount_usd_above: 5000 }
      - match: { first_time_action: true }
      - match: { tools: [delete_*] }
  routing: { financial_actions: finance, default: ops }
"""
PLAIN_REFUND = {"amount": 5, "to": "x", "env": "test"}
PLAIN = "audit: { sampling: { rate: 0.10 } }\n"


def sampling(gate: Loaded) -> Sampling:
    assert gate.sampling is not None
    return gate.sampling


def tags(*names: str) -> frozenset[str]:
    return frozenset(names)


def selected(gate: Loaded, count: int, tool: str = "get_order", **more: Any) -> int:
    """How many of that many calls, each with an id as the gate makes them, are selected."""
    call = facts(gate, tool, **more)
    ids = {clock.call_id(1_800_000_000.0) for _ in range(count)}
    assert len(ids) == count
    return sum(why(sampling(gate), call, call_id, KEY) is Why.RATE for call_id in ids)


def within_bounds(found: int, count: int, p: float) -> bool:
    """Five standard deviations: one run in two million is outside though all is well."""
    return abs(found - count * p) <= 5 * math.sqrt(count * p * (1 - p))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("read",), "0.050"), (("write",), "0.200"), (("write", "prod"), "0.300"), (("read", "write"), "0.200"),
        (("other",), "0.10"), (("read", "other"), "0.10"), ((), "0.10"), (("secrets",), "1"),
    ],
)  # fmt: skip
def test_the_probability_is_the_rate_times_the_largest_weight_and_at_most_1(
    names: tuple[str, ...], expected: str
) -> None:
    assert probability(sampling(loaded(AUDIT)), tags(*names)) == Decimal(expected)


def test_a_uniform_strategy_ignores_weights() -> None:
    gate = loaded(AUDIT.replace("stratified", "uniform"))
    assert probability(sampling(gate), tags("prod", "secrets")) == Decimal("0.10")


def test_S062_of_ten_thousand_calls_as_many_are_selected_as_the_rate_says() -> None:
    assert within_bounds(selected(loaded(PLAIN), 10_000), 10_000, 0.10)


def test_S062_weights_move_the_rate_as_written() -> None:
    gate = loaded(AUDIT)
    assert within_bounds(selected(gate, 10_000, "get_order"), 10_000, 0.05)
    assert within_bounds(selected(gate, 10_000, "refund_order", arguments=PLAIN_REFUND), 10_000, 0.20)


@pytest.mark.parametrize(
    ("tool", "more"),
    [
        ("refund_order", {"arguments": {"amount": 5000.01, "to": "a"}}),
        ("refund_order", {"arguments": {"amount": "5", "to": "a"}}),
        ("refund_order", {"arguments": {"to": "a"}}),
        ("get_order", {"first": True}),
        ("delete_order", {}),
    ],
)
def test_S062_what_matches_a_mandatory_clause_or_cannot_be_told_is_always_selected(
    tool: str, more: dict[str, Any]
) -> None:
    gate = loaded(AUDIT.replace("rate: 0.10", "rate: 0"))
    assert {why(sampling(gate), facts(gate, tool, **more), f"c-{n}", KEY) for n in range(200)} == {Why.MANDATORY}


def test_an_attribute_that_a_tool_does_not_declare_makes_nothing_mandatory() -> None:
    gate = loaded(AUDIT.replace("rate: 0.10", "rate: 0"))
    assert why(sampling(gate), facts(gate, "get_order", {"amount": 9999}), "c-1", KEY) is None


def test_rates_of_0_and_1_leave_nothing_to_chance() -> None:
    never, always = (loaded(PLAIN.replace("0.10", rate)) for rate in ("0", "1"))
    assert selected(never, 2000) == 0
    assert selected(always, 2000) == 2000


@given(st.text(min_size=1))
def test_whoever_has_the_key_can_compute_a_draw_again(call_id: str) -> None:
    try:
        first = drawn(KEY, call_id)
    except UnicodeEncodeError:  # no id of the gate's
        return
    assert 0 <= first < 1
    assert drawn(KEY, call_id) == first
    assert drawn(KEY[::-1], call_id) != first


def test_S062_without_the_key_what_a_client_sees_does_not_tell_what_will_be_selected() -> None:
    """A guess by another key, or by the id itself, is right about as often as chance."""
    ids = [clock.call_id(1_800_000_000.0) for _ in range(10_000)]
    truth = {call_id for call_id in ids if drawn(KEY, call_id) < Decimal("0.5")}
    for guess in (os.urandom(32), b"", b"\0" * 32):
        agreed = sum((drawn(guess, call_id) < Decimal("0.5")) == (call_id in truth) for call_id in ids)
        assert within_bounds(agreed, 10_000, 0.5)
    low = sum((int(call_id[-1], 16) < 8) == (call_id in truth) for call_id in ids)
    assert within_bounds(low, 10_000, 0.5)


def test_a_sample_goes_where_the_audit_section_says_else_where_held_calls_go() -> None:
    gate = loaded(AUDIT + "action_classes: { financial_actions: { risk_tags: [invoice] } }\n")
    found = [group(sampling(gate), gate.policy.terms, tags(tag)) for tag in ("financial", "invoice", "read")]
    assert found == ["finance", "finance", "ops"]
    gate = loaded(PLAIN + "routing: { default: everyone }\n")
    assert group(sampling(gate), gate.policy.terms, tags("financial")) == "everyone"


def test_the_sampling_of_the_mission_is_what_its_author_says() -> None:
    gate = load_files(files() | {"policies/sampling.yaml": (SEED / "sampling.yaml").read_bytes()})
    chances = [probability(sampling(gate), tags(tag)) for tag in ("prod", "write", "read")]
    assert chances == [Decimal("0.300"), Decimal("0.200"), Decimal("0.050")]
    assert group(sampling(gate), gate.policy.terms, tags("security")) == "security-team"
