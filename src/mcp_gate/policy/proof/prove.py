"""Proves what an admin claims of a policy, for every call there can be, or finds a call that shows the contrary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from mcp_gate.model.call import Facts
from mcp_gate.model.decision import Decision
from mcp_gate.policy.clauses import compile_rule, subject_of
from mcp_gate.policy.engine import INVARIANTS, Policy
from mcp_gate.policy.proof.cnf import Literal
from mcp_gate.policy.proof.findings import Claim, Example, Idle, Report, Result, Step
from mcp_gate.policy.proof.likely import seen_deciding
from mcp_gate.policy.proof.matching import matches
from mcp_gate.policy.proof.patterns import MOST_STATES
from mcp_gate.policy.proof.questions import Questions
from mcp_gate.policy.proof.solver import Answer
from mcp_gate.policy.proof.space import Space
from mcp_gate.policy.proof.verdicts import LayerProof, PolicyProof, at_least
from mcp_gate.policy.rules import Layer, Rule

STRICTER: Final = (Decision.ALLOW_WITH_CONSTRAINTS, Decision.REQUIRE_APPROVAL, Decision.DENY)
"""Every decision that another is weaker than."""

Progress: TypeAlias = Callable[[str], None]
"""Told what is looked at next."""


def prove(
    policy: Policy,
    claims: Sequence[Rule],
    *,
    seconds: float | None = None,
    most: int = MOST_STATES,
    progress: Progress = lambda step: None,
) -> Report:
    """Everything that `policy prove` says.

    Args:
        claims: the `never` claims, each as a rule whose decision is the weakest that is claimed.
        seconds: for each question to the solver.
        most: states that the globs may need.

    Raises:
        NoSolver: the extra `prove` is not installed.
        Explodes: the globs need more states.
    """
    return _Prover(policy, claims, seconds, most, progress).report()


class _Prover:
    """One policy as a formula, and a solver that remembers what it learned of it."""

    def __init__(
        self, policy: Policy, claims: Sequence[Rule], seconds: float | None, most: int, progress: Progress
    ) -> None:
        self._policy, self._bare, self._progress = policy, without_invariants(policy), progress
        self._levels = range(max(1, len(policy.levels)))
        progress("the rules as a formula")
        space = Space(most)
        self._proof = PolicyProof(space, policy)
        self._claims = [(claim, matches(space, claim)) for claim in claims]
        space.close()
        self._ask = Questions(space, seconds)

    def report(self) -> Report:
        claims = tuple(self._kept(claim, about, self._policy) for claim, about in self._claims)
        invariants = tuple(self._kept(rule, about, self._bare) for rule, about in self._proof.invariants)
        idle, undecided = self._idle()
        return Report(claims, invariants, idle, undecided, tuple(self._steps()))

    # ---- claims and invariants

    def _kept(self, claim: Rule, about: Literal, policy: Policy) -> Claim:
        """Whether a policy never decides more weakly than this where it applies."""
        self._progress(f"'{claim.id}'")
        if self._ask.possible([about]) is Answer.IMPOSSIBLE:
            return Claim(claim, dict.fromkeys(self._levels, Result.PROVED), empty=True)
        breaks = breaking(policy, claim)
        results: dict[int, Result] = {}
        examples: dict[Result, Example] = {}
        for level in self._levels:
            held = self._proof.demands(at_least(claim.decision), level, invariants=policy is self._policy)
            results[level], facts = self._ask.example([about, -held], level, breaks)
            if facts is not None:
                examples.setdefault(results[level], Example(facts, policy.decide(facts)))
        return Claim(claim, results, examples.get(Result.DISPROVED) or examples.get(Result.POSSIBLE))

    # ---- rules that never decide

    def _idle(self) -> tuple[tuple[Idle, ...], tuple[Rule, ...]]:
        found, undecided = [], []
        compiled = (rules for _, rules in (*self._policy.layers, *self._policy.levels))
        for layer, rules in zip((*self._proof.documents, *self._proof.levels), compiled, strict=True):
            self._progress(f"rules of {layer.name} that never decide")
            for number, (rule, decides) in enumerate(zip(layer.rules, layer.decides(), strict=True)):
                if seen_deciding(rules, number):
                    continue
                match self._ask.possible([decides]):
                    case Answer.IMPOSSIBLE:
                        found.append(Idle(layer.name, rule, self._hiding(layer, number)))
                    case Answer.UNDECIDED:
                        undecided.append(rule)
        for rule, about in self._proof.invariants:
            if self._ask.possible([about]) is Answer.IMPOSSIBLE:
                found.append(Idle(INVARIANTS, rule, ()))
        return tuple(found), tuple(undecided)

    def _hiding(self, layer: LayerProof, number: int) -> tuple[Rule, ...]:
        """Earlier rules that take every call of one; not always as few as could be."""
        earlier: dict[Literal, Rule] = {}
        for rule, literal in zip(layer.rules[:number], layer.matches[:number], strict=True):
            earlier.setdefault(-literal, rule)
        core = self._ask.excluding([layer.matches[number], *earlier])
        return tuple(rule for literal, rule in earlier.items() if literal in core)

    # ---- levels

    def _steps(self) -> Iterator[Step]:
        for level in self._levels[:-1]:
            self._progress(f"level {level + 1} beside level {level}")
            cnf, demands = self._ask.space.cnf, self._proof.demands
            stricter = cnf.any_of(
                cnf.all_of([demands(at_least(word), level + 1), -demands(at_least(word), level)]) for word in STRICTER
            )
            result, facts = self._ask.example([stricter], level, self._stricter_above)
            if result is not Result.PROVED:
                yield Step(level, result, *([] if facts is None else self._both(facts)))

    def _stricter_above(self, facts: Facts) -> bool:
        lower, higher = self._both(facts)
        return higher.verdict.decision > lower.verdict.decision

    def _both(self, facts: Facts) -> tuple[Example, Example]:
        """The call at its level and at the next."""
        above = at_level(facts, facts.signals.level + 1)
        return Example(facts, self._policy.decide(facts)), Example(above, self._policy.decide(above))


def breaking(policy: Policy, claim: Rule) -> Callable[[Facts], bool]:
    """Whether a call is one that the claim is about, and the policy decides it more weakly."""
    compiled = compile_rule("never", claim)

    def breaks(facts: Facts) -> bool:
        weaker = policy.decide(facts).decision < claim.decision
        return weaker and compiled.concerns(subject_of(facts)) and compiled.matches(facts)

    return breaks


def at_level(facts: Facts, level: int) -> Facts:
    """The same call by an agent at another level."""
    return replace(facts, signals=replace(facts.signals, level=level))


def without_invariants(policy: Policy) -> Policy:
    """The rules alone."""
    layers = [Layer(name, tuple(compiled.rule for compiled in rules)) for name, rules in policy.layers]
    levels = {number: Layer(name, tuple(c.rule for c in rules)) for number, (name, rules) in enumerate(policy.levels)}
    return Policy(layers, (), policy.terms, levels)
