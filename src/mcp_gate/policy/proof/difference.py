"""For which calls one policy is weaker than another, and for which it is stricter, with a call for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import product
from typing import TypeAlias

from mcp_gate.model.call import Facts
from mcp_gate.model.decision import Decision
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.proof.cnf import Cnf, Literal
from mcp_gate.policy.proof.findings import Change, Result
from mcp_gate.policy.proof.patterns import MOST_STATES
from mcp_gate.policy.proof.prove import STRICTER, Progress
from mcp_gate.policy.proof.questions import Questions
from mcp_gate.policy.proof.solver import Answer
from mcp_gate.policy.proof.space import Space
from mcp_gate.policy.proof.terms import Term, terms_of
from mcp_gate.policy.proof.verdicts import PolicyProof, at_least


def difference(
    old: Policy,
    new: Policy,
    *,
    seconds: float | None = None,
    most: int = MOST_STATES,
    progress: Progress = lambda step: None,
) -> tuple[Change, ...]:
    """Every way in which verdicts change, weaker ones first. Compared are decisions; where they are the same, bounds
    and what an approval needs. Times, routes and tiers are not.

    Args:
        seconds: for each question to the solver.
        most: states that the globs may need.

    Raises:
        NoSolver: the extra `prove` is not installed.
        Explodes: the globs need more states.
    """
    return in_order(_Difference(old, new, seconds, most, progress).changes())


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Weaker ones first."""
    return tuple(sorted(changes, key=lambda change: (not change.weaker, change.what)))


_Named: TypeAlias = tuple[str, Change]
"""A change by what it is, whatever the example."""


class _Difference:
    def __init__(self, old: Policy, new: Policy, seconds: float | None, most: int, progress: Progress) -> None:
        progress("both policies as a formula")
        space = Space(most)
        self._sides = (PolicyProof(space, old), PolicyProof(space, new))
        space.close()
        self._old, self._new, self._progress = old, new, progress
        self._ask, self._cnf = Questions(space, seconds), space.cnf
        self._terms = terms_of((old, new))

    def changes(self) -> Iterator[Change]:
        """Each once, with all levels at which it is, and an example of the first."""
        found: dict[str, Change] = {}
        for level in levels_of(self._old, self._new):
            for kind, change in self._at(level):
                first = found.setdefault(kind, change)
                if first is not change:
                    found[kind] = replace(first, levels=(*first.levels, level))
        return iter(found.values())

    def _at(self, level: int) -> Iterator[_Named]:
        old, new = ([side.demands(at_least(word), level) for word in STRICTER] for side in self._sides)
        same = self._cnf.all_of(_equal(self._cnf, one, other) for one, other in zip(old, new, strict=True))
        for weaker in (True, False):
            more, less = (old, new) if weaker else (new, old)
            differs = self._cnf.any_of(self._cnf.all_of([a, -b]) for a, b in zip(more, less, strict=True))
            if self._ask.possible([differs]) is Answer.IMPOSSIBLE:
                continue
            for was, now in product(Decision, repeat=2):
                if was is not now and (now < was) is weaker:
                    yield from self._decisions(was, now, [*_exactly(was, old), *_exactly(now, new)], level)
        for term in self._terms:
            about = [same, old[1], -old[2]] if term.of_held else [same, -old[2]]
            for weaker in (True, False):
                yield from self._term(term, weaker, about, level)

    def _decisions(self, was: Decision, now: Decision, literals: list[Literal], level: int) -> Iterator[_Named]:
        what = f"{was.word} -> {now.word}"
        self._progress(what)
        yield from self._change(
            what, now < was, literals, level, lambda old, new: (old.decision, new.decision) == (was, now)
        )

    def _term(self, term: Term, weaker: bool, about: list[Literal], level: int) -> Iterator[_Named]:
        what = f"{term.name} {'looser' if weaker else 'tighter'}"
        self._progress(what)
        lacks = []
        for grade in term.grades:
            old, new = (
                side.demands(term.demand(grade, policy.terms), level)
                for side, policy in zip(self._sides, (self._old, self._new), strict=True)
            )
            lacks.append(self._cnf.all_of([old, -new] if weaker else [new, -old]))

        def shows(old: Verdict, new: Verdict) -> bool:
            both = (old, new) if weaker else (new, old)
            return old.decision is new.decision and term.concerns(old.decision) and term.looser(*both)

        yield from self._change(what, weaker, [*about, self._cnf.any_of(lacks)], level, shows, term)

    def _change(
        self, what: str, weaker: bool, literals: list[Literal], level: int, shows: Callable[[Verdict, Verdict], bool],
        term: Term | None = None,
    ) -> Iterator[_Named]:  # fmt: skip
        result, facts = self._ask.example(
            literals, level, lambda facts: shows(self._old.decide(facts), self._new.decide(facts))
        )
        if result is Result.PROVED:
            return
        if facts is None:
            yield what, Change(what, weaker, result, (level,))
        else:
            yield what, changed(what, weaker, result, facts, self._old, self._new, term)


def levels_of(old: Policy, new: Policy) -> range:
    """Every level that either policy has; one above the highest of the other has its highest."""
    return range(max(1, len(old.levels), len(new.levels)))


def changed(
    what: str, weaker: bool, result: Result, facts: Facts, old: Policy, new: Policy, term: Term | None = None
) -> Change:
    """A change with its example, judged by both policies."""
    before, after = old.decide(facts), new.decide(facts)
    if term is not None:
        what = f"{what}: {term.shown(before)} -> {term.shown(after)}"
    return Change(what, weaker, result, (facts.signals.level,), facts, before, after)


def _exactly(word: Decision, at_least_: list[Literal]) -> list[Literal]:
    """That a decision is this one, where the literals say that it is at least each stricter one."""
    return at_least_[max(word, 1) - 1 : word] + [-literal for literal in at_least_[word : word + 1]]


def _equal(cnf: Cnf, one: Literal, other: Literal) -> Literal:
    return cnf.any_of([cnf.all_of([one, other]), cnf.all_of([-one, -other])])
