"""Rules as data: what an admin wrote, checked and frozen, before it is compiled."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mcp_gate.lang.conditions import Condition, paths
from mcp_gate.model.config import Place
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.decision import Assurance, Decision, OnTimeout


@dataclass(frozen=True, slots=True)
class Match:
    """Fields are ANDed; an absent one (None) matches (contract 3.1)."""

    topics: tuple[str, ...] | None = None
    tools: tuple[str, ...] | None = None
    upstreams: tuple[str, ...] | None = None
    agents: tuple[str, ...] | None = None
    risk_tags: frozenset[str] | None = None
    """Any of them."""
    risk_tags_all: frozenset[str] | None = None
    risk_tags_none: frozenset[str] | None = None
    confidence_below: Decimal | None = None
    anomaly_score_above: Decimal | None = None
    retry_count_above: Decimal | None = None
    amount_usd_above: Decimal | None = None
    affected_users_above: Decimal | None = None
    first_time_action: bool | None = None
    tainted: bool | None = None
    when: Condition | None = None

    @property
    def conditional(self) -> bool:
        """Whether it looks at more than agent, upstream, tool, topic and tags."""
        return any(
            value is not None
            for value in (
                self.confidence_below, self.anomaly_score_above, self.retry_count_above, self.amount_usd_above,
                self.affected_users_above, self.first_time_action, self.tainted, self.when,
            )
        )  # fmt: skip

    @property
    def rests_on_confidence(self) -> bool:
        """Whether it looks at what the agent claims of its confidence."""
        if self.confidence_below is not None:
            return True
        return self.when is not None and any(
            path.parts[:2] == ("attributes", "confidence") for path in paths(self.when.tree)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a document or level, or one invariant."""

    id: str
    place: Place
    match: Match
    decision: Decision
    reason: str = ""
    constraints: Constraints = NONE
    approvals: int | None = None
    route: str | None = None
    timeout_sec: int | None = None
    on_timeout: OnTimeout | None = None
    escalate_to: str | None = None
    min_assurance: Assurance | None = None
    invariant: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """One document, or one autonomy level: its first matching rule decides for it."""

    name: str
    rules: tuple[Rule, ...]
