"""The search that needs no solver: quick, bounded, and right in what it says."""

from __future__ import annotations

import time

from hypothesis import given, settings

from mcp_gate.policy.clauses import compile_rule
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.proof.prove import prove
from mcp_gate.policy.proof.search import disproved, stricter_above
from mcp_gate.policy.rules import Rule
from support.directories import SEED, loaded, rule, rules
from support.worlds import CLAIMS, about, at, policies

DELETES = "never:\n  - { id: deletes, match: { risk_tags: [delete] }, weaker_than: require_approval }\n"
AUTONOMY = (SEED / "autonomy.yaml").read_text().replace("version: v1\n", "")


@settings(max_examples=40, deadline=None)
@given(policies(), CLAIMS)
def test_a_claim_that_is_said_not_to_hold_does_not(policy: Policy, claim: Rule) -> None:
    for found, example in disproved(policy, [claim]):
        assert found is claim
        assert about(compile_rule("never", claim), example.facts)
        assert policy.decide(example.facts) == example.verdict
        assert example.verdict.decision < claim.decision


@settings(max_examples=20, deadline=None)
@given(policies())
def test_a_level_that_is_said_to_be_stricter_is(policy: Policy) -> None:
    for step in stricter_above(policy):
        assert step.lower is not None
        assert step.higher is not None
        assert step.higher.facts == at(step.level + 1, step.lower.facts)
        assert policy.decide(step.higher.facts).decision > policy.decide(step.lower.facts).decision


def test_it_finds_what_is_plain_to_see() -> None:
    gate = loaded(AUTONOMY, DELETES)
    ((claim, example),) = disproved(gate.policy, gate.claims)
    assert (claim.id, example.facts.description.topic, example.facts.signals.level) == ("deletes", "job.x.list", 1)
    assert [step.level for step in stricter_above(gate.policy)] == [1]


def test_it_says_nothing_where_nothing_is_found() -> None:
    claim = "never:\n  - { id: c, match: { amount_usd_above: 5 }, weaker_than: require_approval }\n"
    gate = loaded(rules(rule("r", 'when: "args.n = 7"', "allow")), claim)
    assert list(disproved(gate.policy, gate.claims)) == []
    (proof,) = prove(gate.policy, gate.claims).claims
    assert proof.example is not None


def test_it_is_bounded_whatever_the_globs_and_the_number_of_rules() -> None:
    many = [rule(f"r{i}", f'topics: ["*{i:03}*", "a{i}.*"], risk_tags: [t{i}]', "deny") for i in range(600)]
    claims = "never:\n" + "".join(
        f"  - {{ id: c{i}, match: {{ risk_tags: [t{i}, u] }}, weaker_than: require_approval }}\n" for i in range(3)
    )
    gate = loaded(rules(*many), claims)
    start = time.process_time()
    assert list(disproved(gate.policy, gate.claims)) == []
    assert time.process_time() - start < 10
