"""Where two policies differ, against judging every call of a small world by both."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings

from mcp_gate.model.decision import Decision
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.proof.difference import difference, levels_of
from mcp_gate.policy.proof.findings import Change, Result
from mcp_gate.policy.proof.search import changes as searched
from support.directories import ALLOW_ALL, loaded, rule, rules
from support.worlds import WORLD, at, policies

NO_LIMIT = 10**9
SOME = WORLD[::4]
"""Every fourth call, for speed."""


def strictness(verdict: Verdict) -> dict[str, tuple[object, bool]]:
    """What is compared where decisions are the same; each by how it is compared: more is stricter, or less is."""
    bounds, held = verdict.constraints, verdict.decision is Decision.REQUIRE_APPROVAL
    return {
        "max_runtime_sec": (-(bounds.max_runtime_sec or NO_LIMIT), True),
        "max_amount_usd": (-(bounds.max_amount_usd or NO_LIMIT), True),
        "approvals": (verdict.approvals if held else 0, True),
        "min_assurance": (int(verdict.min_assurance) if held else 0, True),
    }


def kinds(old: Verdict, new: Verdict) -> set[tuple[str, bool]]:
    """How two verdicts on one call differ, and whether the new one is weaker; but for hosts."""
    if old.decision is not new.decision:
        return {(f"{old.decision.word} -> {new.decision.word}", new.decision < old.decision)}
    if old.decision is Decision.DENY:
        return set()
    pairs = [(name, strictness(old)[name][0], strictness(new)[name][0]) for name in strictness(old)]
    return {(f"{name} {'looser' if now < was else 'tighter'}", now < was) for name, was, now in pairs if was != now}  # type: ignore[operator]


def hosts(verdict: Verdict) -> frozenset[str]:
    """Of three hosts, those that calls may go to."""
    every, listed = frozenset({"a.example", "b.example", "c.example"}), verdict.constraints.network_allowlist
    return every if listed is None else every & set(listed)


def told(changes: Iterable[Change]) -> set[tuple[str, bool]]:
    return {(change.what.partition(":")[0], change.weaker) for change in changes}


@settings(max_examples=30, deadline=None)
@given(policies(asks=True), policies(asks=True))
def test_every_difference_is_found_and_each_is_shown_by_a_call(old: Policy, new: Policy) -> None:
    found = difference(old, new)
    expected = {
        kind
        for facts in SOME
        for level in levels_of(old, new)
        for kind in kinds(old.decide(at(level, facts)), new.decide(at(level, facts)))
    }
    assert expected <= told(found)
    assert list(found) == sorted(found, key=lambda change: not change.weaker)
    for change in found:
        assert change.result is Result.DISPROVED
        assert change.facts is not None
        before, after = old.decide(change.facts), new.decide(change.facts)
        assert (before, after) == (change.before, change.after)
        assert change.facts.signals.level == change.levels[0]
        if change.what.startswith("network_allowlist"):
            assert before.decision is after.decision
            lost = hosts(after) - hosts(before) if change.weaker else hosts(before) - hosts(after)
            assert lost
        else:
            assert (change.what.partition(":")[0], change.weaker) in kinds(before, after)


@settings(max_examples=20, deadline=None)
@given(policies(asks=True), policies(asks=True))
def test_what_a_search_finds_is_so(old: Policy, new: Policy) -> None:
    every = told(difference(old, new))
    for change in searched(old, new):
        assert (change.what.partition(":")[0], change.weaker) in every
        assert change.facts is not None
        assert (old.decide(change.facts), new.decide(change.facts)) == (change.before, change.after)


@settings(max_examples=15, deadline=None)
@given(policies(asks=True))
def test_a_policy_does_not_differ_from_itself(policy: Policy) -> None:
    assert difference(policy, policy) == ()
    assert searched(policy, policy) == ()


@pytest.mark.parametrize(
    ("old", "new", "what", "weaker"),
    [
        ("max_amount_usd: 100", "max_amount_usd: 100.5", "max_amount_usd looser: 100 -> 100.5", True),
        ("max_amount_usd: 100", "max_amount_usd: 99", "max_amount_usd tighter: 100 -> 99", False),
        ("max_output_bytes: 5", "max_runtime_sec: 5", "max_output_bytes looser: 5 -> none", True),
        (
            "network_allowlist: [a.b]",
            "network_allowlist: [a.b, c.d]",
            "network_allowlist looser: a.b -> a.b, c.d",
            True,
        ),
        ("network_allowlist: []", "network_allowlist: [a.b]", "network_allowlist looser: no host -> a.b", True),
        ("network_allowlist: [a.b]", "max_runtime_sec: 1", "network_allowlist looser: a.b -> none", True),
    ],
)
def test_constraints_are_compared_where_the_decision_is_the_same(old: str, new: str, what: str, weaker: bool) -> None:
    old_, new_ = (
        loaded(rules(rule("r", 'topics: ["*"]', "allow_with_constraints", f"constraints: {{ {one} }}"))).policy
        for one in (old, new)
    )
    for found in (difference(old_, new_), searched(old_, new_)):
        assert (what, weaker) in {(change.what, change.weaker) for change in found}


def test_the_built_in_constraints_are_those_of_a_rule_without_any() -> None:
    old = loaded(rules(rule("r", 'topics: ["*"]', "allow_with_constraints"))).policy
    new = loaded(
        rules(rule("r", 'topics: ["*"]', "allow_with_constraints", "constraints: { max_runtime_sec: 61 }"))
    ).policy
    assert [change.what for change in difference(old, new)] == ["max_runtime_sec looser: 60 -> 61"]


def test_what_an_approval_needs_is_compared_for_held_calls_alone() -> None:
    def asking(word: str, more: str) -> Policy:
        return loaded(rules(rule("r", 'topics: ["*"]', word, more))).policy

    found = difference(
        asking("require_approval", "approvals: 2, min_assurance: signed"), asking("require_approval", "approvals: 1")
    )
    assert [change.what for change in found] == ["approvals looser: 2 -> 1", "min_assurance looser: signed -> session"]
    (change,) = difference(asking("allow", "approvals: 2"), asking("allow", "approvals: 1"))
    assert change.facts is not None
    assert change.facts.description.unmapped, "which is held all the same"


def test_a_level_that_only_one_has_is_compared_with_the_highest_of_the_other() -> None:
    level = "autonomy_levels:\n  level_0: { rules: [ { match: { topics: ['*'] }, decision: require_approval } ] }\n"
    higher = level + "  level_1: { rules: [ { match: { topics: ['*'] }, decision: allow } ] }\n"
    (change,) = difference(loaded(level).policy, loaded(higher).policy)
    assert (change.what, change.levels) == ("require_approval -> allow", (1,))
    (change,) = difference(loaded(ALLOW_ALL).policy, loaded(ALLOW_ALL, level).policy)
    assert (change.what, change.weaker, change.levels) == ("allow -> require_approval", False, (0,))
