"""What a person's word does to an agent's level. Meeting the criteria lifts nobody by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.autonomy.level import AgentLevel, Cause, Change
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.judged import Refused

DAY_SEC: Final = 86_400

Judging: TypeAlias = Callable[[float, str, Ladder, AgentLevel], Change | Refused]
"""Time (seconds since the epoch), agent, levels in force, and the agent's level as it is."""


def promotion(now: float, name: str, ladder: Ladder, agent: AgentLevel) -> Change | Refused:
    """One level up."""
    most = ladder.most(name)
    if agent.level >= most:
        return Refused("at_max", 409, f"the agent is at level {agent.level}, and may not go above {most}")
    lacking = unmet(now, agent, ladder)
    if lacking:
        text = f"the criteria for level {agent.level + 1} are not met: {'; '.join(lacking)}"
        return Refused("criteria_unmet", 409, text)
    return Change(agent.level, agent.level + 1, Cause.PROMOTED)


@dataclass(frozen=True, slots=True)
class Denied:
    """A promotion that a person denied."""

    at: float
    """Seconds since the epoch."""
    since: str
    """Since when the agent was at its level (RFC 3339)."""
    successes: int
    """What it had done there by then."""


def proposed(now: float, name: str, ladder: Ladder, agent: AgentLevel, denied: Denied | None) -> Change | None:
    """The promotion that people are asked for unbidden: where there are criteria, and all are met. Denied, not again at
    this level before the review period passed once more, with as many successes as the criteria ask for."""
    change = promotion(now, name, ladder, agent) if ladder.promotion else None
    if not isinstance(change, Change):
        return None
    if denied is None or denied.since != agent.since:
        return change
    days = Decimal(ladder.promotion.get("review_period_days", 0))
    more = max(Decimal(1), Decimal(ladder.promotion.get("min_successful_actions", 0)))
    rested = Decimal(now - denied.at) >= days * DAY_SEC
    return change if rested and agent.counts.successes - denied.successes >= more else None


def demotion(_: float, __: str, ___: Ladder, agent: AgentLevel) -> Change | Refused:
    """One level down."""
    if agent.level == 0:
        return Refused("at_min", 409, "the agent is at level 0 already")
    return Change(agent.level, agent.level - 1, Cause.DEMOTED)


def incident(_: float, __: str, ___: Ladder, agent: AgentLevel) -> Change | Refused:
    """To level 0, where the counts start again."""
    return Change(agent.level, 0, Cause.INCIDENT)


def unmet(now: float, agent: AgentLevel, ladder: Ladder) -> tuple[str, ...]:
    """What an agent still lacks for the next level, each in a few words; nothing where it may rise.

    Args:
        now: seconds since the epoch.
    """
    return tuple(_lacking(now, agent, ladder))


def _lacking(now: float, agent: AgentLevel, ladder: Ladder) -> Iterator[str]:
    counts = agent.counts
    least = Decimal(ladder.promotion.get("min_successful_actions", 0))
    if counts.successes < least:
        yield f"{counts.successes} of {least} successful actions"
    limit = ladder.promotion.get("max_error_rate")
    if limit is not None and counts.errors > Decimal(limit) * counts.executed:
        most = (Decimal(limit) * 100).normalize()
        yield f"{counts.errors} errors in {counts.executed} calls, and at most {most:f}% are allowed"
    days = Decimal(ladder.promotion.get("review_period_days", 0))
    spent = max(0.0, now - parse_rfc3339(agent.since)) / DAY_SEC if agent.since else 0.0
    if spent < days:
        yield f"{int(spent)} of {days} days at this level"
