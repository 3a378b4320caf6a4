"""Decides: first match within a layer, strictest across layers, invariants and the unmapped as floors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mcp_gate.model.call import Facts
from mcp_gate.model.config import Place
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.decision import Assurance, Decision, OnTimeout, Tier
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.clauses import Compiled, Subject, compile_rule
from mcp_gate.policy.read_sections import TierRule
from mcp_gate.policy.rules import Layer, Match, Rule

BUILT_IN_CONSTRAINTS: Final = Constraints(max_runtime_sec=60)
BUILT_IN_TIER: Final = TierRule(frozenset(), 900, OnTimeout.DENY)
KNOWN: Final = 4096
"""Kinds of calls remembered; beyond, the memory starts anew."""
NOWHERE: Final = Place("(built in)", 0, 0)
UNMAPPED: Final = Rule("unmapped", NOWHERE, Match(), Decision.REQUIRE_APPROVAL, "No mapping says what this tool does")


@dataclass(frozen=True, slots=True)
class Terms:
    """What surrounds the rules: defaults, tiers, routing."""

    snapshot: str
    default_decision: Decision = Decision.REQUIRE_APPROVAL
    default_constraints: Constraints = BUILT_IN_CONSTRAINTS
    tiers: Mapping[Tier, TierRule] = field(default_factory=dict)
    routing: Mapping[str, str] = field(default_factory=dict)
    action_classes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    escalate_to: str = "escalation"

    def tier(self, tags: frozenset[str]) -> Tier:
        """The highest tier that any tag names; high for a tag that none names, and for no tags (contract 3.4)."""
        named = {tag: tier for tier, rule in self.tiers.items() for tag in rule.risk_tags}
        if not tags or any(tag not in named for tag in tags):
            return Tier.HIGH
        return max(tier for tier, rule in self.tiers.items() if not rule.risk_tags.isdisjoint(tags))

    def group(self, tags: frozenset[str]) -> str:
        """Where a request goes that no rule routes."""
        for key, group in self.routing.items():
            if key != "default":
                wanted = self.action_classes.get(key, frozenset({key.removesuffix("_actions")}))
                if not wanted.isdisjoint(tags):
                    return group
        return self.routing.get("default", "default")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is known of every call with one subject: the candidates of each layer, in order, and the invariants."""

    subject: Subject
    layers: tuple[tuple[Compiled, ...], ...]
    invariants: tuple[Compiled, ...]
    tier: Tier
    fixed: Verdict | None
    """The verdict, where no candidate looks at more than the subject."""


class Policy:
    """Immutable but for its memory of kinds of calls, which changes no answer."""

    def __init__(self, layers: Iterable[Layer], invariants: Iterable[Rule], terms: Terms) -> None:
        self.layers = tuple((layer.name, tuple(compile_rule(rule) for rule in layer.rules)) for layer in layers)
        self.invariants = tuple(compile_rule(rule) for rule in invariants)
        self.terms = terms
        self._default = Rule("default", NOWHERE, Match(), terms.default_decision, "No rule lets this call pass")
        self._kinds: dict[tuple[str, str, str, str, frozenset[str], bool], _Kind] = {}

    def decide(self, facts: Facts) -> Verdict:
        """The joined word of every layer."""
        kind = self._kind(facts)
        if kind.fixed is not None:
            return kind.fixed
        return self._join(self.deciding(kind, facts), kind)

    def deciding(self, kind: _Kind, facts: Facts) -> list[Rule]:
        """The first match of every layer, every invariant that applies, and what stands in for none; unsorted."""
        found = []
        for candidates in kind.layers:
            for candidate in candidates:
                if candidate.matches(facts):
                    found.append(candidate.rule)
                    break
        unmapped = [UNMAPPED] if facts.description.unmapped else []
        spoken = found or [self._default]
        floors = [invariant.rule for invariant in kind.invariants if invariant.matches(facts)]
        return [*floors, *unmapped, *spoken]

    def always_denied(self, agent: str, upstream: str, tool: str, topic: str, tags: frozenset[str]) -> bool:
        """Whether every call of a tool is denied whatever its arguments: some layer's first candidate denies them all.

        `tags` are those that every call bears; tags added by arguments can make a call stricter, never milder, only
        where no rule asks for the absence of a tag; such rules are therefore not relied on.
        """
        subject = Subject(agent, upstream, tool, topic, tags)
        for candidates in self._candidates(subject):
            if candidates and _denies_all(candidates[0]):
                return True
        return any(_denies_all(one) for one in self.invariants if one.concerns(subject))

    # ---- kinds

    def _kind(self, facts: Facts) -> _Kind:
        told = facts.description
        key = (facts.agent, facts.upstream, facts.tool, told.topic, told.risk_tags, told.unmapped)
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= KNOWN:
                self._kinds.clear()
            kind = self._kinds[key] = self._new_kind(facts)
        return kind

    def kind(self, facts: Facts) -> _Kind:
        """The candidates for a call (for `explain`)."""
        return self._kind(facts)

    def _new_kind(self, facts: Facts) -> _Kind:
        told = facts.description
        subject = Subject(facts.agent, facts.upstream, facts.tool, told.topic, told.risk_tags)
        layers = tuple(self._candidates(subject))
        invariants = tuple(one for one in self.invariants if one.concerns(subject))
        kind = _Kind(subject, layers, invariants, self.terms.tier(told.risk_tags), None)
        if any(one.dynamic for layer in layers for one in layer) or any(one.dynamic for one in invariants):
            return kind
        fixed = self._join(self.deciding(kind, facts), kind)
        return _Kind(subject, layers, invariants, kind.tier, fixed)

    def _candidates(self, subject: Subject) -> Iterable[tuple[Compiled, ...]]:
        """Per layer, the rules that can match, up to the first that always does."""
        for _, rules in self.layers:
            found = []
            for rule in rules:
                if rule.concerns(subject):
                    found.append(rule)
                    if not rule.dynamic:
                        break
            yield tuple(found)

    # ---- joining

    def _join(self, rules: list[Rule], kind: _Kind) -> Verdict:
        rules = sorted(rules, key=lambda rule: -rule.decision)
        tier_rule = self.terms.tiers.get(kind.tier, BUILT_IN_TIER)
        constraints = NONE
        for rule in rules:
            constraints = constraints.join(self._constraints(rule))
        first = rules[0]
        timeouts = [rule.timeout_sec for rule in rules if rule.timeout_sec is not None]
        routes = [rule.route for rule in rules if rule.route is not None]
        escalations = [rule.escalate_to for rule in rules if rule.escalate_to is not None]
        return Verdict(
            decision=first.decision,
            rule_ids=tuple(dict.fromkeys(rule.id for rule in rules)),
            reason=first.reason,
            policy_snapshot=self.terms.snapshot,
            tier=kind.tier,
            constraints=constraints,
            approvals=max((rule.approvals or 1) for rule in rules),
            timeout_sec=min(timeouts) if timeouts else tier_rule.timeout_sec,
            on_timeout=_on_timeout(rules, kind.tier, tier_rule),
            escalate_to=escalations[0] if escalations else tier_rule.escalate_to or self.terms.escalate_to,
            group=routes[0] if routes else self.terms.group(kind.subject.risk_tags),
            min_assurance=max((rule.min_assurance or Assurance.SESSION) for rule in rules),
            invariant=any(rule.invariant for rule in rules),
        )

    def _constraints(self, rule: Rule) -> Constraints:
        if rule.decision is Decision.ALLOW_WITH_CONSTRAINTS and not rule.constraints:
            return self.terms.default_constraints
        return rule.constraints


def _on_timeout(rules: list[Rule], tier: Tier, tier_rule: TierRule) -> OnTimeout:
    given = [rule.on_timeout for rule in rules if rule.on_timeout is not None]
    word = max(given) if given else tier_rule.on_timeout
    if word is OnTimeout.APPROVE and (tier is not Tier.LOW or any(rule.invariant for rule in rules)):
        return OnTimeout.DENY
    return word


def _denies_all(compiled: Compiled) -> bool:
    return (
        compiled.rule.decision is Decision.DENY and not compiled.dynamic and compiled.rule.match.risk_tags_none is None
    )
