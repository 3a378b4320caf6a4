"""The clauses of a match block as tests, compiled once. Deciding and explaining both run these, and nothing else."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mcp_gate.lang.conditions import ABSENT, WINDOWS, Condition, Truth, Window
from mcp_gate.lang.globs import compile_glob
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.call import UNKNOWN, Attribute, Facts
from mcp_gate.model.foreign import Json
from mcp_gate.model.verdict import LayerWord
from mcp_gate.policy.rules import Match, Rule

GATE_ATTRIBUTES: Final = frozenset({"confidence", "retry_count", "anomaly_score", "first_time_action", "tainted"})
"""Supplied by the gate itself, for every call."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The part of the facts that is the same for every call of a tool with the same tags."""

    agent: str
    upstream: str
    tool: str
    topic: str
    risk_tags: frozenset[str]
    unsure: frozenset[str] = frozenset()
    """As of `Description`."""

    @property
    def sure(self) -> frozenset[str]:
        """The tags that it has for certain."""
        return self.risk_tags - self.unsure


def subject_of(facts: Facts) -> Subject:
    """What is the same for every call like this one."""
    told = facts.description
    return Subject(facts.agent, facts.upstream, facts.tool, told.topic, told.risk_tags, told.unsure)


@dataclass(frozen=True, slots=True)
class Static:
    """A clause that looks at the subject alone."""

    key: str
    wanted: Iterable[str]
    """Globs in order, or tags."""
    test: Callable[[Subject], bool]
    """Whether it holds, or may: of some tags nobody can tell."""
    surely: Callable[[Subject], bool]
    """Whether it holds whichever of those tags are there."""
    value: Callable[[Subject], str]
    """What the call has where the clause looks."""
    tags: bool = False
    """Whether it looks at the risk tags."""

    @property
    def text(self) -> str:
        """As written, for `explain`."""
        return f"{self.key}: [{', '.join(sorted(self.wanted) if self.tags else self.wanted)}]"


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A clause that looks at arguments, attributes or signals; its test says None for unknown."""

    text: str
    test: Callable[[Facts], bool | None]
    value: Callable[[Facts], str]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule with its tests."""

    rule: Rule
    word: LayerWord
    """What its layer says when it decides."""
    static: tuple[Static, ...]
    dynamic: tuple[Dynamic, ...]
    maybe: bool = False
    """Among the candidates for a call: whether it matches depends on tags of which nobody can tell."""

    def concerns(self, subject: Subject) -> bool:
        """Whether the rule can match a call of this kind at all."""
        return all(clause.test(subject) for clause in self.static)

    def surely_concerns(self, subject: Subject) -> bool:
        """Whether it can whichever of the tags are there of which nobody can tell."""
        return self.doubt(subject) == ""

    def may_concern(self, subject: Subject) -> bool:
        """The same, whatever tags the arguments add."""
        return all(clause.tags or clause.test(subject) for clause in self.static)

    def matches(self, facts: Facts) -> bool:
        """Whether the rest matches; unknown does for a restrictive rule, and does not for a permissive one."""
        unknown_matches = self.rule.decision.restrictive
        for clause in self.dynamic:
            found = clause.test(facts)
            if found is False or (found is None and not unknown_matches):
                return False
        return True

    def doubt(self, subject: Subject) -> str:
        """The first clause of which nobody can tell whether it holds, and what the call has there; "" if none is."""
        if subject.unsure:
            for clause in self.static:
                if not clause.surely(subject):
                    return f"{clause.text} ({reveal(clause.value(subject))})"
        return ""

    def first_failure(self, subject: Subject, facts: Facts) -> str:
        """The first clause that keeps the rule from matching, and what the call has there; "" if none does."""
        for clause in self.static:
            if not clause.test(subject):
                return f"{clause.text} ({reveal(clause.value(subject))})"
        for check in self.dynamic:
            found = check.test(facts)
            if found is None and not self.rule.decision.restrictive:
                return f"{check.text} ({reveal(check.value(facts))}; an unknown value lets nothing pass)"
            if found is False:
                return f"{check.text} ({reveal(check.value(facts))})"
        return ""


def static_clauses(match: Match) -> tuple[Static, ...]:
    """The clauses of a match block that look at the subject alone."""
    return tuple(_static(match))


def compile_rule(document: str, rule: Rule) -> Compiled:
    """The tests of one rule of a layer."""
    word = LayerWord(document, rule.id, f"{rule.place.file}:{rule.place.line}")
    dynamic = tuple(_dynamic(rule.match, rule.decision.restrictive))
    return Compiled(rule, word, static_clauses(rule.match), dynamic)


def _static(match: Match) -> Iterator[Static]:
    if match.topics is not None:
        yield _globs("topics", match.topics, operator.attrgetter("topic"))
    if match.tools is not None:
        yield _globs("tools", match.tools, operator.attrgetter("tool"))
    if match.upstreams is not None:
        yield _globs("upstreams", match.upstreams, operator.attrgetter("upstream"))
    if match.agents is not None:
        yield _globs("agents", match.agents, operator.attrgetter("agent"))
    if (any_of := match.risk_tags) is not None:
        yield _tags("risk_tags", any_of, lambda tags: not any_of.isdisjoint(tags))
    if (all_of := match.risk_tags_all) is not None:
        yield _tags("risk_tags_all", all_of, lambda tags: all_of <= tags)
    if (none_of := match.risk_tags_none) is not None:
        yield _tags("risk_tags_none", none_of, none_of.isdisjoint, fewer=True)


def _globs(key: str, patterns: tuple[str, ...], get: Callable[[Subject], str]) -> Static:
    tests = [compile_glob(pattern) for pattern in patterns]
    first = tests[0]
    if len(tests) == 1:
        return _told(key, patterns, lambda s: first(get(s)), get)

    def test(subject: Subject) -> bool:
        value = get(subject)
        return any(matches(value) for matches in tests)

    return _told(key, patterns, test, get)


def _told(
    key: str, patterns: tuple[str, ...], test: Callable[[Subject], bool], get: Callable[[Subject], str]
) -> Static:  # fmt: skip
    """A clause about what can always be told."""
    return Static(key, patterns, test, test, get)


def _tags(key: str, wanted: frozenset[str], holds: Callable[[frozenset[str]], bool], *, fewer: bool = False) -> Static:
    """
    Args:
        holds: of the tags of a call.
        fewer: whether it sooner holds of fewer tags than of more.
    """

    def of_all(subject: Subject) -> bool:
        return holds(subject.risk_tags)

    def of_sure(subject: Subject) -> bool:
        return holds(subject.sure)

    may, surely = (of_sure, of_all) if fewer else (of_all, of_sure)
    return Static(key, wanted, may, surely, _tags_of, tags=True)


def _tags_of(subject: Subject) -> str:
    told = [f"{tag} (unknown)" if tag in subject.unsure else tag for tag in sorted(subject.risk_tags)]
    return ", ".join(told) or "no tags"


def _dynamic(match: Match, restrictive: bool) -> Iterator[Dynamic]:
    if (below := match.confidence_below) is not None:
        yield Dynamic(
            f"confidence_below: {below}",
            lambda f: None if f.signals.confidence is UNKNOWN else f.signals.confidence < below,
            lambda f: _shown(f.signals.confidence),
        )
    if (score := match.anomaly_score_above) is not None:
        yield Dynamic(
            f"anomaly_score_above: {score}",
            lambda f: None if f.signals.anomaly_score is UNKNOWN else f.signals.anomaly_score > score,
            lambda f: _shown(f.signals.anomaly_score),
        )
    if (retries := match.retry_count_above) is not None:
        yield Dynamic(
            f"retry_count_above: {retries}",
            lambda f: f.signals.retry_count > retries,
            lambda f: _shown(f.signals.retry_count),
        )
    if match.amount_usd_above is not None:
        yield _above("amount_usd", match.amount_usd_above)
    if match.affected_users_above is not None:
        yield _above("affected_users", match.affected_users_above)
    if (first := match.first_time_action) is not None:
        yield Dynamic(
            f"first_time_action: {_shown(first)}",
            lambda f: f.signals.first_time_action is first,
            lambda f: _shown(f.signals.first_time_action),
        )
    if (tainted := match.tainted) is not None:
        yield Dynamic(
            f"tainted: {_shown(tainted)}",
            lambda f: f.signals.tainted is tainted,
            lambda f: _shown(f.signals.tainted),
        )
    if (when := match.when) is not None:
        yield Dynamic(f"when: {when.text}", _when(when, restrictive), lambda f: _why_not(when, f))


def _above(name: str, threshold: Decimal) -> Dynamic:
    def test(facts: Facts) -> bool | None:
        """Not declared: absent, and no match. No number: unknown."""
        attributes = facts.description.attributes
        if name not in attributes:
            return False
        value = attributes[name]
        if value is UNKNOWN or isinstance(value, (str, bool)):
            return None
        return value > threshold

    def value(facts: Facts) -> str:
        attributes = facts.description.attributes
        return _shown(attributes[name]) if name in attributes else f"the mapping declares no {name}"

    return Dynamic(f"{name}_above: {threshold}", test, value)


class _Attributes(dict[str, Json]):
    """Attributes in which what nobody declared is absent rather than missing."""

    def get(self, key: str, default: Json = None) -> Json:
        return super().get(key, ABSENT)


def _when(condition: Condition, restrictive: bool) -> Callable[[Facts], bool | None]:
    """For a permissive rule an absent attribute makes the condition unknown, which does not match."""
    make = _Attributes if restrictive else dict
    roots, windows = condition.roots, condition.windows

    def test(facts: Facts) -> bool | None:
        told, signals = facts.description, facts.signals
        env: dict[str, Json] = {"args": facts.arguments}
        if "attributes" in roots:
            env["attributes"] = make(
                told.attributes,
                confidence=signals.confidence,
                retry_count=signals.retry_count,
                anomaly_score=signals.anomaly_score,
                first_time_action=signals.first_time_action,
                tainted=signals.tainted,
            )
        if "call" in roots:
            env["call"] = {
                "agent": facts.agent, "upstream": facts.upstream, "tool": facts.tool, "topic": told.topic,
                "risk_tags": UNKNOWN if told.unsure else sorted(told.risk_tags),
            }  # fmt: skip
        if windows:
            env[WINDOWS] = {window.text: _window(window, facts, restrictive) for window in windows}
        found = condition.holds(env)
        return None if found is Truth.UNKNOWN else found is Truth.TRUE

    return test


def _window(window: Window, facts: Facts, restrictive: bool) -> Json:
    """What a window comes to. A call that has no part in it is treated like an attribute that nobody declared."""
    if not facts.description.attributes.keys() >= set(window.attributes):
        return ABSENT if restrictive else UNKNOWN
    return facts.signals.windows.get(window.text, UNKNOWN)


def _why_not(condition: Condition, facts: Facts) -> str:
    values = facts.signals.windows
    seen = [f"{window.text} is {_shown(values.get(window.text, UNKNOWN))}" for window in condition.windows]
    return "; ".join(["it does not hold", *seen])


def _shown(value: Attribute) -> str:
    if value is UNKNOWN:
        return "unknown"
    return str(value).lower() if isinstance(value, bool) else str(value)
