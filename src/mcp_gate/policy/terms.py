"""What surrounds the rules: the default decision, risk tiers, routing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mcp_gate.model.config import Place
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Decision, OnTimeout, Tier


@dataclass(frozen=True, slots=True)
class TierRule:
    """One tier (contract 3.4): the tags that put a call in it, and the time its request has."""

    risk_tags: frozenset[str]
    timeout_sec: int
    on_timeout: OnTimeout
    escalate_to: str | None = None
    place: Place = field(default=Place("(built in)", 0, 0), compare=False)


BUILT_IN_CONSTRAINTS: Final = Constraints(max_runtime_sec=60)
BUILT_IN_TIER: Final = TierRule(frozenset(), 900, OnTimeout.DENY)
DEFAULT: Final = "default"
"""The routing key, and the group, that takes what no other takes."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything of a policy but its rules."""

    snapshot: str = ""
    default_decision: Decision = Decision.REQUIRE_APPROVAL
    default_constraints: Constraints = BUILT_IN_CONSTRAINTS
    tiers: Mapping[Tier, TierRule] = field(default_factory=dict)
    routing: Mapping[str, str] = field(default_factory=dict)
    """Key to group, in the order written."""
    action_classes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Tags that a routing key takes besides its own."""
    escalate_to: str = "escalation"
    escalate_after_sec: int | None = None

    def tier(self, tags: frozenset[str]) -> Tier:
        """The highest tier that any tag names; high where a tag is named by none, or there is no tag."""
        named: frozenset[str] = frozenset().union(*(rule.risk_tags for rule in self.tiers.values()))
        if not tags or not tags <= named:
            return Tier.HIGH
        return max(tier for tier, rule in self.tiers.items() if not rule.risk_tags.isdisjoint(tags))

    def tier_rule(self, tier: Tier) -> TierRule:
        """What holds in a tier."""
        return self.tiers.get(tier, BUILT_IN_TIER)

    def group(self, tags: frozenset[str]) -> str:
        """Where a request goes that no rule routes: the first key that takes one of the tags."""
        for key, group in self.routing.items():
            if key != DEFAULT and not self._taken(key).isdisjoint(tags):
                return group
        return self.routing.get(DEFAULT, DEFAULT)

    def _taken(self, key: str) -> frozenset[str]:
        return self.action_classes.get(key, frozenset()) | {key.removesuffix("_actions")}
