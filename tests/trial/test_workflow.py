"""A workflow explained before it runs: what each step's own call would be, and what only a step before it can tell."""

from __future__ import annotations

from typing import Any

from mcp_gate.model.call import Signals
from mcp_gate.policy.load import Loaded, load
from mcp_gate.trial.workflow import explained

UPSTREAMS = b"""version: v1
upstreams:
  shop:
    command: "true"
    tools:
      get_order: { topic: job.read, risk_tags: [read] }
      refund_order: { topic: job.refund, risk_tags: [write], attributes: { amount_usd: args.amount } }
"""
RULES = b"""version: v1
rules:
  - { id: big, match: { amount_usd_above: 100 }, decision: require_approval }
  - { id: all, match: { topics: ["*"] }, decision: allow }
"""
FLOW = b"""name: refund
steps:
  look: { type: action, topic: job.read, with: { order: input.order } }
  decide:
    type: condition
    depends_on: [look]
    branches: { small: { when: "result.amount < 100", next: pay }, large: { when: "result.amount >= 100", next: ask } }
  ask: { type: approval, reason: "Large", route: bosses }
  pay:
    type: action
    topic: job.refund
    with: { order: input.order, amount: steps.look.result.amount }
    constraints: { max_amount_usd: 500 }
"""


def world() -> Loaded:
    return load({"upstreams.yaml": UPSTREAMS, "policies/r.yaml": RULES, "policies/f.yaml": FLOW})


def steps(**given: Any) -> list[dict[str, Any]]:
    loaded = world()
    workflow = loaded.workflows["workflow_refund"]
    found = explained(loaded, workflow, given, "default", Signals())
    assert (found["topic"], found["rule_id"], found["decision"]) == ("workflow.refund", "workflow", "allow")
    return list(found["steps"])


def test_each_step_says_what_its_own_rules_say() -> None:
    look, decide, ask, pay = steps(order="O-1")
    assert (look["tool"], look["decision"], look["rule_ids"]) == ("shop_get_order", "allow", ["all"])
    assert [branch["next"] for branch in decide["branches"]] == ["pay", "ask"]
    assert (ask["reason"], ask["route"], ask["next"]) == ("Large", "bosses", "pay")
    assert pay["constraints"] == {"max_amount_usd": 500}


def test_what_only_a_step_before_it_can_tell_is_unknown_and_named() -> None:
    pay = steps(order="O-1")[3]
    assert pay["later"] == {"amount": "steps.look.result.amount"}
    assert "amount_usd" in pay["unknown"]
    assert (pay["decision"], pay["rule_id"]) == ("require_approval", "big")
    assert steps()[0]["later"] == {"order": "input.order"}
