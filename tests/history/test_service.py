"""How long people took, and times to draw from."""

from __future__ import annotations

from typing import Any

from mcp_gate.history.past import Held, Past, Word
from mcp_gate.history.service import Service
from mcp_gate.model.request import CallState, RequestStatus
from support.held import NOW, SNAPSHOT, a_call


def word(request: str, by: str, at: float, came: float = 0.0, group: str = "ops", **more: Any) -> Word:
    values: dict[str, Any] = {
        "call_id": f"c-{request}", "kind": "gate", "said": "approve", "tool": "shop.refund_order", **more,
    }  # fmt: skip
    return Word(request_id=request, by=by, at=NOW + at, group=group, came=NOW + came, **values)


def past(id_: str = "c-1", request: str | None = None, status: RequestStatus = RequestStatus.APPROVED) -> Past:
    held = None if request is None else Held(request, status, "ops", NOW, NOW + 900)
    return Past(a_call(id=id_), NOW, CallState.EXECUTED, {"decision": "allow"}, SNAPSHOT, held)


def service(*words: Word, staff: int = 0) -> Service:
    return Service(words, lambda group: staff)


def test_a_word_takes_from_when_the_request_came_or_the_word_before() -> None:
    found = service(word("R-1", "dana", 100), word("R-2", "dana", 130), word("R-3", "dana", 400, came=350))
    assert [found.of(past(request=f"R-{n}"), "ops", 1) for n in (1, 2, 3)] == [(100,), (30,), (50,)]


def test_each_of_several_people_has_a_time_of_his_own() -> None:
    found = service(word("R-1", "dana", 100), word("R-1", "ana", 160))
    assert found.of(past(request="R-1"), "ops", 2) == (100, 160)


def test_what_people_did_not_settle_is_drawn_always_alike() -> None:
    found = service(*(word(f"R-{n}", "dana", 100 * n, came=100 * n - n) for n in range(1, 50)))
    expired = past(request="R-1", status=RequestStatus.EXPIRED)
    drawn = [found.of(past(f"c-{n}"), "ops", 1) for n in range(200)]
    assert drawn == [found.of(past(f"c-{n}"), "ops", 1) for n in range(200)]
    assert len(set(drawn)) > 40, "not one time for all"
    assert {seconds for (seconds,) in drawn} <= set(range(1, 50))
    assert found.of(expired, "ops", 1) == found.of(past(expired.call.id), "ops", 1)
    assert len(found.of(past(), "ops", 3)) == 3


def test_times_of_the_same_group_and_tool_are_drawn_first_and_then_any_that_fit() -> None:
    words = (
        word("R-1", "a", 1), word("R-2", "b", 2, tool="shop.other"), word("R-3", "c", 3, group="fin"),
        word("R-4", "d", 4, group="fin", tool="shop.other"),
    )  # fmt: skip
    assert service(*words).of(past(), "ops", 1) == (1,)
    assert service(*words[1:]).of(past(), "ops", 1) == (2,)
    assert service(*words[2:]).of(past(), "ops", 1) == (3,)
    assert service(*words[3:]).of(past(), "ops", 1) == (4,)
    assert service().of(past(), "ops", 1) == ()


def test_time_is_no_reviewer() -> None:
    found = service(word("R-1", "policy:timeout", 900), word("R-2", "dana", 5))
    assert found.of(past(request="R-1"), "ops", 1) == (5,), "drawn"
    assert found.reviewers("ops") == 1
    assert found.settled(Held("R-1", RequestStatus.APPROVED, "ops", NOW, NOW)) is None


def test_a_group_has_as_many_people_as_were_active_or_else_as_are_enrolled() -> None:
    found = service(word("R-1", "dana", 1), word("R-2", "ana", 1), word("R-3", "dana", 2), staff=4)
    assert (found.reviewers("ops"), found.reviewers("fin")) == (2, 4)
    assert service().reviewers("ops") == 1


def test_words_about_results_and_samples_are_work_but_not_of_this_queue() -> None:
    """Whoever looked at a sample until then was not idle; the sample itself is no held call."""
    found = service(word("R-0", "dana", 50, kind="sample", said="good"), word("R-1", "dana", 60))
    assert found.of(past(request="R-1"), "ops", 1) == (10,)
    assert found.of(past("c-new"), "ops", 1) == (10,)
