"""The cheap half of proofs: calls that globs and tags alone suggest, judged by the engine one by one.

What it finds is so. What it does not find may be so all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import combinations, islice, product
from typing import Final

from mcp_gate.model.call import Description, Facts, Signals
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.proof.difference import changed, in_order, levels_of
from mcp_gate.policy.proof.findings import Change, Example, Result, Step
from mcp_gate.policy.proof.patterns import Explodes, Words, classes, of_glob
from mcp_gate.policy.proof.prove import at_level, breaking
from mcp_gate.policy.proof.shrink import shrink
from mcp_gate.policy.proof.terms import Term, terms_of
from mcp_gate.policy.rules import Match, Rule

MOST_STATES: Final = 2_000
MOST_TEXTS: Final = 400
"""Kinds of topics, and of names, that are tried."""
MOST_CALLS: Final = 3_000
"""Calls that are judged for each question."""
SURE: Final = Signals(confidence=Decimal(1))
"""What gives the least reason to hold a call."""


def disproved(policy: Policy, claims: Sequence[Rule]) -> Iterator[tuple[Rule, Example]]:
    """Claims that a call breaks."""
    tried = _Tried([*policy.rules(), *claims])
    for claim in claims:
        breaks = breaking(policy, claim)
        found = next(filter(breaks, _at_levels(tried.about(claim.match), levels_of(policy, policy))), None)
        if found is not None:
            facts = shrink(found, breaks)
            yield claim, Example(facts, policy.decide(facts))


def stricter_above(policy: Policy) -> Iterator[Step]:
    """Levels whose next is stricter for a call."""
    tried = _Tried(policy.rules())
    for level in range(len(policy.levels) - 1):
        calls = islice(tried.all(), MOST_CALLS)

        def stricter(facts: Facts) -> bool:
            return _above(policy, facts).decision > policy.decide(facts).decision

        found = next(filter(stricter, (at_level(facts, level) for facts in calls)), None)
        if found is not None:
            facts = shrink(found, stricter)
            above = at_level(facts, level + 1)
            lower, higher = (Example(one, policy.decide(one)) for one in (facts, above))
            yield Step(level, Result.DISPROVED, lower, higher)


def changes(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Ways in which verdicts change, weaker ones first; as `difference.difference` finds all of them."""
    tried, terms = _Tried([*old.rules(), *new.rules()]), terms_of((old, new))
    found: dict[str, Change] = {}

    def note(what: str, weaker: bool, facts: Facts, term: Term | None = None) -> None:
        found.setdefault(what, changed(what, weaker, Result.DISPROVED, facts, old, new, term))

    for facts in _at_levels(tried.all(), levels_of(old, new)):
        before, after = old.decide(facts), new.decide(facts)
        if before.decision is not after.decision:
            note(f"{before.decision.word} -> {after.decision.word}", after.decision < before.decision, facts)
            continue
        for term in terms:
            if not term.concerns(before.decision):
                continue
            if term.looser(before, after):
                note(f"{term.name} looser", True, facts, term)
            if term.looser(after, before):
                note(f"{term.name} tighter", False, facts, term)
    return in_order(found.values())


def _above(policy: Policy, facts: Facts) -> Verdict:
    return policy.decide(at_level(facts, facts.signals.level + 1))


def _at_levels(calls: Iterable[Facts], levels: range) -> Iterator[Facts]:
    return islice((at_level(facts, level) for facts in calls for level in levels), MOST_CALLS)


class _Tried:
    """Calls of every kind that globs and tags tell apart, as far as there is room, plain ones first."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        matches = [rule.match for rule in rules]
        self._topics = _texts((match.topics for match in matches), Words.TOPICS, "job.x")
        self._agents = _texts((match.agents for match in matches), Words.NAMES, "default")
        self._upstreams = _texts((match.upstreams for match in matches), Words.NAMES, "upstream")
        self._tools = _texts((match.tools for match in matches), Words.NAMES, "tool")
        self._tags = sorted({tag for match in matches for tag in _tags(match)})

    def all(self) -> Iterator[Facts]:
        """With no tag, one, or two."""
        return self._calls(frozenset(tags) for size in range(3) for tags in combinations(self._tags, size))

    def about(self, match: Match) -> Iterator[Facts]:
        """With tags that a match asks for, and at most one more."""
        needed, none = match.risk_tags_all or frozenset(), match.risk_tags_none or frozenset()
        least = [needed | {tag} for tag in sorted(match.risk_tags or ())] or [needed]
        more = [tags | {tag} for tag in self._tags for tags in least]
        return self._calls(tags for tags in dict.fromkeys([*least, *more]) if none.isdisjoint(tags))

    def _calls(self, tag_sets: Iterable[frozenset[str]]) -> Iterator[Facts]:
        for tags in tag_sets:
            for agent, upstream, tool, topic in product(self._agents, self._upstreams, self._tools, self._topics):
                yield Facts(agent, upstream, tool, Description(topic, tags), {}, SURE)


def _tags(match: Match) -> Iterator[str]:
    for tags in (match.risk_tags, match.risk_tags_all, match.risk_tags_none):
        yield from tags or ()


def _texts(globs: Iterable[tuple[str, ...] | None], words: Words, usual: str) -> list[str]:
    """A text of each kind; where there are too many kinds, of no particular one."""
    tests = {frozenset(map(of_glob, several)) for several in globs if several is not None}
    try:
        kinds = classes(sorted(tests, key=repr), words, MOST_STATES)
    except Explodes:
        return [usual]
    return [usual, *islice(kinds.values(), MOST_TEXTS)] if len(kinds) > 1 else [usual]
