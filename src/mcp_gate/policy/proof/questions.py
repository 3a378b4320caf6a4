"""Questions to the solver about one space, and examples that the engine has confirmed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from mcp_gate.model.call import Facts
from mcp_gate.policy.proof.cnf import FALSE, Literal, Model
from mcp_gate.policy.proof.findings import Result
from mcp_gate.policy.proof.shrink import shrink
from mcp_gate.policy.proof.solver import Answer, Solver
from mcp_gate.policy.proof.space import Space
from mcp_gate.policy.proof.witness import witnesses

TRIES: Final = 16
"""Models looked at, where what is not modelled keeps the engine from confirming the first."""

TOPICS: Final = 200
"""Topics that are tried in place of an example's, shortest first."""


class Questions:
    """A closed space, and what was learned about it."""

    def __init__(self, space: Space, seconds: float | None) -> None:
        """
        Raises:
            NoSolver: the extra is not installed.
        """
        self.space = space
        self._solver = Solver(space.cnf, seconds)
        self._topics = space.topic.shortest(TOPICS)

    def possible(self, literals: Iterable[Literal]) -> Answer:
        """Whether some call makes all of these true."""
        return self._solver.ask(literals)

    def excluding(self, literals: Collection[Literal]) -> frozenset[Literal]:
        """Those of literals that exclude each other which already do so."""
        answer = self._solver.ask(literals)
        return self._solver.core(literals) if answer is Answer.IMPOSSIBLE else frozenset()

    def example(
        self, literals: Sequence[Literal], level: int, shows: Callable[[Facts], bool]
    ) -> tuple[Result, Facts | None]:
        """Whether a call makes all of these true, and one that the engine confirms.

        Args:
            level: of the agent who calls.
            shows: asks the engine. An example that it does not confirm is a possible one.
        """
        answer = self._solver.ask(literals)
        first: Facts | None = None
        blocked: list[Literal] = []
        while answer is Answer.POSSIBLE and len(blocked) < TRIES:
            model = self._solver.model()
            for facts in witnesses(self.space, model, level):
                if shows(facts):
                    return Result.DISPROVED, shrink(facts, shows, self._topics)
                first = first or facts
            blocked.append(self._unlike(model))
            answer = self._solver.ask([*literals, *blocked])
        if first is not None:
            return Result.POSSIBLE, first
        return (Result.UNDECIDED if answer is Answer.UNDECIDED else Result.PROVED), None

    def _unlike(self, model: Model) -> Literal:
        """True where what is not modelled is otherwise than in a model."""
        free = self.space.free()
        return self.space.cnf.any_of(-one if model[one] else one for one in free) if free else FALSE
