"""What time does to a request: the end of each stage, in every case, and what no sequence of times can bring about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.decision import Assurance, OnTimeout, Tier
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.model.timed import Approves, Escalates, Expires, Over, Timed, Waits
from mcp_gate.review.due import Moment, after, fate, stage_end
from support.held import NOW, SNAPSHOT, a_request

DUE = 840
"""Seconds from NOW to the due time of `a_request`, which was opened 60 s before."""


def at(seconds: float, *, since: float = -60, snapshot: str = SNAPSHOT) -> Moment:
    return Moment(NOW + seconds, NOW + since, snapshot)


def stamp(seconds: float) -> str:
    return rfc3339(NOW + seconds)


def low(**changes: Any) -> Request:
    return a_request(**{"tier": Tier.LOW, "on_timeout": OnTimeout.APPROVE, **changes})


def moved(request: Request, to: Escalates) -> Request:
    """The request as the store makes it."""
    return replace(
        request, group=to.group, due_ts=to.due_ts, escalated_ts=to.ts, escalated_from=request.group,
        claimed_by="", claimed_until="",
    )  # fmt: skip


def test_until_it_is_due_a_request_waits() -> None:
    assert fate(a_request(), at(DUE - 0.001)) == Waits(NOW + DUE)


def test_a_due_request_expires_in_the_name_of_the_policy() -> None:
    timed = fate(a_request(), at(DUE))
    assert isinstance(timed, Expires)
    (event,) = timed.events
    assert (event.event, event.data) == ("request.expired", {"cause": "timeout"})
    assert event.fields["approver_id"] == "policy:timeout"
    assert event.fields["decision_ts"] == stamp(DUE)
    assert (event.fields["request_id"], event.fields["call_id"]) == ("R-1", "c-1")


def test_an_approval_that_nobody_used_by_its_due_time_expires() -> None:
    timed = fate(a_request(status=RequestStatus.APPROVED, on_timeout=OnTimeout.ESCALATE), at(DUE))
    assert isinstance(timed, Expires)
    assert timed.events[0].data == {"cause": "uncollected"}


@pytest.mark.parametrize("status", sorted(set(RequestStatus) - {RequestStatus.PENDING, RequestStatus.APPROVED}))
def test_time_does_nothing_to_what_has_ended(status: RequestStatus) -> None:
    assert fate(a_request(status=status), at(10**6)) == Over()
    assert fate(a_request(status=RequestStatus.APPROVED, consumed=True), at(10**6)) == Over()


# ---- escalation


def test_an_escalation_has_the_same_time_again_and_ends_in_denial() -> None:
    request = a_request(on_timeout=OnTimeout.ESCALATE, escalate_to="bosses")
    timed = fate(request, at(DUE + 0.4))
    assert isinstance(timed, Escalates)
    assert (timed.group, timed.ts, timed.due_ts) == ("bosses", stamp(DUE + 0.4), stamp(DUE + 900.4))
    (event,) = timed.events
    assert event.event == "request.escalated"
    assert event.data == {
        "from": "finance-approvers", "to": "bosses", "due_ts": stamp(DUE + 900.4), "cause": "timeout",
    }  # fmt: skip
    second = moved(request, timed)
    assert after(second) is OnTimeout.DENY
    assert isinstance(fate(second, at(DUE + 900)), Waits)
    assert isinstance(fate(second, at(DUE + 901)), Expires)


def test_an_escalation_to_the_same_group_ends_too() -> None:
    request = a_request(on_timeout=OnTimeout.ESCALATE, escalate_to="finance-approvers")
    timed = fate(request, at(DUE))
    assert isinstance(timed, Escalates)
    assert isinstance(fate(moved(request, timed), at(2 * DUE + 100)), Expires)


@pytest.mark.parametrize("word", list(OnTimeout))
def test_S114_escalate_after_sec_comes_before_the_due_time_whatever_the_word_at_it(word: OnTimeout) -> None:
    request = low(on_timeout=word, escalate_ts=stamp(300), escalate_to="bosses")
    assert stage_end(request) == stamp(300)
    assert fate(request, at(299)) == Waits(NOW + 300)
    timed = fate(request, at(300))
    assert isinstance(timed, Escalates)
    assert timed.due_ts == stamp(1200)
    assert timed.events[0].data["cause"] == "undecided"
    second = moved(request, timed)
    assert fate(second, at(301)) == Waits(NOW + 1200), "once"
    assert isinstance(fate(second, at(1200)), Expires)


def test_an_escalation_never_shortens_the_time_that_somebody_added() -> None:
    request = a_request(escalate_ts=stamp(1), due_ts=stamp(DUE + 900))
    timed = fate(request, at(1))
    assert isinstance(timed, Escalates)
    assert timed.due_ts == stamp(DUE + 900)


@pytest.mark.parametrize(
    ("word", "then"),
    [
        (OnTimeout.DENY, OnTimeout.DENY),
        (OnTimeout.ESCALATE, OnTimeout.ESCALATE),
        (OnTimeout.APPROVE, OnTimeout.ESCALATE),
    ],
)
def test_of_two_ends_at_the_same_moment_the_stricter_holds(word: OnTimeout, then: OnTimeout) -> None:
    assert after(low(on_timeout=word, escalate_ts=stamp(DUE))) is then


# ---- approval


def test_tier_low_alone_is_approved_by_policy_and_can_be_collected_for_the_same_time_again() -> None:
    timed = fate(low(), at(DUE))
    assert isinstance(timed, Approves)
    assert timed.due_ts == stamp(DUE + 900)
    said = timed.word.decision
    assert (said.decision, said.approver_id, said.assurance, said.final) == ("approve", "policy:timeout", None, True)
    assert timed.word.status is RequestStatus.APPROVED
    (event,) = timed.word.events
    assert event.event == "request.decided"
    assert event.fields["approver_id"] == "policy:timeout"
    assert event.data["final"] is True
    assert "assurance" not in event.fields


@pytest.mark.parametrize(
    "changes",
    [
        {"tier": Tier.MEDIUM},
        {"tier": Tier.HIGH},
        {"needed": 2},
        {"min_assurance": Assurance.LINK},
        {"kind": "quarantine"},
        {"verdict": {**a_request().verdict, "forbidden": "the amount is over the limit"}},
    ],
    ids=str,
)
def test_time_approves_nothing_that_is_guarded(changes: dict[str, Any]) -> None:
    request = low(**changes)
    assert after(request) is OnTimeout.DENY
    assert isinstance(fate(request, at(DUE)), Expires)


def test_time_approves_nothing_under_another_policy_than_it_was_held_with() -> None:
    assert isinstance(fate(low(), at(DUE, snapshot="v1:ffffffffffff")), Expires)


# ---- clocks that were set


def test_time_approves_nothing_whose_time_ran_out_while_no_gate_ran() -> None:
    """Nobody could have looked; or the clock was set forward meanwhile."""
    assert isinstance(fate(low(), at(DUE + 5, since=DUE)), Expires)
    assert isinstance(fate(low(), at(DUE + 5, since=DUE - 1)), Approves)


@pytest.mark.parametrize("word", list(OnTimeout))
def test_S052_a_clock_set_back_a_day_over_a_restart_keeps_nothing_open_for_longer_than_two_stages(
    word: OnTimeout,
) -> None:
    timed = fate(low(on_timeout=word), at(-86_400, since=-86_400))
    assert isinstance(timed, Expires)
    assert timed.events[0].data == {"cause": "clock"}
    assert isinstance(fate(low(on_timeout=word), at(-300, since=-300)), Waits)


# ---- every sequence

seconds = st.floats(0, 5000)


@given(
    tier=st.sampled_from(Tier),
    word=st.sampled_from(OnTimeout),
    needed=st.integers(1, 2),
    escalate=st.none() | st.floats(1, 900),
    extended=st.floats(0, 900),
    steps=st.lists(seconds, max_size=12),
    since=st.floats(-5000, 5000),
)
def test_time_ends_every_request_once_by_way_of_one_escalation_at_most_and_never_moves_a_due_time_back(
    tier: Tier, word: OnTimeout, needed: int, escalate: float | None, extended: float, steps: list[float], since: float
) -> None:
    request = a_request(
        tier=tier, on_timeout=word, needed=needed, opened_ts=stamp(0), due_ts=stamp(900 + extended),
        escalate_ts="" if escalate is None else stamp(escalate), escalate_to="bosses",
    )  # fmt: skip
    now, seen, dues = 0.0, [], [request.due_ts]
    for step in [*steps, 10_000.0, 10_000.0, 10_000.0]:  # whatever came before, its end has come by then
        now += step
        timed: Timed = fate(request, at(now, since=min(since, now)))
        seen.append(timed)
        match timed:
            case Waits(until):
                assert until > NOW + now
                assert request.status in (RequestStatus.PENDING, RequestStatus.APPROVED)
            case Over():
                assert request.status is RequestStatus.EXPIRED
            case Expires():
                request = replace(request, status=RequestStatus.EXPIRED)
            case Escalates():
                assert request.status is RequestStatus.PENDING
                request = moved(request, timed)
            case Approves(said, due_ts):
                assert (tier, word, needed) == (Tier.LOW, OnTimeout.APPROVE, 1)
                assert parse_rfc3339(request.due_ts) <= NOW + now
                request = replace(request, status=said.status, due_ts=due_ts, decisions=(said.decision,))
        dues.append(request.due_ts)
    assert sum(isinstance(timed, Expires) for timed in seen) == 1
    assert sum(isinstance(timed, Escalates) for timed in seen) <= 1
    assert sum(isinstance(timed, Approves) for timed in seen) <= 1
    assert dues == sorted(dues)
