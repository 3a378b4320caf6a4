"""z3 behind one small door: is there a way to make these literals true."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

from mcp_gate.policy.proof.cnf import Cnf, Literal, Model

CURE: Final = "pip install 'mcp-gate[prove]'"


class NoSolver(Exception):
    """The extra `prove` is not installed."""

    def __init__(self) -> None:
        super().__init__(f"proofs need z3, which is not installed; {CURE}")


class Answer(Enum):
    """What the solver says to one question."""

    POSSIBLE = "there is a way"
    IMPOSSIBLE = "there is none"
    UNDECIDED = "the time was over"


class Solver:
    """Remembers what it learned from one question to the next."""

    def __init__(self, cnf: Cnf, seconds: float | None = None) -> None:
        """
        Args:
            cnf: more may be added to it between questions.
            seconds: for each question.

        Raises:
            NoSolver: z3 is not installed.
        """
        try:
            import z3
        except ImportError:
            raise NoSolver from None
        self._z3: Any = z3
        self._context: Any = z3.Context()  # of its own: what was asked before, of others, changes no answer
        self._cnf = cnf
        self._told = 0
        self._terms: dict[Literal, Any] = {}
        self._solver: Any = z3.SolverFor("QF_FD", ctx=self._context)  # finite domains: a SAT solver that keeps lemmas
        if seconds is not None:
            self._solver.set("timeout", max(1, int(seconds * 1000)))

    def ask(self, literals: Iterable[Literal]) -> Answer:
        """Whether all clauses can hold and these literals too."""
        self._tell()
        answer = self._solver.check(*map(self._terms.__getitem__, literals))
        if answer == self._z3.sat:
            return Answer.POSSIBLE
        if answer == self._z3.unsat:
            return Answer.IMPOSSIBLE
        if "interrupted" in self._solver.reason_unknown():
            raise KeyboardInterrupt  # z3 takes the signal for itself while it works
        return Answer.UNDECIDED

    def model(self) -> Model:
        """The way that was found. Good until the next question."""
        return _Model(self._solver.model(), self._terms, self._z3)

    def core(self, literals: Iterable[Literal]) -> frozenset[Literal]:
        """Those of the literals just asked about that exclude each other already; not always as few as could be."""
        core = {term.get_id() for term in self._solver.unsat_core()}
        return frozenset(literal for literal in literals if self._terms[literal].get_id() in core)

    def _tell(self) -> None:
        """Hand over what was added, as text: a tenth of the time of building it term by term."""
        if self._told == len(self._cnf.clauses):
            return
        new = self._cnf.clauses[self._told :]
        names = range(len(self._terms) // 2 + 1, self._cnf.variables + 1)
        text = [f"(declare-const v{name} Bool)" for name in names]
        text.extend(f"(assert (or {' '.join(map(_word, clause))} false))" for clause in new)
        self._solver.from_string("\n".join(text))
        self._told += len(new)
        for name in names:
            self._terms[name] = self._z3.Bool(f"v{name}", self._context)
            self._terms[-name] = self._z3.Not(self._terms[name])


def _word(literal: Literal) -> str:
    return f"v{literal}" if literal > 0 else f"(not v{-literal})"


class _Model:
    """Looks up what is asked for, and no more: most of a model is of no interest."""

    def __init__(self, model: Any, terms: dict[Literal, Any], z3: Any) -> None:
        self._model, self._terms, self._z3 = model, terms, z3

    def __getitem__(self, literal: Literal) -> bool:
        value = self._z3.is_true(self._model.eval(self._terms[abs(literal)]))
        return bool(value) is (literal > 0)
