"""An example is something to paste: the tool, the line of upstreams.yaml, the command and the case are real."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import yaml

from mcp_gate.model.call import UNKNOWN, Description, Facts, Signals
from mcp_gate.policy.load import Loaded
from mcp_gate.trial.calls import facts_of
from mcp_gate.trial.cases import read_cases
from mcp_gate.trial.judge import judge
from mcp_gate.trial.shown import Shown, flow, shown
from support.directories import ALLOW_ALL, UPSTREAMS, loaded

DELETE = Facts("default", "upstream", "tool", Description("job.x.list", frozenset({"delete"})), {}, Signals())


def always(facts: Facts) -> bool:
    return True


def tagged(tag: str) -> Callable[[Facts], bool]:
    return lambda facts: tag in facts.description.risk_tags


def with_mapping(call: Shown) -> Loaded:
    """The directory once upstreams.yaml says what it is told to."""
    tree = yaml.safe_load(UPSTREAMS)
    block: Any = tree
    for key in call.where.split("."):
        block = block[key]
    block.update(yaml.safe_load(call.mapping))
    return loaded(ALLOW_ALL, upstreams=yaml.safe_dump(tree))


def test_a_tool_that_is_such_a_call_already_is_preferred() -> None:
    call = shown(loaded(ALLOW_ALL), DELETE, tagged("delete"))
    assert (call.listed, call.mapping) == ("shop_delete_order", "")
    assert call.facts.description.topic == "job.support.delete"
    assert call.command() == "mcp-gate policy explain shop_delete_order"


def test_arguments_give_a_tool_s_attributes_the_example_s_values() -> None:
    facts = replace(DELETE, description=Description("x", frozenset(), {"amount_usd": Decimal("250.5")}))

    def large(facts: Facts) -> bool:
        amount = facts.description.attributes.get("amount_usd")
        return isinstance(amount, Decimal) and amount > 200

    call = shown(loaded(ALLOW_ALL), facts, large)
    assert call.listed == "shop_refund_order"
    assert call.command() == "mcp-gate policy explain shop_refund_order --args '{\"amount\": 250.5}'"


EXAMPLES = [
    DELETE,
    replace(DELETE, agent="bot-7", arguments={"n": [1, "a: b"], "amount_usd": "no"}),
    replace(
        DELETE, description=Description("a.b", frozenset(), {"amount_usd": Decimal(5), "kind": "yes", "x": UNKNOWN})
    ),
    replace(DELETE, signals=Signals(Decimal("0.5"), 3, Decimal("0.9"), True, 2)),
    replace(DELETE, tool="#1"),
]


@pytest.mark.parametrize("facts", EXAMPLES)
@pytest.mark.parametrize("home", [True, False])
def test_what_upstreams_yaml_has_to_say_makes_the_tool_such_a_call(facts: Facts, home: bool) -> None:
    made = facts.description.topic

    def shows(other: Facts) -> bool:
        return other.description.topic == made and (home or other.upstream == "upstream")

    call = shown(loaded(ALLOW_ALL), facts, shows)
    assert call.where == ("upstreams.shop.tools" if home else "upstreams")
    found = facts_of(with_mapping(call), call.listed, call.facts.arguments, call.facts.agent, call.facts.signals)
    assert found.description == facts.description
    assert found == replace(call.facts, description=facts.description)
    assert facts.arguments.items() <= found.arguments.items()


@pytest.mark.parametrize("facts", EXAMPLES)
def test_the_case_is_one_that_policy_test_finds_as_expected(facts: Facts) -> None:
    call = shown(loaded(ALLOW_ALL), facts, lambda other: other.description.topic == facts.description.topic)
    gate = with_mapping(call)
    verdict = gate.policy.decide(call.facts)
    text = f"version: v1\ncases:\n  {call.case('an example', verdict)}\n"
    report = judge(gate, read_cases({"c.yaml": text.encode()}))
    assert [one.wrong for one in report.judged] == [()]
    (judged,) = report.judged
    assert (judged.case.arguments, judged.case.agent) == (call.facts.arguments, call.facts.agent)
    assert judged.case.signals == call.facts.signals


def test_what_other_calls_come_to_stands_in_the_command_and_makes_it_no_case() -> None:
    sums = "rules:\n  - { id: sum, match: { when: 'sum(attributes.amount_usd, 24h) > 500' }, decision: deny }\n"
    told = Description("x", frozenset(), {"amount_usd": Decimal(99)})
    text = "sum(attributes.amount_usd, 24h)"
    facts = replace(DELETE, description=told, signals=Signals(windows={text: Decimal(501)}))
    gate = loaded(sums, ALLOW_ALL)
    call = shown(gate, facts, lambda other: gate.policy.decide(other).rule_id == "sum")
    assert (call.listed, call.mapping) == ("shop_refund_order", "")
    assert call.command().endswith("--args '{\"amount\": 99}' --window 'sum(attributes.amount_usd, 24h)=501'")
    assert call.case("sum", gate.policy.decide(call.facts)) == ""
    by_itself = replace(facts, signals=Signals(windows={text: Decimal(99)}))
    assert shown(gate, by_itself, lambda other: "amount_usd" in other.description.attributes).windows == {}


def test_a_call_without_a_mapping_is_that_of_a_tool_that_nobody_mapped() -> None:
    told = Description("unmapped.upstream.tool", frozenset({"unmapped"}), {}, unmapped=True)
    call = shown(loaded(ALLOW_ALL), replace(DELETE, description=told), lambda facts: facts.description.unmapped)
    assert (call.listed, call.mapping) == ("shop_tool", "")
    assert call.facts.description.topic == "unmapped.shop.tool"
    only_there = shown(loaded(ALLOW_ALL), replace(DELETE, description=told), lambda f: f.upstream == "upstream")
    assert (only_there.listed, only_there.mapping) == ("upstream_tool", "upstream: { command: none }")


def test_the_command_is_quoted_for_a_shell() -> None:
    facts = replace(DELETE, agent="it's me", signals=Signals(confidence=Decimal("0.5"), first_time_action=True))
    words = shlex.split(Shown(facts, "shop_x; rm").command())
    assert words == [
        "mcp-gate",
        "policy",
        "explain",
        "shop_x; rm",
        "--agent",
        "it's me",
        "--confidence",
        "0.5",
        "--first-time",
    ]


@pytest.mark.parametrize(
    "value",
    [{}, [], {"a": 1}, ["yes", "a b", "1", "x", "~", "a: b", "#"], {"a b": {"c": [True, None, 1.5]}}, "no", "-", "é\n"],
)
def test_a_line_of_yaml_reads_back(value: Any) -> None:
    assert yaml.safe_load(flow(value)) == value


def test_everything_shows_an_example_of_which_nothing_is_asked() -> None:
    assert shown(loaded(ALLOW_ALL), DELETE, always).listed == "shop_get_order"
