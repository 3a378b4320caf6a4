"""What a workflow does next."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_gate.flow.interpret import Act, Ask, Finished, Move, Stuck, next_move, structured
from mcp_gate.policy.workflow import Workflow
from support.directories import SEED, loaded

REFUND = (SEED / "customer-refund.yaml").read_text()


def workflow(text: str) -> Workflow:
    (found,) = loaded(**{"policies/w.yaml": text}).workflows.values()
    return found


def steps(text: str) -> Workflow:
    return workflow(f"name: w\nsteps:\n{text}")


def move(flow: Workflow, journal: dict[str, Any], given: dict[str, Any] | None = None) -> Move:
    return next_move(flow, given or {}, journal)


ACT = "{ type: action, topic: job.support.read"


def test_the_refund_of_the_mission_begins_with_its_first_step_and_its_own_arguments() -> None:
    found = move(workflow(REFUND), {}, {"order": "O-1"})
    assert isinstance(found, Act)
    assert (found.step.id, found.arguments, found.approved_by) == ("analyze", {"order": "O-1"}, None)


@pytest.mark.parametrize(
    ("result", "asked"),
    [
        ({"amount": 50, "prior_refunds": 0}, False),
        ({"amount": 99.99, "prior_refunds": 2}, False),
        ({"amount": 100, "prior_refunds": 0}, True),
        ({"amount": 50, "prior_refunds": 3}, True),
        ({"amount": 50}, True),
        ({"amount": "50", "prior_refunds": 0}, True),
        ({}, True),
        (None, True),
        ([], True),
    ],
)
def test_a_value_that_cannot_be_told_leads_to_people(result: Any, asked: bool) -> None:
    found = move(workflow(REFUND), {"analyze": result})
    assert isinstance(found, Ask if asked else Act)
    assert found.step.id == ("human-review" if asked else "process")


def test_an_approval_leads_to_the_target_that_is_none_and_says_so_beforehand() -> None:
    flow = workflow(REFUND)
    asked = move(flow, {"analyze": {"amount": 500, "prior_refunds": 0}}, {"order": "O-1"})
    assert isinstance(asked, Ask)
    assert asked.then is not None
    assert (asked.then.step.id, asked.then.arguments) == ("process", {"order": "O-1"})
    journal = {"analyze": {"amount": 500, "prior_refunds": 0}, "human-review": True}
    found = move(flow, journal)
    assert isinstance(found, Act)
    assert (found.step.id, found.approved_by) == ("process", "human-review")
    assert move(flow, {**journal, "process": {}}) == Finished("process")


def test_a_branch_that_was_not_chosen_never_runs() -> None:
    flow = workflow(REFUND)
    assert move(flow, {"analyze": {"amount": 5, "prior_refunds": 0}, "process": {}}) == Finished("process")


def test_arguments_are_paths_values_and_what_holds_them() -> None:
    flow = steps(
        f"  a: {ACT} }}\n"
        f"  b: {ACT}, depends_on: [a], with: {{ x: input.n, y: steps.a.result.k, z: [1, 2.5, true, 'input.n', null], "
        "w: { v: steps.a.result } } }\n"
    )
    found = move(flow, {"a": {"k": [1]}}, {"n": 7})
    assert isinstance(found, Act)
    assert found.arguments == {"x": 7, "y": [1], "z": [1, 2.5, True, "input.n", None], "w": {"v": {"k": [1]}}}
    assert move(flow, {"a": {"k": 1}}, {}) == Stuck("b", "there is no input.n")


def test_where_no_branch_holds_and_nobody_is_asked_it_ends() -> None:
    flow = steps(
        f"  a: {ACT} }}\n  c: {ACT} }}\n"
        "  b: { type: condition, depends_on: [a], branches: { x: { when: result.ok, next: c } } }\n"
    )
    assert move(flow, {"a": {"ok": False}}) == Stuck("b", "no branch holds, and none asks a person")
    assert move(flow, {"a": {}}) == Stuck("b", "no branch holds, and none asks a person")
    assert move(flow, {"a": {"ok": True}, "c": 1}) == Finished("c")


def test_what_only_waits_for_a_condition_waits_for_the_people_it_leads_to() -> None:
    flow = steps(
        f"  a: {ACT} }}\n  c: {ACT}, depends_on: [b] }}\n  p: {{ type: approval }}\n"
        "  b: { type: condition, depends_on: [a], branches: { x: { when: result.ok, next: p } } }\n"
    )
    asked = move(flow, {"a": {"ok": True}})
    assert isinstance(asked, Ask)
    assert asked.then is None
    after = move(flow, {"a": {"ok": True}, "p": True})
    assert isinstance(after, Act)
    assert (after.step.id, after.approved_by) == ("c", None)


def test_steps_that_do_not_hang_together_run_in_the_order_written() -> None:
    flow = steps(f"  a: {ACT} }}\n  b: {ACT}, next: d }}\n  c: {ACT}, depends_on: [a] }}\n  d: {ACT} }}\n")
    order = []
    journal: dict[str, Any] = {}
    while isinstance(found := move(flow, journal), Act):
        order.append(found.step.id)
        journal[found.step.id] = None
    assert order == ["a", "b", "d", "c"]


def test_a_step_that_was_led_to_and_waits_for_what_does_not_run_ends_it() -> None:
    flow = steps(
        f"  a: {ACT}, next: d }}\n  d: {ACT}, depends_on: [c] }}\n"
        "  b: { type: condition, depends_on: [a], branches: { x: { when: result.ok, next: c } } }\n"
        f"  c: {ACT} }}\n"
    )
    assert move(flow, {"a": {}}) == Stuck("d", "it waits for 'c', which does not run")


def test_a_result_is_read_where_it_is_structured() -> None:
    assert structured({"structuredContent": {"a": 1}, "content": []}) == {"a": 1}
    assert structured({"content": [{"type": "image"}, {"type": "text", "text": '{"a": 1}'}]}) == {"a": 1}
    assert structured({"content": [{"type": "text", "text": "done"}]}) is None
    assert structured({}) is None


def test_the_tool_of_an_action_is_the_one_mapped_to_its_topic_or_the_one_it_names() -> None:
    flow = steps(
        "  a: { type: action, topic: job.admin.admin_wipe, constraints: { max_amount_usd: 5 }, timeout_sec: 9 }\n"
        "  b: { type: action, tool: shop.other.tool }\n"
    )
    assert [step.tool for step in flow.actions()] == [("shop", "admin_wipe"), ("shop", "other.tool")]
    assert [step.constraints.as_json() for step in flow.actions()] == [{"max_runtime_sec": 9, "max_amount_usd": 5}, {}]


def test_an_approval_that_an_action_waits_for_leads_to_it() -> None:
    flow = steps(f"  p: {{ type: approval }}\n  a: {ACT}, depends_on: [p, b] }}\n  b: {ACT} }}\n")
    asked = move(flow, {})
    assert isinstance(asked, Ask)
    before = move(flow, {"p": True})
    assert isinstance(before, Act)
    assert before.step.id == "b"
    after = move(flow, {"p": True, "b": None})
    assert isinstance(after, Act)
    assert (after.step.id, after.approved_by) == ("a", "p")
