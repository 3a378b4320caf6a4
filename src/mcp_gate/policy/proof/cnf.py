"""A formula as clauses over numbered variables, grown gate by gate (Tseitin's way), constants folded at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final, Protocol, TypeAlias, TypeVar

Literal: TypeAlias = int
"""A variable, or its negation as the negative number."""

K = TypeVar("K")

TRUE: Final[Literal] = 1
FALSE: Final[Literal] = -1
PAIRWISE: Final = 6
"""Up to so many literals are kept apart two by two."""


class Cnf:
    """Clauses that all hold. Variable 1 is true."""

    def __init__(self) -> None:
        self.variables = 1
        self.clauses: list[tuple[Literal, ...]] = [(TRUE,)]
        self._gates: dict[frozenset[Literal], Literal] = {}

    def new(self) -> Literal:
        """A variable that nothing is said of yet."""
        self.variables += 1
        return self.variables

    def add(self, *literals: Literal) -> None:
        """At least one of these holds."""
        if TRUE not in literals:
            self.clauses.append(tuple(literal for literal in literals if literal != FALSE))

    def all_of(self, literals: Iterable[Literal]) -> Literal:
        """True where all of these are."""
        parts = frozenset(literals) - {TRUE}
        if FALSE in parts or any(-part in parts for part in parts):
            return FALSE
        if len(parts) < 2:
            return next(iter(parts), TRUE)
        gate = self._gates.get(parts)
        if gate is None:
            gate = self._gates[parts] = self.new()
            for part in parts:
                self.clauses.append((-gate, part))
            self.clauses.append((gate, *(-part for part in parts)))
        return gate

    def any_of(self, literals: Iterable[Literal]) -> Literal:
        """True where one of these is."""
        return -self.all_of(-literal for literal in literals)

    def equal_to_any(self, literal: Literal, literals: Sequence[Literal]) -> None:
        """The literal is true where one of these is, and nowhere else."""
        self.add(-literal, *literals)
        for one in literals:
            self.add(literal, -one)

    def exactly_one(self, literals: Sequence[Literal]) -> None:
        """One of these holds and no other."""
        self.add(*literals)
        self._at_most_one(literals)

    def _at_most_one(self, literals: Sequence[Literal]) -> None:
        """In a square each has its row and its column, of which at most one is taken (Chen's product encoding)."""
        if len(literals) <= PAIRWISE:
            for one, other in combinations(literals, 2):
                self.add(-one, -other)
            return
        width = int(len(literals) ** 0.5 + 0.999)
        columns = [self.new() for _ in range(width)]
        rows = [self.new() for _ in range((len(literals) + width - 1) // width)]
        for at, literal in enumerate(literals):
            self.add(-literal, rows[at // width])
            self.add(-literal, columns[at % width])
        self._at_most_one(rows)
        self._at_most_one(columns)


class Variables(dict[K, Literal]):
    """A variable for every key that is asked for."""

    def __init__(self, cnf: Cnf) -> None:
        super().__init__()
        self._cnf = cnf

    def __missing__(self, key: K) -> Literal:
        literal = self[key] = self._cnf.new()
        return literal


class Model(Protocol):
    """One way to make all clauses true."""

    def __getitem__(self, literal: Literal, /) -> bool:
        """Whether a literal holds in it."""
        ...
