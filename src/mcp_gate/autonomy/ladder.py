"""The levels of a policy as agents move between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from mcp_gate.model.config import AgentSpec, GateSettings
from mcp_gate.policy.read_autonomy import Autonomy


@dataclass(frozen=True, slots=True)
class Ladder:
    """Which levels there are, how far each agent may go, what lifts it and what lowers it."""

    highest: int
    violations_demote: bool = True
    error_rate_above: Decimal | None = None
    promotion: Mapping[str, Decimal | bool] = field(default_factory=dict)
    """`promotion_criteria` as written."""
    agents: Mapping[str, AgentSpec] = field(default_factory=dict)

    @classmethod
    def of(cls, autonomy: Autonomy, settings: GateSettings) -> Ladder | None:
        """None where the policy has no levels: then nothing is counted, and every agent is at 0."""
        if not autonomy.levels:
            return None
        return cls(
            highest=max(autonomy.levels),
            violations_demote="policy_violation" in autonomy.demotion,
            error_rate_above=autonomy.error_rate_above,
            promotion=autonomy.promotion,
            agents=settings.agents or {},
        )

    def most(self, agent: str) -> int:
        """The highest level that an agent may have."""
        spec = self.agents.get(agent)
        if spec is None or spec.autonomy_max is None:
            return self.highest
        return min(self.highest, spec.autonomy_max)

    def first(self, agent: str) -> int:
        """The level of an agent that was never here before."""
        spec = self.agents.get(agent)
        return 0 if spec is None else min(spec.autonomy_initial, self.most(agent))
