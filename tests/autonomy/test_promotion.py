from __future__ import annotations

from decimal import Decimal

import pytest

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.autonomy.level import AgentLevel, Counts
from mcp_gate.autonomy.promotion import DAY_SEC, unmet
from mcp_gate.lang.times import rfc3339

NOW = 1_800_000_000.0
SEED = Ladder(
    highest=3,
    promotion={
        "min_successful_actions": Decimal(50), "max_error_rate": Decimal("0.02"), "review_period_days": Decimal(7),
        "requires_human_sign_off": True,
    },
)  # fmt: skip


def since(days: float, successes: int = 50, errors: int = 0) -> AgentLevel:
    return AgentLevel(1, rfc3339(NOW - days * DAY_SEC), Counts(successes, errors))


@pytest.mark.parametrize(
    ("agent", "lacking"),
    [
        (since(7), ()),
        (since(7, 49), ("49 of 50 successful actions",)),
        (since(7, 98, 2), ()),
        (since(7, 97, 2), ("2 errors in 99 calls, and at most 2% are allowed",)),
        (since(6.99), ("6 of 7 days at this level",)),
        (AgentLevel(), ("0 of 50 successful actions", "0 of 7 days at this level")),
    ],
)
def test_criteria_are_met_to_the_last_one_or_said_to_be_lacking(agent: AgentLevel, lacking: tuple[str, ...]) -> None:
    assert unmet(NOW, agent, SEED) == lacking


def test_a_clock_that_was_set_back_does_not_shorten_the_time_at_a_level() -> None:
    assert unmet(NOW, since(-3), SEED) == ("0 of 7 days at this level",)
    assert unmet(NOW, since(-3), Ladder(highest=3)) == ()


def test_no_days_and_no_criteria_are_legal_and_leave_the_person() -> None:
    assert unmet(NOW, AgentLevel(), Ladder(highest=3, promotion={"review_period_days": Decimal(0)})) == ()
    assert unmet(NOW, AgentLevel(), Ladder(highest=3)) == ()
