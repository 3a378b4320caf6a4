"""How much one person may take on, and when he needs a break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.model.judged import Accepted, Refused
from mcp_gate.model.workload import Workload
from mcp_gate.policy.read_queue import Queue
from mcp_gate.review.claims import Granted, judge_claim
from mcp_gate.review.fatigue import cooling
from mcp_gate.review.judge import judge
from support.held import NOW, a_request, a_standing, a_word

THREE = Queue(cooldown_after_approvals=3, cooldown_window_sec=600, cooldown_sec=60)
TWO_OPEN = Queue(max_open_requests_per_reviewer=2)


def ago(*seconds: float) -> tuple[float, ...]:
    return tuple(NOW - one for one in seconds)


class TestBreaks:
    @pytest.mark.parametrize(
        ("approved", "left"),
        [
            ((), 0),
            (ago(1, 2), 0),
            (ago(1, 2, 3), 59),
            (ago(1, 2, 3, 4), 59),
            (ago(59.5, 70, 80), 1),
            (ago(60, 70, 80), 0),
            (ago(1, 2, 602), 0),  # not within the window
            (ago(1, 100, 110), 0),  # there was a break between them, which starts the count again
            (ago(1, 50, 110), 0),  # and here
        ],
    )
    def test_so_many_approvals_in_a_row_ask_for_a_break(self, approved: tuple[float, ...], left: int) -> None:
        assert cooling(approved, NOW, THREE) == left

    def test_without_a_number_nobody_needs_one(self) -> None:
        assert cooling(ago(*range(1000)), NOW, Queue(cooldown_sec=60)) == 0

    def test_window_and_break_are_an_hour_and_a_quarter_of_one_where_the_policy_names_none(self) -> None:
        two = Queue(cooldown_after_approvals=2)
        assert cooling(ago(0, 800), NOW, two) == 900
        assert cooling(ago(0, 900), NOW, two) == 0
        wide = Queue(cooldown_after_approvals=3, cooldown_sec=5000)
        assert cooling(ago(0, 1800, 3600), NOW, wide) == 5000
        assert cooling(ago(0, 1800, 3601), NOW, wide) == 0

    @given(st.lists(st.floats(0, 400), max_size=12), st.integers(1, 5), st.integers(1, 100), st.integers(1, 300))
    def test_it_is_never_longer_than_one_break_and_over_once_it_was_taken(
        self, gaps: list[float], most: int, pause: int, window: int
    ) -> None:
        controls = Queue(cooldown_after_approvals=most, cooldown_sec=pause, cooldown_window_sec=window)
        approved = tuple(sorted((NOW - gap for gap in gaps), reverse=True))
        left = cooling(approved, NOW, controls)
        assert 0 <= left <= pause
        if left:
            assert cooling(approved, NOW + left, controls) == 0
            assert len(approved) >= most

    def test_who_needs_a_break_may_not_approve_and_may_deny(self) -> None:
        request = a_request()
        tired = a_standing(controls=THREE, load=Workload(approved=ago(1, 2, 3)))
        refused = judge(request, a_word(request), tired)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.http) == ("cooldown", 403)
        assert "59 s" in refused.text
        assert isinstance(judge(request, a_word(request, "deny"), tired), Accepted)

    def test_who_needs_a_break_lets_no_result_out_whole_and_may_drop_or_mask_it(self) -> None:
        request = a_request(kind="quarantine")
        tired = a_standing(controls=THREE, load=Workload(approved=ago(1, 2, 3)))
        refused = judge(request, a_word(request, "release"), tired)
        assert isinstance(refused, Refused)
        assert refused.code == "cooldown"
        for word in ("drop", "redact"):
            assert isinstance(judge(request, a_word(request, word), tired), Accepted)


class TestRoom:
    def test_what_others_could_do_for_him_is_not_in_the_way(self) -> None:
        standing = a_standing(controls=TWO_OPEN, load=Workload(taken=2, claimed=1))
        assert isinstance(judge_claim(a_request(), standing), Granted)

    def test_what_he_claimed_himself_is(self) -> None:
        standing = a_standing(controls=TWO_OPEN, load=Workload(taken=2, claimed=2))
        refused = judge_claim(a_request(), standing)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.http) == ("over_capacity", 403)

    def test_where_nothing_is_moved_assignments_count_as_claims_do(self) -> None:
        fixed = Queue(max_open_requests_per_reviewer=2, auto_rebalance=False)
        standing = a_standing(controls=fixed, load=Workload(taken=2, claimed=0))
        assert isinstance(judge_claim(a_request(), standing), Refused)
        assert isinstance(judge_claim(a_request(assigned_to="dana"), standing), Granted)

    def test_over_capacity_nobody_approves_what_is_not_his_and_may_deny_it(self) -> None:
        request = a_request()
        standing = a_standing(controls=TWO_OPEN, load=Workload(taken=2, claimed=2))
        refused = judge(request, a_word(request), standing)
        assert isinstance(refused, Refused)
        assert refused.code == "over_capacity"
        assert isinstance(judge(request, a_word(request, "deny"), standing), Accepted)
