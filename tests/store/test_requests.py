from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.model.decision import OnTimeout, Tier
from mcp_gate.model.judged import Accepted, Judged, Refused
from mcp_gate.model.request import CallState, Request, RequestStatus
from mcp_gate.model.timed import Approves, Escalates, Over, Waits
from mcp_gate.review.due import Moment, fate
from mcp_gate.store.database import Conflict, NotFound
from mcp_gate.store.results import Claimed, Closed, Joined, NotClaimed, NotOpen, Opened, TooMany, WhyNot
from mcp_gate.store.store import Store  # fmt: skip
from support.held import NOW, SNAPSHOT, an_approval
from support.stored import (
    a_store,
    all_records,
    approve,
    claim,
    ended,
    held,
    new_call,
    new_request,
    opening,
    proved,
    reject,
    said,
    sent,
    stamp,
    states,
    word,
)  # fmt: skip

pytestmark = pytest.mark.anyio


async def again(store: Store, request: Request, **changes: Any) -> Opened | Joined | TooMany:
    """The same call of the same agent, under an id of its own."""
    call = new_call(arguments=request.call.arguments, job_hash=request.call.job_hash, **changes)
    repeated = new_request(call)
    return await store.requests.open(call, repeated, opening(repeated), cap=100)


async def test_a_held_call_comes_back_as_it_was_put(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        earlier = new_call(ts=stamp(-90))
        await sent(store, earlier)
        request = await held(store, escalate_ts=stamp(60))
    async with a_store(tmp_path) as store:
        found = await store.requests.find(request.id)
    assert found is not None
    assert [step["call_id"] for step in found.trail] == [earlier.id]
    assert found.call == request.call
    assert found.__class__(**{**_fields(found), "trail": ()}) == request


def _fields(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__dataclass_fields__}


async def test_the_same_call_joins_and_only_its_arrival_is_recorded(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        before = len(await all_records(store))
        joined = await again(store, request)
        assert isinstance(joined, Joined)
        assert (joined.request.id, joined.state, joined.request.attempts) == (request.id, CallState.PENDING, 2)
        (arrival,) = (await all_records(store))[before:]
        assert arrival["event"] == "call.received"
        assert (arrival["call_id"], arrival["request_id"]) == (request.call.id, request.id)
        assert arrival["data"]["attempt"] == 2
        assert len(await store.requests.page()) == 1


async def test_another_agent_never_joins(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        assert isinstance(await again(store, request, agent="other"), Opened)


async def test_an_agent_has_no_more_requests_open_than_it_may(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        first = await held(store)
        await held(store)
        before = len(await all_records(store))
        request = new_request()
        assert await store.requests.open(request.call, request, opening(request), cap=2) == TooMany(2)
        assert len(await all_records(store)) == before
        assert await store.call(request.call.id) is None
        await reject(store, first)
        assert isinstance(await store.requests.open(request.call, request, opening(request), cap=2), Opened)


async def test_a_join_is_not_counted_as_one_more(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        assert isinstance(await store.requests.open(request.call, request, (), cap=1), Joined)


async def test_an_approval_is_used_once(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        await approve(store, request)
        first, second = await claim(store, request), await claim(store, request)
        assert isinstance(first, Claimed)
        assert first.request.consumed
        assert second == NotClaimed(WhyNot.ALREADY_USED)
        assert await states(store, request.call) == ["dispatched"]
        assert [r["event"] for r in await all_records(store)].count("call.dispatched") == 1


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"job_hash": "sha256:x"}, WhyNot.ARGUMENTS_CHANGED),
        ({"tool_hash": "sha256:x"}, WhyNot.TOOL_CHANGED),
        ({"snapshot": "v1:ffffffffffff"}, WhyNot.POLICY_CHANGED),
        ({"now": NOW + 840}, WhyNot.EXPIRED),
    ],
)
async def test_a_claim_for_anything_else_than_was_approved_is_refused(
    tmp_path: Path, changed: dict[str, Any], why: WhyNot
) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        await approve(store, request)
        before = await all_records(store)
        assert await claim(store, request, **changed) == NotClaimed(why)
        assert await all_records(store) == before
        assert isinstance(await claim(store, request), Claimed)


@pytest.mark.parametrize("end", ["pending", "rejected", "expired", "cancelled", "superseded"])
async def test_what_is_not_approved_cannot_be_claimed(tmp_path: Path, end: str) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        if end == "rejected":
            await reject(store, request)
        elif end != "pending":
            await store.requests.close(request.id, RequestStatus(end), [])
        assert await claim(store, request) == NotClaimed(WhyNot.NOT_APPROVED)
        assert await states(store, request.call) == [end]


async def test_a_claim_names_its_own_call(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        one, other = await held(store), await held(store)
        await approve(store, one)
        with pytest.raises(NotFound):
            await store.requests.claim(
                other.call.id, one.id, job_hash=one.call.job_hash, tool_hash=one.call.tool_hash,
                snapshot=one.policy_snapshot, now=NOW, events=[], proof=proved, enough=lambda _: True,
            )  # fmt: skip
        with pytest.raises(NotFound):
            await claim(store, new_request())


async def test_a_word_is_written_with_the_decision_and_its_event(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store, needed=2)
        await store.requests.decide(request.id, lambda found: word(found, "dana", RequestStatus.PENDING))
        await store.requests.decide(request.id, lambda found: word(found, "erik", RequestStatus.APPROVED))
        found = await store.requests.find(request.id)
        assert found is not None
        assert [d.approver_id for d in found.decisions] == ["dana", "erik"]
        assert found.status is RequestStatus.APPROVED
        assert [r["event"] for r in await all_records(store)].count("request.decided") == 2


async def test_a_refused_word_leaves_its_event_and_nothing_else(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        event = said(request.call, "request.refused", request_id=request.id, code="evidence_incomplete")
        refused = Refused("evidence_incomplete", 422, "job_hash is missing", ("job_hash",), (event,))
        assert await store.requests.decide(request.id, lambda _: refused) == refused
        assert await store.requests.find(request.id) == request
        assert (await all_records(store))[-1]["event"] == "request.refused"


async def test_S223_a_word_without_its_evidence_leaves_the_request_pending(tmp_path: Path) -> None:
    def incomplete(found: Request) -> Judged:
        event = said(found.call, "request.refused", request_id=found.id, code="evidence_incomplete")
        return Refused("evidence_incomplete", 422, "fields are missing", ("policy_snapshot", "decision_ts"), (event,))

    async with a_store(tmp_path) as store:
        request = await held(store)
        await store.requests.decide(request.id, incomplete)
        found = await store.requests.find(request.id)
        assert found is not None
        assert (found.status, found.decisions) == (RequestStatus.PENDING, ())
        assert await claim(store, request) == NotClaimed(WhyNot.NOT_APPROVED)


async def test_a_word_too_late_is_not_written_even_if_it_was_accepted(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        await reject(store, request)
        before = await all_records(store)
        with pytest.raises(Conflict):
            await approve(store, request, "erik")
        assert await all_records(store) == before
        assert await states(store, request.call) == ["rejected"]


async def test_the_same_person_cannot_be_written_down_twice(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store, needed=2)
        await store.requests.decide(request.id, lambda found: word(found, "dana", RequestStatus.PENDING))
        with pytest.raises(Conflict):
            await approve(store, request, "dana")
        assert await states(store, request.call) == ["pending"]


async def test_a_body_that_breaks_changes_nothing(tmp_path: Path) -> None:
    def broken(_: Request) -> Judged:
        raise ZeroDivisionError

    async with a_store(tmp_path) as store:
        request = await held(store)
        with pytest.raises(ZeroDivisionError):
            await store.requests.decide(request.id, broken)
        assert await store.requests.find(request.id) == request
        with pytest.raises(NotFound):
            await store.requests.decide("R-none", broken)


@pytest.mark.parametrize("status", ["expired", "cancelled", "superseded"])
@pytest.mark.parametrize("approved", [False, True])
async def test_an_open_request_is_closed_once(tmp_path: Path, status: str, approved: bool) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        if approved:
            await approve(store, request)
        event = said(request.call, "request.expired", request_id=request.id)
        first = await store.requests.close(request.id, RequestStatus(status), [event])
        second = await store.requests.close(request.id, RequestStatus.CANCELLED, [event])
        assert isinstance(first, Closed)
        assert second == NotOpen(RequestStatus(status))
        assert await states(store, request.call) == [status]
        assert [r["event"] for r in await all_records(store)].count("request.expired") == 1


async def test_what_was_sent_cannot_be_closed(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        await approve(store, request)
        await claim(store, request)
        closed = await store.requests.close(request.id, RequestStatus.EXPIRED, [])
        assert closed == NotOpen(RequestStatus.APPROVED)
        assert await states(store, request.call) == ["dispatched"]


@pytest.mark.parametrize("status", ["rejected", "expired"])
async def test_an_outcome_is_told_once_and_then_the_call_is_new(tmp_path: Path, status: str) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        if status == "rejected":
            await reject(store, request)
        else:
            await store.requests.close(request.id, RequestStatus.EXPIRED, [])
        joined = await again(store, request)
        assert isinstance(joined, Joined)
        assert joined.state.value == status
        await store.requests.consume_outcome(request.id)
        assert isinstance(await again(store, request), Opened)


@pytest.mark.parametrize("status", ["cancelled", "superseded"])
async def test_a_withdrawn_request_is_not_joined(tmp_path: Path, status: str) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        await store.requests.close(request.id, RequestStatus(status), [])
        assert isinstance(await again(store, request), Opened)


async def test_an_approved_call_is_collected_at_every_stage_until_it_is_delivered(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        await approve(store, request)
        assert _stage(await again(store, request)) == (request.id, "approved", None)
        await claim(store, request)
        assert _stage(await again(store, request)) == (request.id, "dispatched", None)
        await ended(store, request.call, result=b'{"content":[]}')
    async with a_store(tmp_path) as store:
        assert _stage(await again(store, request)) == (request.id, "executed", b'{"content":[]}')
        await store.delivered(request.call.id)
        assert isinstance(await again(store, request), Opened)


async def test_an_outcome_lost_in_a_restart_is_told_once(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        await approve(store, request)
        await claim(store, request)
    async with a_store(tmp_path) as store:
        await store.recover()
        assert _stage(await again(store, request)) == (request.id, "unknown", None)
        await store.delivered(request.call.id)
        assert isinstance(await again(store, request), Opened)


def _stage(opened: Opened | Joined | TooMany) -> tuple[str, str, bytes | None]:
    assert isinstance(opened, Joined)
    return opened.request.id, opened.state.value, opened.result


async def test_a_reviewer_claims_and_lets_go(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        await store.requests.set_claim(request, "dana", stamp(300))
        found = await store.requests.find(request.id)
        assert found is not None
        assert (found.claimed_by, found.claimed_until) == ("dana", stamp(300))
        await store.requests.set_claim(request, "", "")
        assert await store.requests.find(request.id) == request
        await reject(store, request)
        with pytest.raises(Conflict):
            await store.requests.set_claim(request, "dana", stamp(300))
        with pytest.raises(NotFound):
            await store.requests.set_claim(new_request(), "dana", stamp(300))


async def test_a_pending_request_can_be_given_more_time(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        await store.requests.extend(request, stamp(1740), {"approver_id": "dana", "seconds": 900})
        found = await store.requests.find(request.id)
        assert found is not None
        assert found.due_ts == stamp(1740)
        with pytest.raises(Conflict, match="moved the request on"):
            await store.requests.extend(request, stamp(1000), {})


# ---- time


def later(seconds: float) -> Moment:
    return Moment(NOW + seconds, NOW - 60, SNAPSHOT)


async def test_an_escalation_moves_group_and_due_time_drops_the_claim_and_voids_earlier_words(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store, on_timeout=OnTimeout.ESCALATE, escalate_to="bosses", needed=2)
        await store.requests.set_claim(request, "ana", stamp(5000))
        await store.requests.decide(request.id, lambda found: word(found, "dana", RequestStatus.PENDING))
        timed, moved = await store.requests.pass_time(request.id, lambda found: fate(found, later(840)))
        assert isinstance(timed, Escalates)
        assert moved == await store.requests.find(request.id)
        assert (moved.status, moved.stage, moved.group) == (RequestStatus.PENDING, 2, "bosses")
        assert (moved.escalated_from, moved.escalated_ts) == ("finance-approvers", stamp(840))
        assert (moved.due_ts, moved.claimed_by) == (stamp(1740), "")
        assert [said.stage for said in moved.decisions] == [1]
        assert moved.words == ()
        with pytest.raises(Conflict, match="moved the request on"):
            await store.requests.set_claim(request, "ana", stamp(5000))
        assert (await all_records(store))[-1]["event"] == "request.escalated"


async def test_who_spoke_in_the_first_stage_can_speak_in_the_second(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store, on_timeout=OnTimeout.ESCALATE, needed=2)
        await store.requests.decide(request.id, lambda found: word(found, "dana", RequestStatus.PENDING))
        await store.requests.pass_time(request.id, lambda found: fate(found, later(840)))
        again = replace(an_approval("dana"), stage=2)
        await store.requests.decide(request.id, lambda _: Accepted(again, RequestStatus.APPROVED, ()))
        found = await store.requests.find(request.id)
        assert found is not None
        assert found.status is RequestStatus.APPROVED
        assert found.words == (again,)


async def test_who_approved_may_still_deny(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store, needed=2)
        await store.requests.decide(request.id, lambda found: word(found, "dana", RequestStatus.PENDING))
        await reject(store, request, "dana")
        found = await store.requests.find(request.id)
        assert found is not None
        assert found.status is RequestStatus.REJECTED
        assert [said.decision for said in found.decisions] == ["approve", "deny"]


async def test_an_approval_by_time_is_a_decision_like_any_other_and_used_once(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store, on_timeout=OnTimeout.APPROVE, tier=Tier.LOW)
        timed, found = await store.requests.pass_time(request.id, lambda read: fate(read, later(840)))
        assert isinstance(timed, Approves)
        (said,) = found.decisions
        assert (said.approver_id, said.assurance, said.final) == ("policy:timeout", None, True)
        assert found.due_ts == stamp(1740)
        assert await states(store, request.call) == ["approved"]
        assert isinstance(await claim(store, request, now=NOW + 850), Claimed)
        assert await claim(store, request, now=NOW + 850) == NotClaimed(WhyNot.ALREADY_USED)
        timed, _ = await store.requests.pass_time(request.id, lambda read: fate(read, later(9000)))
        assert timed == Over()


async def test_time_does_nothing_to_what_is_not_due(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        before = len(await all_records(store))
        timed, found = await store.requests.pass_time(request.id, lambda read: fate(read, later(839)))
        assert (timed, found) == (Waits(NOW + 840), request)
        assert len(await all_records(store)) == before
        with pytest.raises(NotFound):
            await store.requests.pass_time("R-none", lambda read: fate(read, later(0)))


async def test_requests_are_listed_by_status_and_group_page_by_page(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        made = [await held(store, opened_ts=stamp(n), group="a" if n % 2 else "b") for n in range(5)]
        await reject(store, made[0])
        assert [r.id for r in await store.requests.page()] == [r.id for r in made]
        assert [r.id for r in await store.requests.page(RequestStatus.PENDING)] == [r.id for r in made[1:]]
        assert [r.id for r in await store.requests.page(group="a")] == [made[1].id, made[3].id]
        first = await store.requests.page(limit=2)
        assert [r.id for r in await store.requests.page(after=first[-1].id, limit=2)] == [made[2].id, made[3].id]


async def test_open_requests_are_those_pending_or_approved_and_unsent_by_due_time(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        late = await held(store, due_ts=stamp(900))
        soon = await held(store, due_ts=stamp(10))
        used, gone = await held(store), await held(store)
        await approve(store, used)
        await claim(store, used)
        await reject(store, gone)
        await approve(store, soon)
        assert [r.id for r in await store.requests.unsettled()] == [soon.id, late.id]
