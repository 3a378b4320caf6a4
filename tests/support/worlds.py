"""A small world of calls and random policies about it, to hold proofs against."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from mcp_gate.lang.conditions import compile_condition
from mcp_gate.model.call import UNKNOWN, Description, Facts, Signals
from mcp_gate.model.config import Place
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.decision import Assurance, Decision
from mcp_gate.policy.clauses import Compiled, subject_of
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.rules import Layer, Match, Rule
from mcp_gate.policy.terms import Terms

ROOTS = frozenset({"args", "call", "attributes"})
WHENS = [
    "args.n > 1", "args.n = 'a' OR attributes.amount_usd >= 2", "NOT (args.n IS NULL)", "call.agent = 'x'",
    "attributes.kind = 'a'", "call.risk_tags CONTAINS 'prod' AND args.n <= 1", "args.n LIKE 'a%'",
    "attributes.retry_count < 2", "attributes.confidence > 0.5 OR args.n",
]  # fmt: skip
TAGS = ["prod", "read"]


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | st.none() | values


MATCHES = st.builds(
    Match,
    topics=maybe(st.sampled_from([("job.a",), ("job.*",), ("*.b", "x"), ("job.a.*",), ("unmapped.*",)])),
    agents=maybe(st.sampled_from([("x",), ("x*",)])),
    risk_tags=maybe(st.frozensets(st.sampled_from(TAGS), min_size=1)),
    risk_tags_none=maybe(st.frozensets(st.sampled_from(TAGS), min_size=1)),
    confidence_below=maybe(st.just(Decimal("0.5"))),
    retry_count_above=maybe(st.just(Decimal(1))),
    amount_usd_above=maybe(st.just(Decimal(1))),
    when=maybe(st.sampled_from(WHENS).map(lambda text: compile_condition(text, ROOTS))),
)


def world() -> list[Facts]:
    """Every call that differs in what the strategies above can ask about."""
    topics = ["job.a", "job.b", "job.a.b", "x", "y"]
    tags = [frozenset(chosen) for size in range(3) for chosen in itertools.combinations(TAGS, size)]
    attributes = [
        {},
        {"amount_usd": UNKNOWN},
        {"amount_usd": Decimal(1)},
        {"amount_usd": 2, "kind": "a"},
        {"kind": UNKNOWN},
    ]
    arguments = [{}, {"n": 1}, {"n": 2}, {"n": "a"}, {"n": "b"}, {"n": True}, {"n": []}]
    signals = [
        Signals(),
        Signals(confidence=Decimal(1), retry_count=2),
        Signals(confidence=Decimal("0.5"), retry_count=1),
    ]
    described = [Description(topic, tag, told) for topic in topics for tag in tags for told in attributes]
    described.append(Description("unmapped.u.t", frozenset({"unmapped"}), {}, unmapped=True))
    return [
        Facts(agent, "u", "t", told, given_, known)
        for agent, told, given_, known in itertools.product(["x", "z"], described, arguments, signals)
    ]


WORLD = world()


ASKED = st.fixed_dictionaries({
    "constraints": st.sampled_from([
        NONE, NONE, Constraints(max_runtime_sec=10), Constraints(max_amount_usd=Decimal(5), max_runtime_sec=90),
        Constraints(network_allowlist=("a.example",)), Constraints(network_allowlist=("a.example", "b.example")),
    ]),
    "approvals": st.sampled_from([None, 1, 2]),
    "min_assurance": st.sampled_from([None, Assurance.SIGNED]),
})  # fmt: skip


@st.composite
def policies(draw: st.DrawFn, *, asks: bool = False) -> Policy:
    """
    Args:
        asks: rules also have constraints, and ask for approvals and assurance.
    """
    number = itertools.count()

    def one(words: Sequence[Decision] = tuple(Decision), *, invariant: bool = False) -> Rule:
        asked = draw(ASKED) if asks else {}
        word = draw(st.sampled_from(words))
        return Rule(f"r{next(number)}", Place("f", 1, 1), draw(MATCHES), word, invariant=invariant, **asked)  # type: ignore[arg-type]

    def layer(name: str, most: int) -> Layer:
        return Layer(name, tuple(one() for _ in range(draw(st.integers(0, most)))))

    documents = [layer(f"d{i}", 4) for i in range(draw(st.integers(0, 2)))]
    floors = [one(tuple(Decision)[2:], invariant=True) for _ in range(draw(st.integers(0, 1)))]
    above = {i: layer(f"level_{i}", 2) for i in range(draw(st.sampled_from([0, 2])))}
    terms = Terms(
        default_decision=draw(st.sampled_from(list(Decision)[2:])),
        default_constraints=Constraints(max_runtime_sec=draw(st.sampled_from([30, 60]))),
    )
    return Policy(documents, floors, terms, above)


CLAIMS = st.builds(Rule, st.just("claim"), st.just(Place("f", 1, 1)), MATCHES, st.sampled_from(list(Decision)[2:]))


def about(compiled: Compiled, facts: Facts) -> bool:
    return compiled.concerns(subject_of(facts)) and compiled.matches(facts)


def at(level: int, facts: Facts) -> Facts:
    return replace(facts, signals=replace(facts.signals, level=level))
