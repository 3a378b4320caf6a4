"""Clauses, gates and the solver, against truth tables."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.policy.proof.cnf import FALSE, TRUE, Cnf
from mcp_gate.policy.proof.solver import Answer, Solver

INPUTS = 4
GATES = st.lists(
    st.tuples(st.booleans(), st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=3)), min_size=1, max_size=6
)
"""AND or OR of earlier literals (by position, from the constants and inputs on), each as it is or negated."""


def evaluate(gates: list[tuple[bool, list[tuple[int, bool]]]], inputs: tuple[bool, ...]) -> list[bool]:
    values = [True, *inputs]
    for conjunction, parts in gates:
        taken = [values[at % len(values)] is plain for at, plain in parts]
        values.append(all(taken) if conjunction else any(taken))
    return values


@settings(max_examples=60, deadline=None)
@given(GATES)
def test_gates_say_what_a_truth_table_says(gates: list[tuple[bool, list[tuple[int, bool]]]]) -> None:
    cnf = Cnf()
    inputs = [cnf.new() for _ in range(INPUTS)]
    literals = [TRUE, *inputs]
    for conjunction, parts in gates:
        taken = [literals[at % len(literals)] * (1 if plain else -1) for at, plain in parts]
        literals.append(cnf.all_of(taken) if conjunction else cnf.any_of(taken))
    solver = Solver(cnf)
    for values in itertools.product([True, False], repeat=INPUTS):
        given_ = [literal if value else -literal for literal, value in zip(inputs, values, strict=True)]
        assert solver.ask(given_) is Answer.POSSIBLE
        model = solver.model()
        assert [model[literal] for literal in literals] == evaluate(gates, values)


@pytest.mark.parametrize("count", [1, 2, 6, 7, 40])
def test_exactly_one_holds_and_any_of_them_can(count: int) -> None:
    cnf = Cnf()
    literals = [cnf.new() for _ in range(count)]
    cnf.exactly_one(literals)
    solver = Solver(cnf)
    for literal in literals:
        assert solver.ask([literal]) is Answer.POSSIBLE
        model = solver.model()
        assert [one for one in literals if model[one]] == [literal]
    assert solver.ask([-literal for literal in literals]) is Answer.IMPOSSIBLE
    for one, other in itertools.combinations(literals, 2):
        assert solver.ask([one, other]) is Answer.IMPOSSIBLE


def test_constants_are_folded() -> None:
    cnf = Cnf()
    one = cnf.new()
    assert (cnf.all_of([]), cnf.any_of([])) == (TRUE, FALSE)
    assert (cnf.all_of([one, TRUE]), cnf.all_of([one, FALSE]), cnf.all_of([one, -one])) == (one, FALSE, FALSE)
    assert (cnf.any_of([one, FALSE]), cnf.any_of([one, -one])) == (one, TRUE)
    assert cnf.all_of([one, one]) == one
    assert len(cnf.clauses) == 1


def test_the_same_gate_is_made_once() -> None:
    cnf = Cnf()
    one, other = cnf.new(), cnf.new()
    assert cnf.all_of([one, other]) == cnf.all_of([other, one]) == -cnf.any_of([-one, -other])


def test_the_solver_tells_which_literals_exclude_each_other_and_takes_more_clauses() -> None:
    cnf = Cnf()
    a, b, c = cnf.new(), cnf.new(), cnf.new()
    cnf.add(-a, -b)
    solver = Solver(cnf)
    assert solver.ask([a, b, c]) is Answer.IMPOSSIBLE
    assert solver.core([a, b, c]) == {a, b}
    assert solver.ask([a, c]) is Answer.POSSIBLE
    cnf.add(-a, -c)
    assert solver.ask([a, c]) is Answer.IMPOSSIBLE


def test_a_question_that_takes_too_long_is_not_decided() -> None:
    pigeons, cnf = 12, Cnf()
    holes = [[cnf.new() for _ in range(pigeons - 1)] for _ in range(pigeons)]
    for hole in holes:
        cnf.add(*hole)
    for column in zip(*holes, strict=True):
        for one, other in itertools.combinations(column, 2):
            cnf.add(-one, -other)
    assert Solver(cnf, seconds=0.05).ask([]) is Answer.UNDECIDED
