"""What is seen to decide does, and no call is made up that there cannot be."""

from __future__ import annotations

from hypothesis import given, settings

from mcp_gate.policy.engine import Policy
from mcp_gate.policy.proof.likely import seen_deciding
from mcp_gate.policy.proof.questions import Questions
from mcp_gate.policy.proof.solver import Answer
from mcp_gate.policy.proof.space import Space
from mcp_gate.policy.proof.verdicts import PolicyProof
from support.directories import loaded, rule, rules
from support.worlds import policies


@settings(max_examples=40, deadline=None)
@given(policies())
def test_a_rule_that_is_seen_to_decide_is_one_that_the_solver_finds_a_call_for(policy: Policy) -> None:
    space = Space()
    proof = PolicyProof(space, policy)
    space.close()
    ask = Questions(space, None)
    for (_, compiled), layer in zip(policy.layers, proof.documents, strict=True):
        for number, decides in enumerate(layer.decides()):
            if seen_deciding(compiled, number):
                assert ask.possible([decides]) is Answer.POSSIBLE


def test_mostly_a_call_is_found_at_once() -> None:
    text = rules(
        rule("a", 'topics: ["job.*.read"], tools: ["t?"], agents: ["x*"]', "allow"),
        rule("b", "risk_tags: [prod], risk_tags_all: [write]", "deny"),
        rule("c", "amount_usd_above: 5, retry_count_above: 3, confidence_below: 0.5", "require_approval"),
        rule("d", 'topics: ["*"]', "allow"),
        rule("hidden", "risk_tags: [read]", "deny"),
        rule("void", 'topics: ["a..b"]', "deny"),
    )
    ((_, compiled),) = loaded(text).policy.layers
    assert [seen_deciding(compiled, number) for number in range(6)] == [True, True, True, True, False, False]
