"""Conditions: what they mean, against an evaluator of its own; where they are wrong, to the column; and at no cost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.conditions import (
    ABSENT,
    WINDOWS,
    Condition,
    ConditionError,
    Truth,
    Window,
    compile_condition,
    paths,
)
from mcp_gate.lang.syntax import And, Compare, Literal, Not, Or, Path
from mcp_gate.model.call import UNKNOWN
from mcp_gate.model.foreign import Json

ROOTS = frozenset({"args", "call", "attributes", "result", "input", "steps"})


def compiled(text: str, *, near: bool = False) -> Condition:
    return compile_condition(text, ROOTS, near_is_unknown=near)


def holds(text: str, **env: Json) -> bool | None:
    """True, False, or None for unknown."""
    answer: bool | None = compiled(text).holds(env).value
    return answer


# ---- the documents of the mission


@pytest.mark.parametrize(
    ("amount", "prior", "approve", "review"),
    [(99, 2, True, False), (100, 0, False, True), (0, 3, False, True), (99.99, 2, True, False), ("99", 2, None, None)],
)
def test_the_branches_of_the_refund_workflow_are_taken_as_it_says(
    amount: Json, prior: int, approve: bool, review: bool
) -> None:
    result = {"amount": amount, "prior_refunds": prior}
    assert holds("result.amount < 100 AND result.prior_refunds < 3", result=result) is approve
    assert holds("result.amount >= 100 OR result.prior_refunds >= 3", result=result) is review


# ---- values


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("args.x = 1", 1.0, True),
        ("args.x = 1.0", 1, True),
        ("args.x = 0.1", 0.1, True),
        ("args.x < 100", Decimal("99.99999999999999999999"), True),
        ("args.x = 9007199254740993", 9007199254740993, True),
        ("args.x = 9007199254740993", 9007199254740992, False),
        ("args.x >= 0", -0.0, True),
        ("args.x = 1", True, None),
        ("args.x = TRUE", True, True),
        ("args.x = FALSE", True, False),
        ("args.x = TRUE", 1, None),
        ("args.x > 1", "2", None),
        ("args.x = '2'", 2, None),
        ("args.x = 'prod'", "prod", True),
        ("args.x <> 'prod'", "test", True),
        ("args.x < 'b'", "a", True),
        ("args.x = 1", [1], None),
        ("args.x = 1", {}, None),
        ("args.x = 1", None, None),
        ("args.x < 1", float("nan"), None),
        ("args.x < 1", float("-inf"), None),
        ("args.x = 1", UNKNOWN, None),
        ("args.x <> 1", UNKNOWN, None),
        ("args.x == 1 and args.x != 2", 1, True),
    ],
)
def test_S044_only_values_of_one_kind_compare(text: str, value: Json, expected: bool | None) -> None:
    assert holds(text, args={"x": value}) is expected


def test_a_name_beside_nearly_the_same_one_is_unknown_but_for_names_of_the_gates_own() -> None:
    args: Json = {"env": "dev", "Env": "prod", "deep": {"N": 1}}
    assert holds("args.env = 'dev'", args=args) is None
    assert holds("args.deep.n IS NULL", args=args) is None, "another program finds it"
    assert holds("args.deep.N = 1", args=args) is True
    assert holds("attributes.env = 'dev'", attributes=args) is True


def test_a_path_that_leads_nowhere_is_unknown() -> None:
    nowhere: list[Json] = [None, {}, {"a": 1}, {"a": [0]}, "text"]
    for args in nowhere:
        env: dict[str, Json] = {"args": args}
        assert holds("args.a.b = 1", **env) is None
        assert holds("NOT args.a.b = 1", **env) is None
        assert holds("args.a[3] = 1", **env) is None


def test_null_means_missing_or_null_and_unknown_is_neither() -> None:
    assert holds("args.x IS NULL", args={}) is True
    assert holds("args.x IS NULL", args={"x": None}) is True
    assert holds("args.x IS NULL", args={"x": 0}) is False
    assert holds("args.x IS NOT NULL", args={"x": ""}) is True
    assert holds("args.x IS NULL", args={"x": UNKNOWN}) is None


def test_no_comparison_with_an_absent_value_holds() -> None:
    attributes = {"amount_usd": ABSENT}
    for text in ("= 1", "<> 1", "> 1", "BETWEEN 1 AND 2", "IN (1, 2)", "LIKE '%'", "CONTAINS 'a'"):
        assert holds(f"attributes.amount_usd {text}", attributes=attributes) is False
    assert holds("attributes.amount_usd IS NULL", attributes=attributes) is True


def test_paths_reach_into_lists_and_odd_names() -> None:
    args = {"to": [{"user-name": "x"}], "größe": 5, "it's": 6, "not": 7, "in": {"like": 8}}
    assert holds("args.to[0].user-name = 'x'", args=args) is True
    assert holds("args['größe'] = 5 AND args['it''s'] = 6", args=args) is True
    assert holds("args.not = 7 AND args.in.like = 8", args=args) is True
    assert holds("steps.human-review.result.ok", steps={"human-review": {"result": {"ok": True}}}) is True


def test_a_position_is_no_name_and_a_name_no_position() -> None:
    assert holds("args.x[0] = 1", args={"x": {"0": 1}}) is None
    assert holds("args.x['0'] = 1", args={"x": [1]}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("args.n BETWEEN 1 AND 3", True),
        ("args.n NOT BETWEEN 1 AND 3", False),
        ("args.n BETWEEN 3 AND 1", False),
        ("args.n BETWEEN 3 AND args.none", False),
        ("args.n IN (1, 2)", True),
        ("args.n NOT IN (1, 2)", False),
        ("args.n IN ('2', 1)", None),
        ("args.n NOT IN ('2', 1)", None),
        ("args.s LIKE 'del%'", True),
        ("args.s LIKE 'del_te'", True),
        ("args.s NOT LIKE '%x%'", True),
        ("args.s LIKE '.*'", False),
        ("args.n LIKE '%'", None),
        ("args.s CONTAINS 'let'", True),
        ("args.s NOT CONTAINS 'let'", False),
        ("args.s CONTAINS 1", None),
        ("args.tags CONTAINS 'prod'", True),
        ("args.tags CONTAINS 'pro'", False),
        ("args.tags NOT CONTAINS 'x'", True),
        ("args.mixed CONTAINS 1", True),
        ("args.mixed CONTAINS 2", None),
        ("args.n CONTAINS 2", None),
        ("args.yes", True),
        ("NOT args.yes", False),
        ("args.n", None),
        ("TRUE", True),
        ("not false", True),
    ],
)
def test_predicates_hold_fail_or_are_unknown(text: str, expected: bool | None) -> None:
    args = {"n": 2, "s": "delete", "tags": ["prod", "eu"], "mixed": ["1", 1], "yes": True}
    assert holds(text, args=args) is expected


def test_and_binds_tighter_than_or_and_not_tightest() -> None:
    assert compiled("TRUE OR FALSE AND FALSE").tree == compiled("TRUE OR (FALSE AND FALSE)").tree
    assert compiled("NOT FALSE AND FALSE").tree == compiled("(NOT FALSE) AND FALSE").tree
    assert holds("TRUE OR FALSE AND FALSE") is True


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        ("TRUE", "args.x", None, True),
        ("FALSE", "args.x", False, None),
        ("args.x", "args.x", None, None),
        ("args.x", "FALSE", False, None),
    ],
)
def test_unknown_joins_as_kleene_says(left: str, right: str, both: bool | None, either: bool | None) -> None:
    assert holds(f"{left} AND {right}") is both
    assert holds(f"{left} OR {right}") is either


@pytest.mark.parametrize("sent", ["Prod", " prod", "PROD\n", "ｐｒｏｄ", "pr\u200bod"])
def test_near_misses_are_unknown_where_asked_for(sent: str) -> None:
    near, args = compiled("args.env = 'prod'", near=True), {"args": {"env": sent}}
    assert near.holds(args) is Truth.UNKNOWN
    assert compiled("args.env <> 'prod'", near=True).holds(args) is Truth.UNKNOWN
    assert compiled("args.env IN ('prod')", near=True).holds(args) is Truth.UNKNOWN
    assert compiled("args.env LIKE 'prod%'", near=True).holds(args) is Truth.UNKNOWN
    assert compiled("args.env CONTAINS 'prod'", near=True).holds(args) is not Truth.FALSE
    assert holds("args.env = 'prod'", args={"env": sent}) is False
    assert near.holds({"args": {"env": "test"}}) is Truth.FALSE


# ---- an evaluator of its own: numbers as fractions, truth as sets of what may be

NAMES = ("a", "b", "c")
Tree = tuple[Any, ...]
LEAVES: st.SearchStrategy[Tree] = st.one_of(
    st.tuples(
        st.just("cmp"), st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), st.sampled_from(NAMES), st.integers(-2, 2)
    ),
    st.tuples(st.just("null"), st.sampled_from(NAMES)),
    st.tuples(st.just("in"), st.sampled_from(NAMES), st.lists(st.integers(-2, 2), min_size=1, max_size=3)),
    st.tuples(st.just("text"), st.sampled_from(NAMES), st.sampled_from(["x", "y"])),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=8,
)
ENVS = st.dictionaries(
    st.sampled_from(NAMES),
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, -1.0, "x", "1", [1]]),
)


def written(tree: Tree) -> str:
    match tree:
        case ("not", inner):
            return f"NOT ({written(inner)})"
        case ("and" | "or" as word, left, right):
            return f"({written(left)}) {word} ({written(right)})"
        case ("cmp", op, name, value):
            return f"args.{name} {op} {value}"
        case ("null", name):
            return f"args.{name} IS NULL"
        case ("in", name, values):
            return f"args.{name} IN ({', '.join(map(str, values))})"
        case (_, name, text):
            return f"args.{name} = '{text}'"
    raise AssertionError(tree)


def judged(tree: Tree, env: Mapping[str, Json]) -> set[bool]:
    """The truth values that are possible: one, or both for unknown."""
    match tree:
        case ("not", inner):
            return {not value for value in judged(inner, env)}
        case ("and", left, right):
            return {a and b for a in judged(left, env) for b in judged(right, env)}
        case ("or", left, right):
            return {a or b for a in judged(left, env) for b in judged(right, env)}
        case ("null", name):
            return {env.get(name) is None}
        case ("text", name, text):
            found = env.get(name)
            return {found == text} if isinstance(found, str) else {True, False}
    name, found = tree[-2], env.get(tree[-2])
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return {True, False}
    if tree[0] == "in":
        return {Fraction(found) in tree[-1]}
    order = (Fraction(found) > tree[-1]) - (Fraction(found) < tree[-1])
    return {order in {"=": [0], "<>": [-1, 1], "<": [-1], "<=": [-1, 0], ">": [1], ">=": [0, 1]}[tree[1]]}


@given(TREES, ENVS)
def test_conditions_agree_with_an_evaluator_of_its_own(tree: Tree, env: dict[str, Json]) -> None:
    expected = judged(tree, env)
    assert holds(written(tree), args=env) is (None if len(expected) == 2 else expected.pop())


# ---- windows


def windowed(text: str) -> Condition:
    return compile_condition(text, ROOTS, with_windows=True)


@pytest.mark.parametrize(
    ("text", "known_as", "seconds", "of", "same"),
    [
        ("count(30s) > 1", "count(30s)", 30, None, ("agent",)),
        ("count ( 15m ) > 1", "count(15m)", 900, None, ("agent",)),
        ("count(24h, agent) > 1", "count(24h, agent)", 86_400, None, ("agent",)),
        ("count(31d,tool , agent) > 1", "count(31d, tool, agent)", 31 * 86_400, None, ("tool", "agent")),
        ("sum(attributes.n, 7d) > 1", "sum(attributes.n, 7d)", 7 * 86_400, "n", ("agent",)),
        ("sum(attributes.n, 1h, topic) > 1", "sum(attributes.n, 1h, topic)", 3600, "n", ("topic",)),
        ("sum(attributes.n,1h,target)>1", "sum(attributes.n, 1h, attributes.target)", 3600, "n",
         ("attributes.target",)),
        ("1 < sum(attributes.n, 1h, attributes.iban)", "sum(attributes.n, 1h, attributes.iban)", 3600, "n",
         ("attributes.iban",)),
    ],
)  # fmt: skip
def test_windows_are_read(text: str, known_as: str, seconds: int, of: str | None, same: tuple[str, ...]) -> None:
    assert windowed(text).windows == (Window(known_as, seconds, of, same),)


def test_a_window_is_a_number_like_any_other_and_unknown_where_nobody_counted() -> None:
    condition = windowed("NOT count(24h) BETWEEN 2 AND args.most AND sum(attributes.n, 1h) <> 4")
    assert [window.text for window in condition.windows] == ["count(24h)", "sum(attributes.n, 1h)"]
    found = {"count(24h)": 5, "sum(attributes.n, 1h)": Decimal("4.5")}
    assert condition.holds({"args": {"most": 4}, WINDOWS: found}) is Truth.TRUE
    assert condition.holds({"args": {"most": 5}, WINDOWS: found}) is Truth.FALSE
    assert condition.holds({"args": {"most": 4}, WINDOWS: {}}) is Truth.UNKNOWN
    assert condition.roots == {"args"}


def test_a_window_that_stands_there_twice_is_one() -> None:
    assert len(windowed("count(1h) > 1 OR count(1h) = 0").windows) == 1


WINDOW_ERRORS = [
    ("count() > 1", 1, "say how far it looks back: count(24h)"),
    ("count(args.to) > 5", 7, "say how far it looks back: count(24h)"),
    ("args.a = 1 AND sum(attributes.n) > 1", 16, "say how far it looks back: sum(attributes.n, 24h)"),
    ("sum() > 1", 1, "say what is added up: sum(attributes.amount_usd, 24h)"),
    ("sum(24h) > 1", 5, "a sum adds up a declared attribute"),
    ("sum(args.amount, 24h) > 1", 5, "a sum adds up a declared attribute"),
    ("sum(attributes.confidence, 24h) > 1", 5, "a sum adds up a declared attribute"),
    ("sum(attributes['n'], 24h) > 1", 5, "a sum adds up a declared attribute"),
    ("sum(attributes.n, tool) > 1", 19, "say how far it looks back: sum(attributes.n, 24h)"),
    ("avg(attributes.n, 24h) > 1", 1, "there is no function 'avg'; there are count and sum"),
    ("count(24x) > 1", 7, "found '2', and no duration; write 30s, 15m, 24h or 7d"),
    ("count(0h) > 1", 7, "found '0', and no duration"),
    ("count(1.5h) > 1", 7, "found '1', and no duration"),
    ("count(32d) > 1", 7, "it looks back further than 31d"),
    ("count(24h, me) > 1", 12, "say what the calls have in common: agent, tool, topic, target or attributes.<name>"),
    ("count(24h, attributes.confidence) > 1", 12, "say what the calls have in common"),
    ("count(24h, args.to) > 1", 12, "say what the calls have in common"),
    ("count(24h, 24h) > 1", 12, "say what the calls have in common"),
    ("count(24h, tool, tool) > 1", 12, "'tool' stands there twice"),
    ("count(24h 5)", 11, "expected ')' or ',', found '5'"),
    ("count(24h", 10, "ends too early; expected ')' or ','"),
    ("count(24h,) > 1", 11, "a duration such as 24h"),
    ("count(24h)", 1, "not a condition"),
    ("args.a = 24h", 10, "found '24h'"),
    ("count > 1", 1, "'count' is not known"),
    ("count(24h).x > 1", 11, "found '.'"),
]


@pytest.mark.parametrize(("text", "column", "message"), WINDOW_ERRORS)
def test_an_error_in_a_window_names_the_column(text: str, column: int, message: str) -> None:
    with pytest.raises(ConditionError) as refused:
        windowed(text)
    assert message in refused.value.message
    assert refused.value.column == column


def test_windows_stand_in_the_conditions_of_rules_alone() -> None:
    with pytest.raises(ConditionError, match="column 16: only the conditions of rules look at other calls"):
        compiled("args.a = 1 AND count(24h) > 1")


# ---- errors


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "ends too early"),
        ("args.amount >", 14, "ends too early"),
        ("args.amount < < 5", 15, "found '<'"),
        ("args.amount =< 5", 14, "found '<'"),
        ("arg.amount > 5", 1, "starts with args"),
        ("args.a = 1 AND arg.b = 2", 16, "'arg' is not known"),
        ('args.env = "prod"', 12, "'single quotes'"),
        ("args.env = 'prod", 12, "not closed"),
        ("args.a = 1 args.b = 2", 12, "expected AND or OR"),
        ("args.a = 1e3", 10, "found '1'"),
        ("args.a = 1_000", 10, "found '1'"),
        ("args.a = 010", 10, "found '0'"),
        ("args.a = .5", 10, "found '.'"),
        ("args.a = 5.", 10, "found '5'"),
        ("args.a IN ()", 12, "found ')'"),
        ("args.a LIKE 5", 13, "a 'text'"),
        ("args.a LIKE 'x\\%'", 13, "backslash"),
        ("args.a BETWEEN 1 OR 2", 18, "expected AND"),
        ("args.a IS 5", 11, "NULL"),
        ("(args.a = 1", 12, "')'"),
        ("args.a = 1)", 11, "found ')'"),
        ("args.a ~ 'x'", 8, "found '~'"),
        ("args.a = 1;", 11, "found ';'"),
        ("args.\n\nb ~ 1", 10, "found '~'"),
        ("5", 1, "not a condition"),
        ("args.a OR 'x'", 11, "not a condition"),
        ("args[-1] = 1", 6, "found '-1'"),
        ("args.größe = 1", 8, "found 'ö'"),
    ],
)
def test_an_error_names_the_column(text: str, column: int, message: str) -> None:
    with pytest.raises(ConditionError) as refused:
        compiled(text)
    assert message in refused.value.message
    assert (refused.value.column, str(refused.value)) == (column, f"column {column}: {refused.value.message}")


@given(st.text("args.x =<>'()[]1 NOTandIN%,é\n\"", max_size=30))
def test_any_text_is_a_condition_or_a_condition_error(text: str) -> None:
    column = 1
    try:
        compiled(text)
    except ConditionError as e:
        column = e.column
    assert 1 <= column <= len(text) + 1


@pytest.mark.parametrize(
    "text",
    ["NOT " * 1000 + "TRUE", "NOT\t" * 1000 + "TRUE", "NOT(" * 800 + "TRUE" + ")" * 800,
     "(TRUE OR " * 400 + "TRUE" + ")" * 400, "x" * 5000],
)  # fmt: skip
def test_nesting_and_length_are_capped(text: str) -> None:
    with pytest.raises(ConditionError):
        compiled(text)


def test_many_parts_side_by_side_are_not_nesting() -> None:
    assert holds(" AND ".join(["args.a IS NOT NULL"] * 150), args={"a": 1}) is True
    assert holds("(" * 1000 + "TRUE" + ")" * 1000) is True
    assert holds("args.a = '" + "(" * 1000 + " NOT NOT'", args={"a": "x"}) is False


# ---- what is kept, and what it costs


def test_the_tree_is_kept() -> None:
    condition = compiled("args.n >= 100 OR NOT call.agent = 'a''b' and attributes.x<1.50")
    amount = Compare(">=", Path(("args", "n")), Literal(Decimal(100)))
    agent = Not(Compare("=", Path(("call", "agent")), Literal("a'b")))
    small = Compare("<", Path(("attributes", "x")), Literal(Decimal("1.50")))
    assert condition.tree == Or((amount, And((agent, small))))
    assert condition.roots == {"args", "call", "attributes"}
    assert [path.parts for path in paths(condition.tree)] == [("args", "n"), ("call", "agent"), ("attributes", "x")]


def test_the_parser_is_loaded_when_the_first_condition_is_compiled() -> None:
    code = "import sys, mcp_gate.lang.conditions; assert 'lark' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_evaluation_takes_microseconds() -> None:
    condition = compiled("result.amount < 100 AND result.prior_refunds < 3")
    env = {"result": {"amount": 99.5, "prior_refunds": 1}}
    start = time.process_time()
    for _ in range(1000):
        condition.holds(env)
    assert time.process_time() - start < 0.5
