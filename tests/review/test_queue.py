"""The queue's figures."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.review.queue import Target, Waiting, measure, quantile
from support.held import NOW


def waiting(*seconds: float, group: str = "a", escalated: int = 0) -> list[Waiting]:
    return [Waiting(group, [NOW - one for one in seconds], escalated)]


def test_waits_are_measured_against_the_targets() -> None:
    shown = measure([*waiting(10, 3000), *waiting(20, group="b")], [], NOW, 900, 1800).as_json()
    assert shown == {
        "open": 3, "overdue": 1, "escalated": 0, "groups": {"a": 2, "b": 1}, "settled": 0,
        "target_median_wait_sec": 900, "target_p95_wait_sec": 1800, "breached": ["p95"], "median_wait_sec": 20.0,
        "p95_wait_sec": 3000.0, "oldest_wait_sec": 3000.0,
    }  # fmt: skip


def test_those_that_were_settled_lately_count_though_nothing_waits() -> None:
    shown = measure([], [1000.0, 1200.0, 30.0], NOW, 900, 1800).as_json()
    assert (shown["open"], shown["settled"], shown["median_wait_sec"], shown["p95_wait_sec"]) == (0, 3, 1000, 1200)
    assert shown["breached"] == ["median"]
    assert "oldest_wait_sec" not in shown


def test_requests_in_their_second_stage_are_counted() -> None:
    shown = measure([*waiting(1), *waiting(5, group="bosses", escalated=1)], [], NOW, 900, 1800).as_json()
    assert (shown["open"], shown["escalated"], shown["groups"]) == (2, 1, {"a": 1, "bosses": 1})


def test_a_target_is_missed_only_beyond_it() -> None:
    assert measure(waiting(900), [1800.0], NOW, 900, 1800).breached == ()
    assert measure(waiting(901), [1801.0], NOW, 900, 1800).breached == (Target.MEDIAN, Target.P95)
    assert measure([], [], NOW, 1, 1).breached == ()


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95, 1.0]))
def test_a_quantile_is_the_smallest_value_that_enough_values_do_not_exceed(values: list[float], share: float) -> None:
    ascending = sorted(values)
    found = quantile(ascending, share)
    assert found in ascending
    assert sum(value <= found for value in ascending) >= share * len(ascending)
    assert sum(value < found for value in ascending) < share * len(ascending)
