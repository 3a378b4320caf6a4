"""What the prover says of whole policies, against looking at every call of a small world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings

from mcp_gate.model.decision import Decision
from mcp_gate.policy.clauses import Compiled, compile_rule
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.proof.findings import Claim, Report, Result
from mcp_gate.policy.proof.prove import prove
from mcp_gate.policy.rules import Layer, Rule
from mcp_gate.policy.terms import Terms
from support.directories import SEED, loaded, rule, rules
from support.worlds import CLAIMS, WORLD, about, at, policies


def agrees(policy: Policy, claim: Claim) -> None:
    """A claim that is proved holds for every call of the world; one that is not, fails for the call that is shown."""
    compiled = compile_rule("never", claim.rule)
    for level, result in claim.levels.items():
        assert result in (Result.PROVED, Result.DISPROVED), "everything in these policies is modelled"
        fails = any(policy.decide(at(level, f)).decision < claim.rule.decision for f in WORLD if about(compiled, f))
        assert not (fails and result is Result.PROVED)
    assert (claim.example is None) == (claim.result is Result.PROVED)
    assert not (claim.empty and any(about(compiled, facts) for facts in WORLD))
    if claim.example is not None:
        facts = claim.example.facts
        assert about(compiled, facts)
        assert policy.decide(facts) == claim.example.verdict
        assert claim.example.verdict.decision < claim.rule.decision
        assert claim.levels[facts.signals.level] is Result.DISPROVED


@settings(max_examples=30, deadline=None)
@given(policies(), CLAIMS)
def test_a_claim_is_proved_where_no_call_breaks_it_and_else_a_call_shows_it(policy: Policy, claim: Rule) -> None:
    report = prove(policy, [claim])
    (found,) = report.claims
    assert found.rule is claim
    agrees(policy, found)


@settings(max_examples=15, deadline=None)
@given(policies())
def test_of_each_invariant_it_is_said_whether_the_rules_alone_would_keep_it(policy: Policy) -> None:
    layers = [Layer(name, tuple(c.rule for c in compiled)) for name, compiled in policy.layers]
    levels = {n: Layer(name, tuple(c.rule for c in compiled)) for n, (name, compiled) in enumerate(policy.levels)}
    bare = Policy(layers, (), policy.terms, levels)
    report = prove(policy, [])
    assert [found.rule.id for found in report.invariants] == [compiled.rule.id for compiled in policy.invariants]
    for found in report.invariants:
        agrees(bare, found)


def deciding(rules_: Sequence[Compiled]) -> Iterator[str]:
    """The rules of a layer that decide some call of the world."""
    for facts in WORLD:
        yield from (next(({one.rule.id} for one in rules_ if about(one, facts)), set()))


@settings(max_examples=20, deadline=None)
@given(policies())
def test_a_rule_that_is_said_never_to_decide_decides_no_call(policy: Policy) -> None:
    report = prove(policy, [])
    assert report.undecided == ()
    for name, compiled in (*policy.layers, *policy.levels):
        idle = {one.rule.id for one in report.idle if one.layer == name}
        assert idle.isdisjoint(deciding(compiled))
        for one in report.idle:
            if one.layer == name:
                hiding = Policy([Layer("hiding", one.hidden_by)], (), Terms())
                for facts in WORLD:
                    if about(compile_rule("d", one.rule), facts):
                        assert hiding.decide(facts).rule_id != "default"


@settings(max_examples=15, deadline=None)
@given(policies())
def test_a_level_is_said_to_be_stricter_than_the_one_below_where_a_call_shows_it(policy: Policy) -> None:
    report = prove(policy, [])
    steps = {step.level: step for step in report.steps}
    for level in range(len(policy.levels) - 1):
        stricter = any(policy.decide(at(level + 1, f)).decision > policy.decide(at(level, f)).decision for f in WORLD)
        assert not (stricter and level not in steps)
        if level in steps:
            lower, higher = steps[level].lower, steps[level].higher
            assert steps[level].result is Result.DISPROVED
            assert lower is not None
            assert higher is not None
            assert at(level + 1, lower.facts) == higher.facts
            assert policy.decide(higher.facts).decision > policy.decide(lower.facts).decision


# ---- the mission's own words

ALLOWED = rule("rest", 'topics: ["*"]', "allow")
DELETES = "never:\n  - { id: deletes, match: { risk_tags: [delete] }, weaker_than: require_approval }\n"


def seed(name: str) -> str:
    return (SEED / name).read_text().replace("version: v1\n", "")


def proved(*documents: str) -> Report:
    gate = loaded(*documents)
    return prove(gate.policy, gate.claims)


def test_delete_is_not_gated_at_every_level_by_the_levels_alone() -> None:
    (claim,) = proved(seed("autonomy.yaml"), DELETES).claims
    assert claim.result is Result.DISPROVED
    assert {level for level, result in claim.levels.items() if result is not Result.PROVED} == {1}
    assert claim.example is not None
    facts, verdict = claim.example.facts, claim.example.verdict
    assert (facts.description.topic, facts.description.risk_tags) == ("job.x.list", {"delete"})
    assert (facts.signals.level, verdict.decision, verdict.rule_id) == (1, Decision.ALLOW, "level_1.1")


def test_delete_is_gated_at_every_level_once_the_guardrails_are_there() -> None:
    guardrails = (Path(__file__).parents[3] / "policies" / "guardrails.yaml").read_text().replace("version: v1\n", "")
    report = proved(seed("autonomy.yaml"), DELETES, guardrails)
    (claim,) = report.claims
    assert claim.levels == dict.fromkeys(range(4), Result.PROVED)
    kept = {found.rule.id: found.result for found in report.invariants}
    assert kept == {"deletes-need-a-person": Result.DISPROVED, "secrets-need-a-person": Result.DISPROVED}


def test_the_seed_s_level_2_is_stricter_than_level_1_for_plain_reads() -> None:
    (step,) = proved(seed("autonomy.yaml")).steps
    assert step.level == 1
    assert step.lower is not None
    assert step.higher is not None
    assert (step.lower.verdict.decision, step.higher.verdict.decision) == (
        Decision.ALLOW, Decision.ALLOW_WITH_CONSTRAINTS,
    )  # fmt: skip


def test_a_rule_above_a_higher_score_is_hidden_by_the_one_above_a_lower() -> None:
    report = proved(rules(
        rule("high", "anomaly_score_above: 0.8", "require_approval"), rule("other", "risk_tags: [a]", "deny"),
        rule("higher", "anomaly_score_above: 0.9", "deny"),
    ))  # fmt: skip
    (idle,) = report.idle
    assert (idle.rule.id, [one.id for one in idle.hidden_by]) == ("higher", ["high"])


def test_a_rule_and_an_invariant_that_match_no_call_are_told() -> None:
    report = proved(
        rules(rule("none", "risk_tags: [a], when: \"NOT (call.risk_tags CONTAINS 'a')\"", "deny")),
        'invariants:\n  - { id: void, match: { topics: ["a..b"] }, at_least: deny }\n',
    )
    assert [(one.layer, one.rule.id, one.hidden_by) for one in report.idle] == [
        ("policies/a.yaml", "none", ()), ("invariants", "void", ()),
    ]  # fmt: skip
    assert [found.empty for found in report.invariants] == [True]


def test_two_rules_hide_a_third_together() -> None:
    report = proved(rules(
        rule("small", "amount_usd_above: 10", "deny"),
        rule("rest", 'when: "attributes.amount_usd <= 10 OR attributes.amount_usd IS NULL"', "deny"),
        rule("last", 'topics: ["job.*"]', "allow"),
    ))  # fmt: skip
    (idle,) = report.idle
    assert (idle.rule.id, [one.id for one in idle.hidden_by]) == ("last", ["small", "rest"])


def test_a_call_without_a_mapping_is_never_let_through() -> None:
    claim = 'never:\n  - { id: u, match: { topics: ["unmapped.*"], risk_tags: [unmapped] }, weaker_than: deny }\n'
    (found,) = proved('rules:\n  - { id: all, match: { topics: ["*"] }, decision: allow }\n', claim).claims
    assert found.result is Result.DISPROVED
    held = claim.replace("deny", "require_approval")
    (found,) = proved("default_decision: deny\n", held).claims
    assert found.result is Result.PROVED


def test_a_sum_over_time_is_never_less_than_the_call_s_own_amount() -> None:
    claim = "never:\n  - { id: large, match: { amount_usd_above: 300 }, weaker_than: require_approval }\n"
    held = rule("sum", 'when: "sum(attributes.amount_usd, 24h) > LIMIT"', "require_approval")
    for limit, result in ((300, Result.PROVED), (301, Result.DISPROVED)):
        (found,) = proved(rules(held.replace("LIMIT", str(limit)), ALLOWED), claim).claims
        assert found.result is result


@pytest.mark.parametrize(
    ("condition", "result"),
    [
        ("args.a < args.b", Result.POSSIBLE),
        ("args.a = args.b OR args.c = 1", Result.DISPROVED),
        ("args.a = args.b AND NOT (args.a = args.b)", Result.PROVED),
    ],
)
def test_what_rests_on_two_paths_is_possible_until_the_engine_confirms_it(condition: str, result: Result) -> None:
    claim = 'never:\n  - { id: c, match: { topics: ["*"] }, weaker_than: require_approval }\n'
    (found,) = proved(rules(rule("r", f'when: "{condition}"', "allow")), claim).claims
    assert found.result is result
    assert (found.example is None) == (result is Result.PROVED)


def test_the_states_of_globs_are_limited() -> None:
    from mcp_gate.policy.proof.patterns import Explodes

    gate = loaded(rules(*(rule(f"r{a}{b}", f'topics: ["*{a}{b}*"]', "deny") for a in "abcd" for b in "efg")))
    with pytest.raises(Explodes, match="globs explode: 1000 states"):
        prove(gate.policy, [], most=1000)
