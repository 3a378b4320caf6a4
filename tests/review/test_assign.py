"""Who gets which request, and when it goes to somebody else."""

from __future__ import annotations

from collections import Counter
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


def sharing(roster: Roster, taken: list[Lying]) -> Sharing:
    return Sharing(roster, Counter(one.assigned_to for one in taken))


def moved(roster: Roster, taken: list[Lying]) -> list[Placed]:
    """As a round does: only what suspects have is looked at, and what is not shared out."""
    round_ = sharing(roster, taken)
    suspects = round_.suspects()
    return list(round_.moved([one for one in taken if one.assigned_to in suspects or one.kind == "sample"]))


def to(placed: list[Placed]) -> list[str]:
    return [one.to for one in placed]


class TestSharing:
    def test_who_has_the_least_gets_the_next_one_and_names_break_ties(self) -> None:
        assert to(list(sharing(roster(), []).shared(several(5)))) == ["ana", "dana", "sam", "ana", "dana"]

    def test_nobody_gets_more_than_he_may_have(self) -> None:
        assert len(list(sharing(roster(most=1), []).shared(several(9)))) == 3

    def test_who_is_here_comes_before_who_is_not(self) -> None:
        assert to(list(sharing(roster(here=frozenset({"sam"})), []).shared(several(3)))) == ["sam", "sam", "ana"]

    def test_nobody_gets_his_own_agents_call_another_groups_or_one_he_spoke_on(self) -> None:
        assert to(list(sharing(roster(most=9), []).shared(several(4, agent="bot")))) == ["ana", "dana", "ana", "dana"]
        assert to(list(sharing(roster(), []).shared([lying(group="money")]))) == ["lee"]
        assert to(list(sharing(roster(), []).shared([lying(spoken=frozenset({"ana", "dana"}))]))) == ["sam"]
        assert list(sharing(roster(), []).shared([lying(group="nobody's")])) == []

    @given(st.lists(st.sampled_from(["", "ana", "dana", "sam", "gone"]), max_size=20), st.integers(1, 4), st.booleans())
    def test_after_a_round_another_one_finds_nothing_to_do(self, whose: list[str], most: int, rebalance: bool) -> None:
        there = roster(most=most, rebalance=rebalance, here=frozenset({"ana"}))
        open_ = {f"R-{n}": lying(f"R-{n}", who) for n, who in enumerate(whose)}

        def once() -> int:
            taken = [one for one in open_.values() if one.assigned_to]
            round_ = sharing(there, taken)
            placed = list(round_.moved([one for one in taken if one.assigned_to in round_.suspects()]))
            waiting = [one for one in open_.values() if not one.assigned_to]
            for one in (*placed, *(shared := list(round_.shared(waiting)))):
                open_[one.id] = replace(open_[one.id], assigned_to=one.to)
            return len(placed) + len(shared)

        once()
        assert once() == 0
        assert "gone" not in {one.assigned_to for one in open_.values()}


class TestMoving:
    def test_what_nobody_can_attend_to_goes_to_somebody_who_can(self) -> None:
        absent = roster(here=frozenset({"ana"}))
        assert moved(absent, several(1, "dana")) == [Placed("R-0", "ops", "dana", "ana", Why.ABSENT)]
        assert moved(roster(), several(1, "gone")) == [Placed("R-0", "ops", "gone", "ana", Why.REVOKED)]

    def test_of_who_has_too_much_the_newest_go(self) -> None:
        assert moved(roster(), several(4, "ana")) == [
            Placed("R-3", "ops", "ana", "dana", Why.OVER_CAPACITY),
            Placed("R-2", "ops", "ana", "sam", Why.OVER_CAPACITY),
        ]

    def test_where_nobody_has_room_it_is_nobodys(self) -> None:
        alone = roster(people=People({"ana": Person("ana", OPS)}))
        assert to(moved(alone, several(3, "ana"))) == [""]

    def test_what_somebody_is_looking_at_stays_his(self) -> None:
        assert moved(roster(here=frozenset({"sam"})), several(3, "ana", claimed=True)) == []

    def test_an_absent_persons_stay_his_while_nobody_is_there(self) -> None:
        assert moved(roster(here=frozenset()), several(2, "ana")) == []

    def test_without_auto_rebalance_only_what_he_may_not_decide_is_taken_from_anybody(self) -> None:
        fixed = roster(rebalance=False, here=frozenset({"sam"}))
        assert moved(fixed, several(4, "ana")) == []
        assert to(moved(fixed, several(1, "gone"))) == ["sam"]

    def test_samples_are_only_claimed(self) -> None:
        assert moved(roster(), several(1, "ana", kind="sample")) == [Placed("R-0", "ops", "ana", "", Why.LAPSED)]
        assert moved(roster(), several(1, "ana", kind="sample", claimed=True)) == []
