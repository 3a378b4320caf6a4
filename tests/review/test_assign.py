"""Who gets which request, and when it goes to somebody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.model.config import AgentSpec
from mcp_gate.review.assign import Lying, Placed, Roster, Sharing, Why
from mcp_gate.review.people import People, Person

OPS = frozenset({"ops"})
PEOPLE = People({id: Person(id, OPS) for id in ("ana", "dana", "sam")} | {"lee": Person("lee", frozenset({"money"}))})


def roster(**changes: Any) -> Roster:
    values: dict[str, Any] = {
        "people": PEOPLE, "most": 2, "rebalance": True, "here": frozenset(PEOPLE.persons),
        "agents": {"bot": AgentSpec("bot", owner="sam")},
    }  # fmt: skip
    return Roster(**{**values, **changes})


def lying(id: str = "R-1", assigned_to: str = "", **changes: Any) -> Lying:
    return replace(Lying(id, "gate", "ops", "agent", assigned_to), **changes)


def several(count: int, assigned_to: str = "", **changes: Any) -> list[Lying]:
    return [lying(f"R-{n}", assigned_to, **changes) for n in range(count)]


def to(placed: list[Placed]) -> list[str]:
    return [one.to for one in placed]


class TestSharing:
    def test_who_has_the_least_gets_the_next_one_and_names_break_ties(self) -> None:
        assert to(list(Sharing(roster(), []).shared(several(5)))) == ["ana", "dana", "sam", "ana", "dana"]

    def test_nobody_gets_more_than_he_may_have(self) -> None:
        assert len(list(Sharing(roster(most=1), []).shared(several(9)))) == 3

    def test_who_is_here_comes_before_who_is_not(self) -> None:
        assert to(list(Sharing(roster(here=frozenset({"sam"})), []).shared(several(3)))) == ["sam", "sam", "ana"]

    def test_nobody_gets_his_own_agents_call_another_groups_or_one_he_spoke_on(self) -> None:
        assert to(list(Sharing(roster(most=9), []).shared(several(4, agent="bot")))) == ["ana", "dana", "ana", "dana"]
        assert to(list(Sharing(roster(), []).shared([lying(group="money")]))) == ["lee"]
        assert to(list(Sharing(roster(), []).shared([lying(spoken=frozenset({"ana", "dana"}))]))) == ["sam"]
        assert list(Sharing(roster(), []).shared([lying(group="nobody's")])) == []

    @given(st.lists(st.sampled_from(["", "ana", "dana", "sam", "gone"]), max_size=20), st.integers(1, 4), st.booleans())
    def test_after_a_round_another_one_finds_nothing_to_do(self, whose: list[str], most: int, rebalance: bool) -> None:
        there = roster(most=most, rebalance=rebalance, here=frozenset({"ana"}))
        open_ = {f"R-{n}": lying(f"R-{n}", who) for n, who in enumerate(whose)}

        def once() -> int:
            sharing = Sharing(there, [one for one in open_.values() if one.assigned_to])
            moved = list(sharing.moved())
            for one in moved:
                open_[one.id] = replace(open_[one.id], assigned_to=one.to)
            shared = list(sharing.shared([one for one in open_.values() if not one.assigned_to]))
            for one in shared:
                open_[one.id] = replace(open_[one.id], assigned_to=one.to)
            return len(moved) + len(shared)

        once()
        assert once() == 0
        assert "gone" not in {one.assigned_to for one in open_.values()}


class TestMoving:
    def test_what_nobody_can_attend_to_goes_to_somebody_who_can(self) -> None:
        absent = roster(here=frozenset({"ana"}))
        assert list(Sharing(absent, several(1, "dana")).moved()) == [Placed("R-0", "ops", "dana", "ana", Why.ABSENT)]
        assert list(Sharing(roster(), several(1, "gone")).moved()) == [Placed("R-0", "ops", "gone", "ana", Why.REVOKED)]
        assert list(Sharing(roster(), several(1, "lee")).moved()) == [Placed("R-0", "ops", "lee", "ana", Why.REVOKED)]

    def test_of_who_has_too_much_the_newest_go(self) -> None:
        moved = list(Sharing(roster(), several(4, "ana")).moved())
        assert moved == [
            Placed("R-3", "ops", "ana", "dana", Why.OVER_CAPACITY),
            Placed("R-2", "ops", "ana", "sam", Why.OVER_CAPACITY),
        ]

    def test_where_nobody_has_room_it_is_nobodys(self) -> None:
        alone = roster(people=People({"ana": Person("ana", OPS)}))
        assert to(list(Sharing(alone, several(3, "ana")).moved())) == [""]

    def test_what_somebody_is_looking_at_stays_his(self) -> None:
        assert list(Sharing(roster(here=frozenset({"sam"})), several(3, "ana", claimed=True)).moved()) == []

    def test_an_absent_persons_stay_his_while_nobody_is_there(self) -> None:
        assert list(Sharing(roster(here=frozenset()), several(2, "ana")).moved()) == []

    def test_without_auto_rebalance_only_what_he_may_not_decide_is_taken_from_anybody(self) -> None:
        fixed = roster(rebalance=False, here=frozenset({"sam"}))
        assert list(Sharing(fixed, several(4, "ana")).moved()) == []
        assert to(list(Sharing(fixed, several(1, "gone")).moved())) == ["sam"]

    def test_samples_are_only_claimed(self) -> None:
        lapsed = Sharing(roster(), several(1, "ana", kind="sample"))
        assert list(lapsed.moved()) == [Placed("R-0", "ops", "ana", "", Why.LAPSED)]
        assert list(Sharing(roster(), several(1, "ana", kind="sample", claimed=True)).moved()) == []
