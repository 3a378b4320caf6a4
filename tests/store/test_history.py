"""History read back a page at a time."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from mcp_gate.history.past import Past, Word
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import Decision
from mcp_gate.model.event import Event
from mcp_gate.model.request import RequestStatus
from mcp_gate.model.timed import Escalates
from mcp_gate.store.archive import Archive
from mcp_gate.store.history import PAGE, WORDS
from mcp_gate.store.store import FILE_NAME
from support.held import NOW
from support.stored import Hands, a_store, approve, held, new_call, reject, sent, word

pytestmark = pytest.mark.anyio

LONG_AGO = rfc3339(NOW - 10**6)


def calls(folder: Path, since: str = LONG_AGO) -> list[Past]:
    with Archive(folder / FILE_NAME) as archive:
        return list(archive.calls(since))


def words(folder: Path, since: str = LONG_AGO) -> list[Word]:
    with Archive(folder / FILE_NAME) as archive:
        return list(archive.words(since))


async def test_every_call_comes_once_and_in_order_over_pages_that_end_amid_one_millisecond(tmp_path: Path) -> None:
    put = []
    async with a_store(tmp_path) as store:
        for number in range(2 * PAGE + 7):
            call = new_call(id=f"c-{number * 7919 % 1009:04}", ts=rfc3339(NOW + number // (PAGE - 3)))
            put.append((call.ts, call.id))
            await sent(store, call)
    found = [(past.call.ts, past.call.id) for past in calls(tmp_path)]
    assert found == sorted(put)
    assert len(calls(tmp_path, rfc3339(NOW + 1))) == len(put) - (PAGE - 3)


async def test_a_call_comes_with_its_verdict_and_its_request(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        await sent(store, new_call(ts=rfc3339(NOW)))
        request = await held(store, new_call(ts=rfc3339(NOW + 1)))
        await reject(store, request)
    allowed, rejected = calls(tmp_path)
    assert (allowed.decision, allowed.held) == (Decision.ALLOW, None)
    assert rejected.held is not None
    assert (rejected.held.id, rejected.held.status) == (request.id, RequestStatus.REJECTED)
    assert (rejected.held.group, rejected.held.due - rejected.held.opened) == ("finance-approvers", 900)
    assert rejected.call == request.call


async def test_words_are_dated_by_the_gate_and_not_by_who_spoke(tmp_path: Path) -> None:
    clock = Hands()
    async with a_store(tmp_path, clock) as store:
        first, second = [await held(store) for _ in range(2)]
        clock.now = NOW + 100
        await approve(store, first)
        clock.now = NOW + 200
        await reject(store, second, "ana")
        sample = {"call_id": first.call.id, "policy_snapshot": "x"}
        await store.note(Event("sample.reviewed", sample, {"decision": "bad"}))
    found = words(tmp_path)
    assert [(word.said, word.at - NOW) for word in found] == [("approve", 100), ("deny", 200), ("bad", 200)]
    assert (found[0].request_id, found[0].group, found[0].came) == (first.id, "finance-approvers", NOW - 60)
    assert (found[2].call_id, found[2].request_id) == (first.call.id, "")
    assert [word.said for word in words(tmp_path, rfc3339(NOW + 150))] == ["deny", "bad"]


async def test_a_word_belongs_to_the_stage_in_which_it_was_said(tmp_path: Path) -> None:
    clock = Hands()
    async with a_store(tmp_path, clock) as store:
        request = await held(store, needed=2)
        clock.now = NOW + 10
        await store.requests.decide(request.id, lambda found: word(found, "dana", RequestStatus.PENDING))
        there = Escalates("security-approvers", rfc3339(NOW + 100), rfc3339(NOW + 1000), ())
        await store.requests.pass_time(request.id, lambda found: there)
        clock.now = NOW + 130
        await store.requests.decide(request.id, lambda found: word(found, "sam", RequestStatus.APPROVED))
    first, second = words(tmp_path)
    assert (first.group, first.came - NOW) == ("finance-approvers", -60)
    assert (second.group, second.came - NOW, second.kind) == ("security-approvers", 100, "gate")
    (past,) = calls(tmp_path)
    assert past.held is not None
    assert past.held.group == "finance-approvers", "it went there first"


async def test_words_come_over_pages_and_are_found_without_looking_at_the_whole_record(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        for _ in range(PAGE + 5):
            await store.note(Event("sample.reviewed", {"call_id": "c-1", "policy_snapshot": "x"}, {"decision": "good"}))
    assert len(words(tmp_path)) == PAGE + 5
    with contextlib.closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        plan = connection.execute(f"explain query plan {WORDS}", {"since": "", "seq": 0, "limit": 1})
        assert "audit_judged" in str(plan.fetchall())
