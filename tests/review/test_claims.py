"""Claims and extensions, without a store."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.model.timed import Escalates
from mcp_gate.review.claims import Granted, judge_claim, judge_escalate, judge_extend, judge_release
from support.held import NOW, a_request, a_standing


def test_a_claim_holds_for_ten_minutes() -> None:
    assert judge_claim(a_request(), a_standing()) == Granted(rfc3339(NOW + 600))


def test_claiming_again_renews_ones_own_claim() -> None:
    request = a_request(claimed_by="dana", claimed_until=rfc3339(NOW + 1))
    assert judge_claim(request, a_standing()) == Granted(rfc3339(NOW + 600))


def test_a_claim_that_is_not_there_may_be_given_back() -> None:
    assert judge_release(a_request(), a_standing()) == Granted("")


@pytest.mark.parametrize("status", [status for status in RequestStatus if status is not RequestStatus.PENDING])
def test_what_no_longer_waits_is_neither_claimed_nor_extended(status: RequestStatus) -> None:
    request = a_request(status=status)
    assert isinstance(judge_claim(request, a_standing()), Refused)
    assert isinstance(judge_extend(request, a_standing(), 1), Refused)


@given(opened=st.integers(0, 999), given_sec=st.integers(61, 14_400), seconds=st.integers(1, 30_000))
def test_an_extension_is_granted_up_to_twice_the_time_first_given(opened: int, given_sec: int, seconds: int) -> None:
    start = NOW - 60 + opened / 1000
    request = a_request(opened_ts=rfc3339(start), due_ts=rfc3339(start + given_sec))
    request.verdict["timeout_sec"] = given_sec
    judged = judge_extend(request, a_standing(), seconds)
    if seconds <= given_sec:
        assert isinstance(judged, Granted)
        assert parse_rfc3339(judged.ts) == pytest.approx(start + given_sec + seconds, abs=0.0021)
    else:
        assert isinstance(judged, Refused)
        assert (judged.code, judged.http, judged.fields) == ("too_far", 422, ("seconds",))


def test_a_reviewer_sends_a_request_on_as_time_would_and_is_named() -> None:
    sent_on = judge_escalate(a_request(escalate_to="security"), a_standing(), "not for me to say")
    assert isinstance(sent_on, Escalates)
    assert (sent_on.group, sent_on.due_ts) == ("security", rfc3339(NOW + 900))
    (event,) = sent_on.events
    assert (event.event, event.fields["approver_id"]) == ("request.escalated", "dana")
    assert (event.data["from"], event.data["to"]) == ("finance-approvers", "security")
    assert (event.data["cause"], event.data["reason"]) == ("reviewer", "not for me to say")


@pytest.mark.parametrize(
    ("request_", "by", "code"),
    [
        (a_request(status=RequestStatus.APPROVED), "dana", "already_decided"),
        (a_request(kind="sample"), "dana", "not_held"),
        (a_request(escalated_ts=rfc3339(NOW - 1), escalated_from="ops"), "dana", "already_escalated"),
        (a_request(escalate_to="finance-approvers"), "dana", "already_escalated"),
        (a_request(claimed_by="ana", claimed_until=rfc3339(NOW + 9)), "dana", "claimed"),
        (a_request(), "sam", "not_in_group"),
        (a_request(), "claude-code", "unknown_reviewer"),
    ],
)
def test_it_goes_on_once_by_who_could_decide_on_it(request_: Request, by: str, code: str) -> None:
    refused = judge_escalate(request_, a_standing(by), "")
    assert isinstance(refused, Refused)
    assert refused.code == code
