"""What two verdicts can differ in besides the decision: bounds on the call, and what its approval needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Assurance, Decision
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.proof.verdicts import Demand
from mcp_gate.policy.rules import Rule
from mcp_gate.policy.terms import Terms

BOUNDS: Final = ("max_runtime_sec", "max_amount_usd", "max_output_bytes")
ELSEWHERE: Final = "\0"
"""Every host that no allowlist names."""


class Asked(NamedTuple):
    """What one rule asks for, or all that decide together."""

    constraints: Constraints
    approvals: int
    min_assurance: Assurance

    @classmethod
    def by(cls, rule: Rule, terms: Terms) -> Asked:
        """Of one rule."""
        own = rule.constraints
        if rule.decision is Decision.ALLOW_WITH_CONSTRAINTS and not own:
            own = terms.default_constraints
        return cls(own, rule.approvals or 1, rule.min_assurance or Assurance.SESSION)

    @classmethod
    def of(cls, verdict: Verdict) -> Asked:
        """Of a verdict."""
        return cls(verdict.constraints, verdict.approvals, verdict.min_assurance)


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that can be asked for, more or less strictly."""

    name: str
    of_held: bool
    """Whether it concerns calls that a person decides on, and no others."""
    grades: tuple[Any, ...]
    """How strictly it is asked for in these policies."""
    meets: Callable[[Asked, Any], bool]
    """Whether what is asked for is as strict as a grade. Several rules ask for what one of them does."""

    def concerns(self, decision: Decision) -> bool:
        """Whether it makes a difference for calls with this decision."""
        return decision is Decision.REQUIRE_APPROVAL if self.of_held else decision is not Decision.DENY

    def demand(self, grade: Any, terms: Terms) -> Demand:
        return lambda rule: self.meets(Asked.by(rule, terms), grade)

    def looser(self, old: Verdict, new: Verdict) -> bool:
        """Whether a verdict lacks something that another asks for."""
        return any(self.meets(Asked.of(old), grade) and not self.meets(Asked.of(new), grade) for grade in self.grades)

    def shown(self, verdict: Verdict) -> str:
        """What a verdict asks for."""
        if self.of_held:
            value = getattr(verdict, self.name)
            return value.word if isinstance(value, Assurance) else str(value)
        bound = getattr(verdict.constraints, self.name)
        if bound is None:
            return "none"
        return (", ".join(bound) or "no host") if isinstance(bound, tuple) else str(bound)


def terms_of(policies: Iterable[Policy]) -> list[Term]:
    """Everything that rules of these policies ask for differently."""
    asked = [Asked.by(rule, policy.terms) for policy in policies for rule in policy.rules()]
    terms = [_bound(name, asked) for name in BOUNDS]
    lists = {one.constraints.network_allowlist for one in asked} - {None}
    hosts = {host for listed in lists for host in listed or ()}
    terms.append(Term("network_allowlist", False, (*sorted(hosts), ELSEWHERE) if lists else (), _closed))
    approvals = tuple(sorted({one.approvals for one in asked}))
    terms.append(Term("approvals", True, approvals, lambda one, grade: one.approvals >= grade))
    terms.append(Term("min_assurance", True, tuple(Assurance), lambda one, grade: one.min_assurance >= grade))
    return [term for term in terms if term.grades]


def _bound(name: str, asked: list[Asked]) -> Term:
    def meets(one: Asked, grade: Any) -> bool:
        bound = getattr(one.constraints, name)
        return bound is not None and bound <= grade

    grades = {getattr(one.constraints, name) for one in asked} - {None}
    return Term(name, False, tuple(sorted(grades)), meets)


def _closed(one: Asked, host: str) -> bool:
    """Whether calls may not go to a host."""
    allowlist = one.constraints.network_allowlist
    return allowlist is not None and host not in allowlist
