from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.autonomy.level import AgentLevel, Cause, Change, Conduct, Counts, after, error_rate
from mcp_gate.model.config import AgentSpec, GateSettings
from support.directories import loaded

LADDER = Ladder(highest=3, error_rate_above=Decimal("0.05"))
LEVELS = """\
autonomy_levels:
  level_0: { rules: [ { match: { topics: ["*"] }, decision: require_approval } ] }
  level_1: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
"""


def at(level: int, successes: int = 0, errors: int = 0, violations: int = 0) -> AgentLevel:
    return AgentLevel(level, "2027-01-15T08:00:00.000Z", Counts(successes, errors, violations))


class TestFalling:
    def test_one_violation_is_one_level_down_and_the_counts_start_again(self) -> None:
        now, change = after(at(3, 40), Conduct.VIOLATION, LADDER)
        assert (now, change) == (AgentLevel(2), Change(3, 2, Cause.VIOLATION))

    def test_a_violation_at_level_0_is_counted_and_changes_nothing_else(self) -> None:
        now, change = after(at(0, 40), Conduct.VIOLATION, LADDER)
        assert (now, change) == (at(0, 40, violations=1), None)

    def test_a_violation_is_only_counted_where_no_trigger_names_it(self) -> None:
        ladder = Ladder(highest=3, violations_demote=False)
        assert after(at(2), Conduct.VIOLATION, ladder) == (at(2, violations=1), None)

    def test_an_incident_is_level_0_whatever_the_triggers(self) -> None:
        ladder = Ladder(highest=3, violations_demote=False)
        assert after(at(3, 40), Conduct.INCIDENT, ladder) == (AgentLevel(), Change(3, 0, Cause.INCIDENT))

    def test_an_incident_at_level_0_starts_the_counts_again(self) -> None:
        assert after(at(0, 49), Conduct.INCIDENT, LADDER) == (AgentLevel(), Change(0, 0, Cause.INCIDENT))

    def test_an_error_rate_above_the_trigger_is_one_level_down(self) -> None:
        now, change = after(at(2, 96, errors=5), Conduct.ERROR, LADDER)
        assert (now, change) == (AgentLevel(1), Change(2, 1, Cause.ERROR_RATE))

    def test_an_error_rate_equal_to_the_trigger_changes_nothing(self) -> None:
        assert after(at(2, 95, errors=4), Conduct.ERROR, LADDER) == (at(2, 95, errors=5), None)

    def test_the_first_error_of_a_few_calls_says_nothing_and_the_second_does(self) -> None:
        once, nothing = after(at(2), Conduct.ERROR, LADDER)
        assert (once.level, nothing) == (2, None)
        assert after(once, Conduct.ERROR, LADDER)[0].level == 1

    def test_without_a_trigger_errors_are_only_counted(self) -> None:
        assert after(at(2, errors=50), Conduct.ERROR, Ladder(highest=3)) == (at(2, errors=51), None)


def test_an_error_rate_is_told_of_at_least_twenty_calls() -> None:
    rates = [error_rate(Counts(*counts)) for counts in ((0, 1), (0, 20), (60, 20))]
    assert [str(rate) for rate in rates] == ["0.05", "1", "0.25"]


@given(st.lists(st.sampled_from(Conduct)), st.integers(0, 3))
def test_whatever_an_agent_does_its_level_never_rises(conducts: list[Conduct], level: int) -> None:
    now = at(level)
    for conduct in conducts:
        before = now
        now, change = after(now, conduct, LADDER)
        assert 0 <= now.level <= before.level
        assert (change is None) == (now.level == before.level and conduct is not Conduct.INCIDENT)


class TestLadder:
    def test_without_levels_there_is_none(self) -> None:
        gate = loaded('rules: [ { id: a, match: { topics: ["*"] }, decision: allow } ]\n')
        assert Ladder.of(gate.autonomy, gate.settings) is None

    def test_it_is_what_the_documents_say(self) -> None:
        gate = loaded(LEVELS + "demotion_triggers: [ safety_incident, { error_rate_above: 0.1 } ]\n")
        ladder = Ladder.of(gate.autonomy, gate.settings)
        assert ladder == Ladder(highest=1, violations_demote=False, error_rate_above=Decimal("0.1"))

    def test_without_triggers_a_violation_demotes(self) -> None:
        ladder = Ladder.of(loaded(LEVELS).autonomy, GateSettings())
        assert ladder is not None
        assert ladder.violations_demote

    @pytest.mark.parametrize(
        ("agent", "first", "most"),
        [("new", 1, 3), ("eager", 3, 3), ("bound", 0, 2), ("beyond", 0, 3), ("unlisted", 0, 3)],
    )
    def test_nobody_begins_or_gets_above_the_levels_there_are_or_his_own_max(
        self, agent: str, first: int, most: int
    ) -> None:
        specs = [
            AgentSpec("new", autonomy_initial=1),
            AgentSpec("eager", autonomy_initial=7),
            AgentSpec("bound", autonomy_max=2),
            AgentSpec("beyond", autonomy_max=9),
        ]
        ladder = Ladder(highest=3, agents={spec.id: spec for spec in specs})
        assert (ladder.first(agent), ladder.most(agent)) == (first, most)
