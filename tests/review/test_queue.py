"""The queue's figures."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.times import rfc3339
from mcp_gate.model.request import RequestStatus
from mcp_gate.review.queue import measure, quantile
from support.held import NOW, a_request


def test_waits_are_measured_against_the_targets() -> None:
    requests = [
        a_request(opened_ts=rfc3339(NOW - wait), group=group) for wait, group in ((10, "a"), (20, "b"), (3000, "a"))
    ]
    shown = measure(requests, NOW, 900, 1800).as_json()
    assert shown == {
        "open": 3, "overdue": 1, "escalated": 0, "groups": {"a": 2, "b": 1}, "target_median_wait_sec": 900,
        "target_p95_wait_sec": 1800, "median_wait_sec": 20.0, "p95_wait_sec": 3000.0, "oldest_wait_sec": 3000.0,
    }  # fmt: skip


def test_requests_in_their_second_stage_are_counted() -> None:
    moved = a_request(escalated_ts=rfc3339(NOW - 5), escalated_from="ops", group="bosses")
    shown = measure([a_request(), moved], NOW, 900, 1800).as_json()
    assert (shown["open"], shown["escalated"], shown["groups"]) == (2, 1, {"bosses": 1, "finance-approvers": 1})


def test_only_what_waits_for_people_counts() -> None:
    shown = measure([a_request(status=RequestStatus.APPROVED)], NOW, 900, 1800).as_json()
    assert shown == {
        "open": 0, "overdue": 0, "escalated": 0, "groups": {}, "target_median_wait_sec": 900,
        "target_p95_wait_sec": 1800,
    }  # fmt: skip


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95, 1.0]))
def test_a_quantile_is_the_smallest_value_that_enough_values_do_not_exceed(values: list[float], share: float) -> None:
    ascending = sorted(values)
    found = quantile(ascending, share)
    assert found in ascending
    assert sum(value <= found for value in ascending) >= share * len(ascending)
    assert sum(value < found for value in ascending) < share * len(ascending)
