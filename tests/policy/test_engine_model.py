"""The engine, with its index and its memory, against an evaluator that looks at everything every time."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import chain, combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.model.call import UNKNOWN, Description, Facts, Signals
from mcp_gate.model.config import Place
from mcp_gate.model.decision import Decision
from mcp_gate.policy.clauses import Subject
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.rules import Layer, Match, Rule
from mcp_gate.policy.terms import Terms

TAGS = ["read", "write", "prod"]
WORDS = ["job", "a", "read", "*", "?", "j*", "*b"]
GLOBS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(".".join)
TOPICS = st.lists(st.sampled_from(["job", "a", "b", "read", "jab"]), min_size=1, max_size=3).map(".".join)
TAG_SETS = st.frozensets(st.sampled_from(TAGS), min_size=1, max_size=2)
THRESHOLDS = st.integers(0, 4).map(Decimal)


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.none() | values


MATCHES = st.builds(
    Match,
    topics=optional(st.lists(GLOBS, min_size=1, max_size=2).map(tuple)),
    tools=optional(st.just(("t*",))),
    agents=optional(st.sampled_from([("x",), ("y", "x")])),
    risk_tags=optional(TAG_SETS),
    risk_tags_all=optional(TAG_SETS),
    risk_tags_none=optional(TAG_SETS),
    confidence_below=optional(THRESHOLDS),
    retry_count_above=optional(THRESHOLDS),
    amount_usd_above=optional(THRESHOLDS),
    first_time_action=optional(st.booleans()),
)
FACTS = st.builds(
    Facts,
    agent=st.sampled_from(["x", "y", "z"]),
    upstream=st.just("u"),
    tool=st.sampled_from(["t", "other"]),
    description=st.builds(
        Description,
        topic=TOPICS,
        risk_tags=st.frozensets(st.sampled_from(TAGS), max_size=3),
        attributes=st.dictionaries(st.just("amount_usd"), st.integers(0, 5) | st.just(UNKNOWN) | st.just("5")),
        unmapped=st.booleans(),
    ),
    arguments=st.just({}),
    signals=st.builds(
        Signals,
        confidence=st.just(UNKNOWN) | THRESHOLDS,
        retry_count=st.integers(0, 5),
        first_time_action=st.booleans(),
    ),
)


@st.composite
def policies(draw: st.DrawFn) -> tuple[list[Layer], list[Rule], Terms]:
    number = iter(range(100))

    def rule(invariant: bool = False) -> Rule:
        decisions = list(Decision)[2:] if invariant else list(Decision)
        word = draw(st.sampled_from(decisions))
        return Rule(f"r{next(number)}", Place("f", 1, 1), draw(MATCHES), word, invariant=invariant)

    layers = [
        Layer(f"d{i}", tuple(rule() for _ in range(draw(st.integers(0, 5))))) for i in range(draw(st.integers(0, 3)))
    ]
    invariants = [rule(invariant=True) for _ in range(draw(st.integers(0, 2)))]
    return layers, invariants, Terms(default_decision=draw(st.sampled_from(list(Decision)[2:])))


def naive_clauses(match: Match, facts: Facts) -> list[bool | None]:
    told, signals = facts.description, facts.signals
    attributes: Mapping[str, Any] = told.attributes
    amount = attributes.get("amount_usd", 0)
    above = None if isinstance(amount, str) or amount is UNKNOWN else amount > (match.amount_usd_above or 0)
    unsure = signals.confidence is UNKNOWN
    tests: list[tuple[Any, Any]] = [
        (match.topics, lambda v: any(fnmatch.fnmatchcase(told.topic, glob) for glob in v)),
        (match.tools, lambda v: any(fnmatch.fnmatchcase(facts.tool, glob) for glob in v)),
        (match.agents, lambda v: facts.agent in v),
        (match.risk_tags, lambda v: bool(v & told.risk_tags)),
        (match.risk_tags_all, lambda v: v <= told.risk_tags),
        (match.risk_tags_none, lambda v: not v & told.risk_tags),
        (match.confidence_below, lambda v: None if unsure else signals.confidence < v),
        (match.retry_count_above, lambda v: signals.retry_count > v),
        (match.amount_usd_above, lambda v: above if "amount_usd" in attributes else False),
        (match.first_time_action, lambda v: signals.first_time_action == v),
    ]
    return [test(value) for value, test in tests if value is not None]


def naive_match(rule: Rule, facts: Facts) -> bool:
    restrictive = rule.decision in (Decision.DENY, Decision.REQUIRE_APPROVAL)
    return all(restrictive if found is None else found for found in naive_clauses(rule.match, facts))


def naive(layers: list[Layer], invariants: list[Rule], terms: Terms, facts: Facts) -> tuple[Decision, set[str]]:
    firsts = [next((rule for rule in layer.rules if naive_match(rule, facts)), None) for layer in layers]
    found = [(rule.decision, rule.id) for rule in firsts if rule is not None] or [(terms.default_decision, "default")]
    found += [(rule.decision, rule.id) for rule in invariants if naive_match(rule, facts)]
    if facts.description.unmapped:
        found.append((Decision.REQUIRE_APPROVAL, "unmapped"))
    return max(decision for decision, _ in found), {id_ for _, id_ in found}


@settings(max_examples=400)
@given(policies(), st.lists(FACTS, min_size=1, max_size=6))
def test_the_engine_says_what_the_naive_evaluator_says(
    parts: tuple[list[Layer], list[Rule], Terms], calls: list[Facts]
) -> None:
    policy = Policy(*parts)
    for facts in [*calls, *calls]:  # the second time from memory
        verdict = policy.decide(facts)
        decision, ids = naive(*parts, facts)
        assert (verdict.decision, set(verdict.rule_ids)) == (decision, ids)
        strictness = [_decision(parts, verdict_id) for verdict_id in verdict.rule_ids]
        assert strictness == sorted(strictness, reverse=True)


@settings(max_examples=300)
@given(policies(), FACTS, st.booleans())
def test_what_is_left_out_of_a_list_is_denied_in_every_call(
    parts: tuple[list[Layer], list[Rule], Terms], facts: Facts, tags_vary: bool
) -> None:
    policy, told = Policy(*parts), facts.description
    subject = Subject(facts.agent, facts.upstream, facts.tool, told.topic, told.risk_tags)
    if not policy.always_denied(subject, tags_vary):
        return
    more = [told.risk_tags] if not tags_vary else [told.risk_tags | {tag} for tag in TAGS]
    for tags in more:
        varied = Facts(
            facts.agent, facts.upstream, facts.tool, Description(told.topic, tags, told.attributes, told.unmapped),
            {}, facts.signals,
        )  # fmt: skip
        assert policy.decide(varied).decision is Decision.DENY


@settings(max_examples=600)
@given(parts=policies(), facts=FACTS, data=st.data())
def test_where_tags_cannot_be_told_all_decide_that_would_with_any_of_them(
    parts: tuple[list[Layer], list[Rule], Terms], facts: Facts, data: st.DataObject
) -> None:
    policy, told = Policy(*parts), facts.description
    unsure = data.draw(st.frozensets(st.sampled_from(sorted(told.risk_tags)))) if told.risk_tags else frozenset()
    verdict = policy.decide(replace(facts, description=replace(told, unsure=unsure)))
    for there in chain.from_iterable(combinations(sorted(unsure), count) for count in range(len(unsure) + 1)):
        tags = (told.risk_tags - unsure).union(there)
        one = policy.decide(replace(facts, description=replace(told, risk_tags=tags)))
        assert one.decision <= verdict.decision
        assert set(one.rule_ids) <= set(verdict.rule_ids)


def _decision(parts: tuple[list[Layer], list[Rule], Terms], id_: str) -> Decision:
    layers, invariants, terms = parts
    if id_ == "default":
        return terms.default_decision
    rules = [*(rule for layer in layers for rule in layer.rules), *invariants]
    return next((rule.decision for rule in rules if rule.id == id_), Decision.REQUIRE_APPROVAL)
