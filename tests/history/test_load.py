"""The queues of a period, as they were and as they would have been."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mcp_gate.history.load import GroupLoad, Load, Targets
from mcp_gate.history.past import Held, Past, Word
from mcp_gate.history.service import Service
from mcp_gate.model.decision import Decision
from mcp_gate.model.request import CallState, RequestStatus
from mcp_gate.model.verdict import Verdict
from support.held import NOW, SNAPSHOT, a_call

TARGETS = Targets(60, 120)
HELD = {"decision": "require_approval", "rule_id": "r", "approvals": 1, "timeout_sec": 900}
VERDICT = Verdict(Decision.REQUIRE_APPROVAL, ("r",), "", SNAPSHOT, group="ops", timeout_sec=900)


def held(number: int, at: float, status: RequestStatus = RequestStatus.APPROVED) -> Past:
    request = Held(f"R-{number}", status, "ops", NOW + at, NOW + at + 900)
    call = a_call(id=f"c-{number}", job_hash=f"sha256:{number}")
    return Past(call, NOW + at, CallState.EXECUTED, HELD, SNAPSHOT, request)


def allowed(number: int, at: float, **more: Any) -> Past:
    return replace(held(number, at), held=None, verdict={"decision": "allow", "rule_id": "r"}, **more)


def word(number: int, came: float, at: float, by: str = "dana") -> Word:
    return Word(f"c-{number}", f"R-{number}", "gate", "approve", by, NOW + at, "ops", "shop.refund_order", NOW + came)


def only(load: Load) -> GroupLoad:
    (group,) = load.groups()
    return group


def test_what_was_is_told_as_it_was_and_the_model_of_one_reviewer_is_exact() -> None:
    load = Load(Service([word(1, 0, 100), word(2, 10, 130)], lambda group: 1), TARGETS)
    for past in (held(1, 0), held(2, 10)):
        assert past.held is not None
        load.was(past, past.held)
    group = only(load)
    assert group.recorded == group.model
    assert (group.recorded.requests, group.recorded.median, group.recorded.p95) == (2, 100, 120)
    assert (group.candidate.requests, group.candidate.median, group.missed) == (0, None, ())


def test_newly_held_calls_wait_behind_those_that_were_held_then() -> None:
    load = Load(Service([word(1, 0, 100)], lambda group: 1), TARGETS)
    first, second = held(1, 0), allowed(2, 10)
    assert first.held is not None
    load.was(first, first.held)
    load.would_be(first, VERDICT)
    load.would_be(second, VERDICT)
    group = only(load)
    assert (group.candidate.requests, group.candidate.median, group.candidate.p95) == (2, 100, 190)
    assert (group.missed, group.candidate.over) == (("median", "p95"), 1)


def test_requests_that_people_would_not_have_reached_in_time_are_counted() -> None:
    load = Load(Service([word(1, 0, 500)], lambda group: 1), TARGETS)
    for number, at in enumerate((0, 1, 2)):
        load.would_be(allowed(number, at), VERDICT)
    figures = only(load).candidate
    assert (figures.requests, figures.overdue, figures.p95) == (3, 2, 900)


def test_a_call_that_repeats_an_open_one_is_not_asked_about_twice() -> None:
    load = Load(Service([word(1, 0, 500)], lambda group: 1), TARGETS)
    load.would_be(allowed(1, 0), VERDICT)
    load.would_be(allowed(1, 5), VERDICT)
    assert (only(load).candidate.requests, only(load).candidate.joined) == (1, 1)


def test_what_nobody_decided_in_time_is_overdue_whether_time_denied_or_approved_it() -> None:
    load = Load(Service([], lambda group: 1), TARGETS)
    for number, status in enumerate((RequestStatus.EXPIRED, RequestStatus.APPROVED, RequestStatus.CANCELLED)):
        past = held(number, 0, status)
        assert past.held is not None
        load.was(past, past.held)
    assert (only(load).recorded.requests, only(load).recorded.overdue, only(load).recorded.median) == (3, 2, 900)


def test_where_nobody_ever_decided_anything_no_wait_is_made_up() -> None:
    load = Load(Service([], lambda group: 3), TARGETS)
    load.would_be(allowed(1, 0), VERDICT)
    group = only(load)
    assert (group.reviewers, group.candidate.requests, group.candidate.median) == (3, 1, None)


def test_each_group_has_its_own_queue() -> None:
    load = Load(Service([word(1, 0, 100)], lambda group: 1), TARGETS)
    load.would_be(allowed(1, 0), VERDICT)
    load.would_be(allowed(2, 0), replace(VERDICT, group="finance"))
    assert [(one.group, one.candidate.p95) for one in load.groups()] == [("finance", 100), ("ops", 100)]


def test_a_held_call_that_cannot_be_decided_again_waits_as_it_did() -> None:
    load = Load(Service([word(1, 0, 100)], lambda group: 1), TARGETS)
    past = held(1, 0)
    assert past.held is not None
    load.stays(past, past.held)
    assert (only(load).candidate.requests, only(load).candidate.median) == (1, 100)


def test_targets_are_missed_only_where_something_waited() -> None:
    load = Load(Service([word(1, 0, 100)], lambda group: 1), Targets(100, 100))
    load.would_be(allowed(1, 0), VERDICT)
    assert only(load).missed == ()
    assert only(load).as_json()["candidate"] == {
        "requests": 1, "median_wait_sec": 100.0, "p95_wait_sec": 100.0, "over_target": 0, "overdue": 0, "joined": 0,
    }  # fmt: skip
