"""What a policy decides, as literals: which rules decide a call, and what one of them asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TypeAlias

from mcp_gate.model.decision import Decision
from mcp_gate.policy.clauses import Compiled
from mcp_gate.policy.engine import UNMAPPED, Policy
from mcp_gate.policy.proof.cnf import FALSE, Literal
from mcp_gate.policy.proof.matching import matches
from mcp_gate.policy.proof.space import Space
from mcp_gate.policy.rules import Rule

Demand: TypeAlias = Callable[[Rule], bool]
"""What a rule may ask for. A verdict asks for whatever one of the deciding rules does: strictest wins."""


def at_least(floor: Decision) -> Demand:
    """Rules that decide so, or stricter."""
    return lambda rule: rule.decision >= floor


class LayerProof:
    """One layer in a space: its first matching rule decides for it."""

    def __init__(self, space: Space, name: str, rules: Sequence[Compiled]) -> None:
        self.name = name
        self.rules = [compiled.rule for compiled in rules]
        self._cnf = space.cnf
        self.matches = [matches(space, rule) for rule in self.rules]

    def speaks(self) -> Literal:
        """Whether any rule matches."""
        return self._cnf.any_of(self.matches)

    def demands(self, demand: Demand) -> Literal:
        """Whether the deciding rule asks for something."""
        found = FALSE
        for rule, literal in zip(reversed(self.rules), reversed(self.matches), strict=True):
            found = self._cnf.any_of([literal, found]) if demand(rule) else self._cnf.all_of([-literal, found])
        return found

    def decides(self) -> list[Literal]:
        """For each rule, whether it is the one that decides."""
        before = accumulate(self.matches, lambda one, other: self._cnf.any_of([one, other]), initial=FALSE)
        return [self._cnf.all_of([literal, -any_]) for literal, any_ in zip(self.matches, before, strict=False)]


class PolicyProof:
    """One policy in a space. What is asked of calls is all asked here, before the space is closed."""

    def __init__(self, space: Space, policy: Policy) -> None:
        self._space, self._default = space, policy.default.rule
        self.documents = [LayerProof(space, *layer) for layer in policy.layers]
        self.levels = [LayerProof(space, *layer) for layer in policy.levels]
        self.invariants = [(compiled.rule, matches(space, compiled.rule)) for compiled in policy.invariants]

    def demands(self, demand: Demand, level: int, *, invariants: bool = True) -> Literal:
        """Whether any deciding rule of a call by an agent at this level asks for something.

        Args:
            level: one above the highest has the highest; without levels any is the same.
            invariants: False: as if there were none.
        """
        any_of = self._space.cnf.any_of
        layers = [*self.documents, *(self.levels[level : level + 1] or self.levels[-1:])]
        found = [layer.demands(demand) for layer in layers]
        if demand(UNMAPPED.rule):
            found.append(self._space.unmapped)
        if demand(self._default):
            found.append(-any_of(layer.speaks() for layer in layers))
        if invariants:
            found.extend(literal for rule, literal in self.invariants if demand(rule))
        return any_of(found)
