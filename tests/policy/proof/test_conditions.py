"""Conditions and clauses as literals, against the evaluator: what it can say is possible, and nothing else is."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.lang.conditions import Condition, compile_condition
from mcp_gate.model.call import UNKNOWN, Description, Facts, Signals
from mcp_gate.model.config import Place
from mcp_gate.model.decision import Decision
from mcp_gate.policy.clauses import compile_rule, subject_of
from mcp_gate.policy.proof.cnf import TRUE, Literal
from mcp_gate.policy.proof.conditions import condition
from mcp_gate.policy.proof.matching import matches
from mcp_gate.policy.proof.solver import Answer, Solver
from mcp_gate.policy.proof.space import Space
from mcp_gate.policy.proof.witness import witnesses
from mcp_gate.policy.rules import Match, Rule

ROOTS = frozenset({"args", "call", "attributes"})
RESTRICTIVE, PERMISSIVE = Decision.DENY, Decision.ALLOW
PATHS = ["args.a", "args.a.b", "args.a[0]", "attributes.x", "attributes.amount_usd", "attributes.confidence"]
CONSTANTS = ["1", "2", "1.5", "'a'", "'ab'", "true", "false"]
OPERATORS = ["=", "<>", "<", "<=", ">", ">="]
TESTS = st.one_of(
    st.builds("{} {} {}".format, st.sampled_from(PATHS), st.sampled_from(OPERATORS), st.sampled_from(CONSTANTS)),
    st.builds("{} {} {}".format, st.sampled_from(CONSTANTS), st.sampled_from(OPERATORS), st.sampled_from(PATHS)),
    st.builds("{} IN ({}, {})".format, st.sampled_from(PATHS), *[st.sampled_from(CONSTANTS)] * 2),
    st.builds("{} BETWEEN {} AND {}".format, st.sampled_from(PATHS), *[st.sampled_from(CONSTANTS)] * 2),
    st.builds("{} LIKE {}".format, st.sampled_from(PATHS), st.sampled_from(["'a%'", "'_'", "'%b'"])),
    st.builds("{} CONTAINS {}".format, st.sampled_from(PATHS), st.sampled_from(CONSTANTS)),
    st.builds("{} IS NULL".format, st.sampled_from(PATHS)),
    st.sampled_from([
        *PATHS, "call.agent = 'x'", "call.agent LIKE 'x%'", "call.topic = 'job.a'", "call.risk_tags CONTAINS 'prod'",
        "call.nothing = 1", "sum(attributes.amount_usd, 24h) > 1",
        "count(24h) > 1", "2 >= sum(attributes.x, 1h)",
        "attributes.first_time_action", "attributes.tainted",
        "attributes.retry_count > 1", "attributes.retry_count < 2",
        "1 = 1", "'a' LIKE 'b%'", "call.risk_tags IS NULL", "args IS NULL", "attributes.x.y = 1",
    ]),
)  # fmt: skip
TREES = st.recursive(
    TESTS,
    lambda inner: (
        st.builds("NOT ({})".format, inner)
        | st.builds("({}) {} ({})".format, inner, st.sampled_from(["AND", "OR"]), inner)
    ),
    max_leaves=4,
)
VALUES: list[Any] = [
    None, 0, 1, 1.2, 1.5, 2, 3, "", "a", "ab", "b", True, False, [], ["a"], [1, "a"], [True], [{}], [2], {},
    {"b": 1}, {"b": "a"}, {"b": None},
]  # fmt: skip
ATTRIBUTES: list[Any] = ["absent", UNKNOWN, Decimal(-1), Decimal(1), Decimal("1.5"), 2, "a", "ab", True]

AMOUNTS: list[Any] = ["absent", UNKNOWN, Decimal(0), Decimal(1), Decimal("1.5"), 2]


def compiled(text: str) -> Condition:
    return compile_condition(text, ROOTS, with_windows=True)


def present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != "absent"}


def windows(amount: Any, x: Any, more: int | None) -> dict[str, Any]:
    """What windows come to with a call, where the other calls come to so much, or cannot be told."""
    out: dict[str, Any] = {}
    for text, own in (
        ("sum(attributes.amount_usd, 24h)", amount), ("sum(attributes.x, 1h)", x), ("count(24h)", Decimal(1)),
    ):  # fmt: skip
        plain = more is not None and isinstance(own, (int, Decimal)) and not isinstance(own, bool) and own >= 0
        (window,) = compiled(f"{text} > 0").windows
        out[window.text] = own + more if plain else UNKNOWN
    return out


FACTS = st.builds(
    lambda agent, topic, tags, x, amount, a, more, signals: Facts(
        agent, "u", "t", Description(topic, tags, present(x=x, amount_usd=amount)), present(a=a),
        replace(signals, windows=windows(amount, x, more)),
    ),
    st.sampled_from(["x", "xy", "z"]),
    st.sampled_from(["job.a", "job.b"]),
    st.frozensets(st.sampled_from(["prod", "other"])),
    st.sampled_from(ATTRIBUTES),
    st.sampled_from(AMOUNTS),
    st.sampled_from([*VALUES, "absent"]),
    st.sampled_from([None, 0, 1, 5]),
    st.builds(
        Signals,
        confidence=st.sampled_from([UNKNOWN, Decimal(0), Decimal("0.7"), Decimal(1)]),
        retry_count=st.integers(0, 3),
        anomaly_score=st.sampled_from([UNKNOWN, Decimal(0), Decimal("0.9")]),
        first_time_action=st.booleans(),
        tainted=st.booleans(),
    ),
)  # fmt: skip


def told(text: str, facts: Facts, word: Decision) -> bool | None:
    """What the engine's own clause says."""
    rule = Rule("r", Place("f", 1, 1), Match(when=compiled(text)), word)
    (clause,) = compile_rule("d", rule).dynamic
    return clause.test(facts)


@pytest.mark.parametrize("word", [RESTRICTIVE, PERMISSIVE])
@settings(max_examples=100, deadline=None)
@given(text=TREES, calls=st.lists(FACTS, min_size=10, max_size=10))
def test_the_literals_say_what_the_evaluator_says(word: Decision, text: str, calls: list[Facts]) -> None:
    space = Space()
    yes, no = condition(space, compiled(text).tree, word.restrictive)
    space.close()
    solver, free = Solver(space.cnf), bool(space.free()) or ("[0]" in text and "CONTAINS" in text)
    outcomes: dict[bool | None, list[Literal]] = {True: [yes], False: [no], None: [-yes, -no]}
    possible = set()
    for outcome, literals in outcomes.items():
        if solver.ask(literals) is Answer.POSSIBLE:
            possible.add(outcome)
            found = [told(text, facts, word) for facts in witnesses(space, solver.model(), 0)]
            assert outcome in found or free, "the model's call is another one"
    assert solver.ask([yes, no]) is Answer.IMPOSSIBLE
    for facts in calls:
        assert told(text, facts, word) in possible


@pytest.mark.parametrize("text", [
    "args.a = args.b", "args.a < 'm'", "call.risk_tags[0] = 'prod'", "'abc' CONTAINS args.a", "args.a.b >= 'x'",
])  # fmt: skip
def test_what_is_not_modelled_is_free(text: str) -> None:
    space = Space()
    yes, no = condition(space, compiled(text).tree, True)
    space.close()
    solver = Solver(space.cnf)
    for literals in ([yes], [no], [-yes, -no]):
        assert solver.ask(literals) is Answer.POSSIBLE
    assert space.free()


@pytest.mark.parametrize("text", [
    "attributes.retry_count > 2 AND attributes.retry_count < 3", "attributes.confidence > 1",
    "attributes.anomaly_score < 0", "args.a = 1 AND args.a = 'x'", "args.a.b = 1 AND args.a = 2",
    "args.a[0] = 1 AND args.a.b = 2", "args.a LIKE 'x%' AND args.a = 'y'", "attributes.amount_usd = 'much'",
    "args.a > 2 AND args.a < 1", "args.a < 'x' AND args.a = 'x'", "call.agent IS NULL",
    "call.topic = 'job..x'", "count(24h) < 1", "sum(attributes.amount_usd, 24h) < 0",
    "sum(attributes.amount_usd, 24h) < 5 AND attributes.amount_usd >= 7",
    "sum(attributes.amount_usd, 24h) > 1 AND attributes.amount_usd IS NULL",
    "sum(attributes.amount_usd, 24h) > 1 AND attributes.amount_usd < 0",
    "call.risk_tags CONTAINS 'prod' AND NOT call.risk_tags CONTAINS 'prod'",
])  # fmt: skip
def test_what_no_call_can_be_is_impossible(text: str) -> None:
    space = Space()
    yes, _ = condition(space, compiled(text).tree, False)
    space.close()
    assert Solver(space.cnf).ask([yes]) is Answer.IMPOSSIBLE


MATCHES = st.builds(
    Match,
    topics=st.none() | st.sampled_from([("job.a",), ("job.*", "x"), ("*",)]),
    agents=st.none() | st.sampled_from([("x",), ("x*",)]),
    tools=st.none() | st.sampled_from([("t",), ("?",), ("other",)]),
    risk_tags=st.none() | st.sampled_from([frozenset({"prod"}), frozenset({"prod", "other"})]),
    risk_tags_all=st.none() | st.sampled_from([frozenset({"prod", "other"})]),
    risk_tags_none=st.none() | st.sampled_from([frozenset({"prod"})]),
    confidence_below=st.none() | st.sampled_from([Decimal("0.7"), Decimal(0)]),
    anomaly_score_above=st.none() | st.sampled_from([Decimal("0.8"), Decimal(1)]),
    retry_count_above=st.none() | st.sampled_from([Decimal(0), Decimal("1.5")]),
    amount_usd_above=st.none() | st.sampled_from([Decimal(1), Decimal(0)]),
    first_time_action=st.none() | st.booleans(),
    tainted=st.none() | st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(MATCHES, st.sampled_from([RESTRICTIVE, PERMISSIVE]), st.lists(FACTS, min_size=10, max_size=10))
def test_a_match_block_matches_what_the_engine_says(match: Match, word: Decision, calls: list[Facts]) -> None:
    rule, space = Rule("r", Place("f", 1, 1), match, word), Space()
    literal = matches(space, rule)
    space.close()
    solver, possible = Solver(space.cnf), set()
    for outcome, wanted in ((True, literal), (False, -literal)):
        if solver.ask([wanted]) is Answer.POSSIBLE:
            possible.add(outcome)
            assert outcome in {_matches(rule, facts) for facts in witnesses(space, solver.model(), 0)}
    for facts in calls:
        assert _matches(rule, facts) in possible


def test_no_clause_of_a_match_is_left_out() -> None:
    """A clause that proofs do not know would make them wrong: whoever adds one comes by here."""
    asked = {
        "topics": ("job.a",), "tools": ("t",), "upstreams": ("u",), "agents": ("x",), "risk_tags": frozenset({"a"}),
        "risk_tags_all": frozenset({"a"}), "risk_tags_none": frozenset({"a"}), "confidence_below": Decimal(1),
        "anomaly_score_above": Decimal(0), "retry_count_above": Decimal(0), "amount_usd_above": Decimal(0),
        "affected_users_above": Decimal(0), "first_time_action": True, "tainted": True,
        "when": compiled("args.a = 1"),
    }  # fmt: skip
    assert {field.name for field in fields(Match)} == set(asked)
    for name, value in asked.items():
        literal = matches(Space(), Rule("r", Place("f", 1, 1), Match(**{name: value}), PERMISSIVE))  # type: ignore[arg-type]
        assert literal != TRUE, name


def _matches(rule: Rule, facts: Facts) -> bool:
    compiled = compile_rule("d", rule)
    return compiled.concerns(subject_of(facts)) and compiled.matches(facts)


def test_a_call_without_a_mapping_has_a_topic_and_a_tag_of_its_own_and_no_attributes() -> None:
    space = Space()
    amount = space.value(("attributes", "amount_usd"))
    assert amount is not None
    others = [space.tags["prod"], -space.tags["unmapped"], *amount.kinds.values()]
    declared = others[:2] + others[3:]
    space.close()
    solver = Solver(space.cnf)
    for literal in declared:
        assert solver.ask([space.unmapped, literal]) is Answer.IMPOSSIBLE
    assert solver.ask([space.unmapped]) is Answer.POSSIBLE
    facts = next(witnesses(space, solver.model(), 0))
    assert facts.description == Description("unmapped.upstream.tool", frozenset({"unmapped"}), {}, unmapped=True)


def test_all_products_of_two_paths_are_judged_alike() -> None:
    text = "args.a > 1 AND NOT (args.b = 'a' OR attributes.x <= 1)"
    space = Space()
    yes, no = condition(space, compiled(text).tree, True)
    space.close()
    solver = Solver(space.cnf)
    outcomes = {True: [yes], False: [no], None: [-yes, -no]}
    possible = {outcome for outcome, literals in outcomes.items() if solver.ask(literals) is Answer.POSSIBLE}
    found = set()
    for a, b, x in itertools.product(VALUES, VALUES, ATTRIBUTES):
        attributes = {} if x == "absent" else {"x": x}
        facts = Facts("x", "u", "t", Description("job.a", frozenset(), attributes), {"a": a, "b": b}, Signals())
        found.add(told(text, facts, RESTRICTIVE))
    assert found == possible
