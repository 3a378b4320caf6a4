"""Topic, tags and attributes are the admin's; arguments can only make a call look riskier."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.model.call import UNKNOWN, Description
from mcp_gate.policy.load import Loaded
from mcp_gate.signals.describe import describe
from support.directories import loaded

GATE = loaded()


def told(arguments: dict[str, Any], tool: str = "refund_order", method: str = "tools/call") -> Description:
    return describe(GATE, "shop", tool, method, arguments)


def with_tag_when(condition: str) -> Loaded:
    return loaded(
        upstreams="version: v1\nupstreams:\n  shop:\n    command: x\n    tools:\n      t:\n        topic: job.t\n"
        f'        tag_when: [ {{ when: "{condition}", add: [prod] }} ]\n'
    )


def test_an_exact_name_comes_before_globs_and_globs_in_order() -> None:
    gate = loaded(
        upstreams='version: v1\nupstreams:\n  u: { command: x, tools: { "*": { topic: a }, "ab*": { topic: b }, '
        "abc: { topic: c } } }\n"
    )
    assert describe(gate, "u", "abc", "tools/call", {}).topic == "c"
    assert describe(gate, "u", "abd", "tools/call", {}).topic == "a"


def test_a_tool_without_a_mapping_is_unmapped() -> None:
    assert told({}, "new.tool") == Description("unmapped.shop.new-tool", frozenset({"unmapped"}), {}, unmapped=True)


def test_dots_of_a_tool_name_do_not_make_another_topic() -> None:
    assert told({}, "admin_users.delete.read").topic == "job.admin.admin_users-delete-read"


@pytest.mark.parametrize(
    ("method", "tool", "arguments", "topic"),
    [
        ("resources/read", "file:///a.txt", {}, "job.support.read"),
        ("resources/subscribe", "file:///a.txt", {}, "job.support.read"),
        ("prompts/get", "refund_order", {}, "job.prompts.read"),
        ("completion/complete", "p", {"ref": {"type": "ref/prompt", "name": "p"}}, "job.prompts.read"),
        ("completion/complete", "u", {"ref": {"type": "ref/resource", "uri": "u"}}, "job.support.read"),
        ("completion/complete", "u", {"ref": 5}, "job.support.read"),
        ("tools/delete", "get_order", {}, "unmapped.shop.get_order"),
    ],
)
def test_each_family_of_methods_has_its_own_mapping(
    method: str, tool: str, arguments: dict[str, Any], topic: str
) -> None:
    assert told(arguments, tool, method).topic == topic


@pytest.mark.parametrize(
    ("amount", "attribute"),
    [
        (100, 100),
        (0.1, Decimal("0.1")),
        (10**400, 10**400),
        (-5, UNKNOWN),
        (-0.01, UNKNOWN),
        (-0.0, 0),
        ("100", UNKNOWN),
        (True, UNKNOWN),
        (None, UNKNOWN),
        ([1], UNKNOWN),
        ({"a": 1}, UNKNOWN),
        (float("nan"), UNKNOWN),
        (float("inf"), UNKNOWN),
    ],
)
def test_an_amount_is_a_plain_finite_number_from_zero_up_or_unknown(amount: object, attribute: object) -> None:
    assert told({"amount": amount}).attributes["amount_usd"] == attribute


@pytest.mark.parametrize("other", ["Amount", "AMOUNT", "ａmount"])
def test_an_amount_beside_another_one_by_nearly_the_same_name_is_unknown(other: str) -> None:
    """Go, and others, read names without regard to case, and take the last."""
    assert told({"amount": 5, other: 5000}).attributes["amount_usd"] is UNKNOWN
    assert told({other: 5000, "amount": 5}).attributes["amount_usd"] is UNKNOWN
    assert told({"amount": 5, "amounts": 5000}).attributes["amount_usd"] == 5


def test_a_declared_attribute_that_is_missing_is_unknown_and_others_are_absent() -> None:
    assert told({}).attributes == {"amount_usd": UNKNOWN, "affected_users": UNKNOWN}
    assert told({"amount": 5}, "get_order").attributes == {}


@pytest.mark.parametrize(
    ("to", "count"),
    [
        ([], 0),
        (["a", "b"], 2),
        ([{"name": "a"}, {"name": "b"}], 2),
        ("a", 1),
        ("a@x.com, b@x.com", UNKNOWN),
        ("a;b", UNKNOWN),
        (["a,b", "c"], UNKNOWN),
        ([["a", "b"]], UNKNOWN),
        ("a@x.com b@x.com", UNKNOWN),
        (["a|b"], UNKNOWN),
        (["a，b"], UNKNOWN),
        (["a\tb"], UNKNOWN),
        ([{"to": ["a", "b"]}], UNKNOWN),
        ([{"to": ["a"]}, "Ada Byron <ada@x.com>"], 2),
        (None, UNKNOWN),
        (5, UNKNOWN),
        ({"a": 1}, UNKNOWN),
    ],
)
def test_what_may_hold_several_in_one_cannot_be_counted(to: object, count: object) -> None:
    assert told({"to": to}).attributes["affected_users"] == count


S043 = ["PROD", " prod", "prod\t", "Prod", "pr\u200bod", "\uff50rod", ["prod"], {"$ne": "dev"}, None, 5, True]


@pytest.mark.parametrize("env", [*S043, "prod", "missing"])
def test_S043_no_other_spelling_is_less_strict_than_the_one_that_adds_the_tag(env: object) -> None:
    arguments = {} if env == "missing" else {"env": env}
    assert "prod" in told(arguments).risk_tags


@pytest.mark.parametrize("env", ["dev", "production-like", ""])
def test_S043_another_value_adds_no_tag(env: str) -> None:
    assert "prod" not in told({"env": env}).risk_tags


@pytest.mark.parametrize(
    "condition", ["args.env IN ('prod', 'live')", "args.env LIKE 'pro%'", "args.env CONTAINS 'prod'"]
)
@pytest.mark.parametrize("env", S043)
def test_S043_the_same_holds_for_other_comparisons(condition: str, env: object) -> None:
    assert "prod" in describe(with_tag_when(condition), "shop", "t", "tools/call", {"env": env}).risk_tags


@pytest.mark.parametrize("env", ["DEV", " dev", ["dev"], None, "prod"])
def test_S043_what_is_nearly_the_exception_is_no_exception(env: object) -> None:
    gate = with_tag_when("args.env <> 'dev'")
    assert "prod" in describe(gate, "shop", "t", "tools/call", {"env": env}).risk_tags
    assert "prod" not in describe(gate, "shop", "t", "tools/call", {"env": "dev"}).risk_tags


def test_tags_that_cannot_be_told_are_told_apart_from_those_that_are_there() -> None:
    gate = loaded(
        upstreams="version: v1\nupstreams:\n  u:\n    command: x\n    tools:\n      t:\n        topic: a\n"
        "        risk_tags: [read]\n"
        '        tag_when: [ { when: "args.a = 1", add: [a, both, read] }, { when: "args.b = 1", add: [b, both] } ]\n'
    )
    told = describe(gate, "u", "t", "tools/call", {"b": 1})
    assert (sorted(told.risk_tags), sorted(told.unsure)) == (["a", "b", "both", "read"], ["a"])


def test_conditions_may_look_at_attributes() -> None:
    gate = loaded(
        upstreams="version: v1\nupstreams:\n  u:\n    command: x\n    tools:\n      t:\n        topic: a\n"
        "        attributes: { amount_usd: args.n }\n"
        '        tag_when: [ { when: "attributes.amount_usd > 100", add: [large] } ]\n'
    )
    assert [sorted(describe(gate, "u", "t", "tools/call", {"n": n}).risk_tags) for n in (5, 500, "5")] == [
        [], ["large"], ["large"],
    ]  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["amount", "to", "env", "x"]), JSON))
def test_arguments_never_take_a_tag_away_and_never_break_it(arguments: dict[str, Any]) -> None:
    found = told(arguments)
    assert found.topic == "job.support.process-refund"
    assert {"write", "financial"} <= found.risk_tags <= {"write", "financial", "prod"}
