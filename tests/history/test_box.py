"""Bounds are never wider than what people saw, and never hold what they did not say so of."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.history.box import fit, within
from mcp_gate.history.cases import Case, Told

VALUES = st.integers(0, 9).map(Decimal)
CASES = st.lists(
    st.builds(
        Case,
        call_id=st.uuids().map(str), agent=st.sampled_from(["bot", "other"]), told=st.sampled_from(Told),
        numbers=st.one_of(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), st.fixed_dictionaries({"a": VALUES})),
        people=st.just(("dana",)), at=st.just(0.0), seconds=st.sampled_from([1.0, 60.0]),
    ),
    max_size=40,
)  # fmt: skip


def case(value: int, told: Told = Told.APPROVED, seconds: float = 60.0) -> Case:
    return Case(f"c-{value}", "bot", told, {"a": Decimal(value)}, ("dana",), 0.0, seconds)


@settings(deadline=None)
@given(CASES, st.sampled_from([Told.APPROVED, Told.DENIED]))
def test_a_box_holds_nothing_that_was_told_otherwise_and_is_as_tight_as_its_support(
    cases: list[Case], told: Told
) -> None:
    box = fit(cases, told)
    if box is None:
        return
    assert all(one.told is told for one in cases if box.holds(one))
    assert all(one.told is told and not one.clicked and box.holds(one) for one in box.cases)
    for name, (low, high) in box.bounds.items():
        values = [one.numbers[name] for one in box.cases]
        assert (low, high) == (min(values), max(values))
    assert set(box.agents) == {one.agent for one in box.cases}
    assert box.clicked == sum(box.holds(one) and one.told is told and one.clicked for one in cases)


def test_where_all_were_told_the_same_the_box_holds_all() -> None:
    box = fit([case(n) for n in range(5)], Told.APPROVED)
    assert box is not None
    assert (dict(box.bounds), len(box.cases)) == ({"a": (0, 4)}, 5)


def test_the_side_with_more_support_is_kept() -> None:
    box = fit([*(case(n) for n in range(10)), case(3, Told.DENIED)], Told.APPROVED)
    assert box is not None
    assert dict(box.bounds) == {"a": (4, 9)}


def test_a_click_widens_nothing() -> None:
    box = fit([*(case(n) for n in range(5)), case(90, seconds=0.5), case(2, seconds=0.5)], Told.APPROVED)
    assert box is not None
    assert (dict(box.bounds), box.clicked) == ({"a": (0, 4)}, 1)


def test_a_call_whose_number_is_not_known_is_in_no_box_with_bounds() -> None:
    unknown = Case("c", "bot", Told.DENIED, {})
    assert not within(unknown, {"a": (Decimal(0), Decimal(9))})
    assert fit([*(case(n) for n in range(5)), unknown], Told.APPROVED) is not None


def test_what_no_number_tells_apart_has_no_box() -> None:
    assert fit([case(3), case(3, Told.DENIED)], Told.APPROVED) is None
    assert fit([], Told.APPROVED) is None
