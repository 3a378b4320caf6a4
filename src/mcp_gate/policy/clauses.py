"""The clauses of a match block as tests, compiled once. Deciding and explaining both run these, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from mcp_gate.lang.conditions import ABSENT, Condition, Truth
from mcp_gate.lang.globs import compile_glob
from mcp_gate.model.call import UNKNOWN, Facts
from mcp_gate.model.foreign import Json
from mcp_gate.policy.rules import Match, Rule

GATE_ATTRIBUTES: Final = ("confidence", "retry_count", "anomaly_score", "first_time_action")


@dataclass(frozen=True, slots=True)
class Subject:
    """The part of the facts that is the same for every call of a tool with the same tags."""

    agent: str
    upstream: str
    tool: str
    topic: str
    risk_tags: frozenset[str]


Static: TypeAlias = tuple[str, Callable[[Subject], bool]]
Dynamic: TypeAlias = tuple[str, Callable[[Facts], bool | None]]
"""None is unknown."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule with its tests; each carries the name of its clause for `explain`."""

    rule: Rule
    static: tuple[Static, ...]
    dynamic: tuple[Dynamic, ...]

    def concerns(self, subject: Subject) -> bool:
        """Whether the rule can match a call of this kind at all."""
        return all(test(subject) for _, test in self.static)

    def matches(self, facts: Facts) -> bool:
        """Whether the rest matches; unknown does for a restrictive rule, and does not for a permissive one."""
        unknown_matches = self.rule.decision.restrictive
        for _, test in self.dynamic:
            found = test(facts)
            if found is False or (found is None and not unknown_matches):
                return False
        return True

    def first_failure(self, subject: Subject, facts: Facts) -> str:
        """The first clause that keeps the rule from matching, or ""."""
        for name, test in self.static:
            if not test(subject):
                return name
        for name, check in self.dynamic:
            found = check(facts)
            if found is False:
                return name
            if found is None and not self.rule.decision.restrictive:
                return f"{name} (unknown)"
        return ""


def compile_rule(rule: Rule) -> Compiled:
    """The tests of one rule."""
    match = rule.match
    return Compiled(rule, tuple(_static(match)), tuple(_dynamic(match, rule.decision.restrictive)))


def _static(match: Match) -> Iterator[Static]:
    if match.topics is not None:
        topics = _any_glob(match.topics)
        yield f"topics: {_listed(match.topics)}", lambda s: topics(s.topic)
    if match.tools is not None:
        tools = _any_glob(match.tools)
        yield f"tools: {_listed(match.tools)}", lambda s: tools(s.tool)
    if match.upstreams is not None:
        upstreams = _any_glob(match.upstreams)
        yield f"upstreams: {_listed(match.upstreams)}", lambda s: upstreams(s.upstream)
    if match.agents is not None:
        agents = _any_glob(match.agents)
        yield f"agents: {_listed(match.agents)}", lambda s: agents(s.agent)
    if (any_of := match.risk_tags) is not None:
        yield f"risk_tags: {_listed(any_of)}", lambda s: not any_of.isdisjoint(s.risk_tags)
    if (all_of := match.risk_tags_all) is not None:
        yield f"risk_tags_all: {_listed(all_of)}", lambda s: all_of <= s.risk_tags
    if (none_of := match.risk_tags_none) is not None:
        yield f"risk_tags_none: {_listed(none_of)}", lambda s: none_of.isdisjoint(s.risk_tags)


def _dynamic(match: Match, restrictive: bool) -> Iterator[Dynamic]:
    if (below := match.confidence_below) is not None:
        yield (
            f"confidence_below: {below}",
            lambda f: None if f.signals.confidence is UNKNOWN else f.signals.confidence < below,
        )
    if (score := match.anomaly_score_above) is not None:
        yield f"anomaly_score_above: {score}", lambda f: f.signals.anomaly_score > score
    if (retries := match.retry_count_above) is not None:
        yield f"retry_count_above: {retries}", lambda f: f.signals.retry_count > retries
    if (amount := match.amount_usd_above) is not None:
        yield f"amount_usd_above: {amount}", lambda f: _above(f, "amount_usd", amount)
    if (users := match.affected_users_above) is not None:
        yield f"affected_users_above: {users}", lambda f: _above(f, "affected_users", users)
    if (first := match.first_time_action) is not None:
        yield f"first_time_action: {str(first).lower()}", lambda f: f.signals.first_time_action is first
    if (when := match.when) is not None:
        yield f"when: {when.text}", _when(when, restrictive)


def _above(facts: Facts, name: str, threshold: Decimal) -> bool | None:
    """An attribute that no mapping declares is absent and does not match; one that is no number is unknown."""
    attributes = facts.description.attributes
    if name not in attributes:
        return False
    value = attributes[name]
    if value is UNKNOWN or isinstance(value, (str, bool)):
        return None
    return value > threshold


class _Attributes(dict[str, Json]):
    """Attributes in which what nobody declared is absent rather than missing."""

    def get(self, key: str, default: Json = None) -> Json:
        return super().get(key, ABSENT)


def _when(condition: Condition, restrictive: bool) -> Callable[[Facts], bool | None]:
    """For a permissive rule an absent attribute makes the condition unknown, which does not match."""

    def test(facts: Facts) -> bool | None:
        attributes: Mapping[str, Json] = {
            **facts.description.attributes,
            "confidence": facts.signals.confidence,
            "retry_count": facts.signals.retry_count,
            "anomaly_score": facts.signals.anomaly_score,
            "first_time_action": facts.signals.first_time_action,
        }
        found = condition.holds(
            {
                "args": facts.arguments,
                "call": {
                    "agent": facts.agent, "upstream": facts.upstream, "tool": facts.tool,
                    "topic": facts.description.topic, "risk_tags": sorted(facts.description.risk_tags),
                },
                "attributes": _Attributes(attributes) if restrictive else attributes,
            }
        )  # fmt: skip
        return None if found is Truth.UNKNOWN else found is Truth.TRUE

    return test


def _any_glob(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    tests = [compile_glob(pattern) for pattern in patterns]
    return tests[0] if len(tests) == 1 else lambda text: any(test(text) for test in tests)


def _listed(values: tuple[str, ...] | frozenset[str]) -> str:
    return "[" + ", ".join(values if isinstance(values, tuple) else sorted(values)) + "]"
