"""What holds a call: the one rule that a suggestion would have to come before, or why there is no such rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from mcp_gate.model.call import Facts
from mcp_gate.model.decision import Decision
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.rules import Match, Rule


class Unmoved(Enum):
    """Why no rule is suggested that would let a held call pass."""

    PASSES = "not held by the policy in force"
    FLOOR = "held by an invariant, which nothing lowers"
    NO_TOOL = "calls of resources and prompts"
    UNMAPPED = "calls of tools that nobody mapped"
    LEVEL = "held by the agent's autonomy level, which it earns"
    SEVERAL = "held by rules of several documents at once"
    CONDITION = "held by a rule that looks at more than names, tags and amounts"


@dataclass(frozen=True, slots=True)
class Default:
    """No rule says anything of it."""


Holder: TypeAlias = Rule | Default


class Holders:
    """The rules of one policy, by id."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._documents = {one.rule.id: one.rule for _, rules in policy.layers for one in rules}
        self._levels = {one.rule.id: one.rule for _, rules in policy.levels for one in rules}
        self._floors = {one.rule.id for one in policy.invariants}

    def of(self, facts: Facts) -> Holder | Unmoved:
        """What holds a call now."""
        verdict = self._policy.decide(facts)
        if verdict.decision is not Decision.REQUIRE_APPROVAL:
            return Unmoved.PASSES
        if facts.description.unmapped:
            return Unmoved.UNMAPPED
        if not self._floors.isdisjoint(verdict.rule_ids):
            return Unmoved.FLOOR
        if _holding(self._levels, verdict.rule_ids):
            return Unmoved.LEVEL
        match _holding(self._documents, verdict.rule_ids):
            case []:
                return Default()
            case [rule]:
                return rule if _bounded(rule.match) else Unmoved.CONDITION
            case _:
                return Unmoved.SEVERAL


def _holding(rules: Mapping[str, Rule], ids: Iterable[str]) -> list[Rule]:
    found = (rules[id_] for id_ in ids if id_ in rules)
    return [rule for rule in found if rule.decision is Decision.REQUIRE_APPROVAL]


def _bounded(match: Match) -> bool:
    """Whether a rule that is bounded by the numbers people saw lies wholly within what this one catches."""
    signals = (
        match.confidence_below,
        match.anomaly_score_above,
        match.retry_count_above,
        match.first_time_action,
        match.tainted,
    )
    return match.when is None and all(signal is None for signal in signals)
