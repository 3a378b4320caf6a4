from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.lang.times import rfc3339
from mcp_gate.model.request import TRANSITIONS, CallState
from mcp_gate.store.database import Conflict, NotFound
from mcp_gate.store.store import FILE_NAME
from support.held import NOW, SNAPSHOT
from support.stored import (
    Hands,
    a_store,
    all_records,
    approve,
    claim,
    ended,
    held,
    new_call,
    reject,
    said,
    sent,
    stamp,
    states,
)  # fmt: skip

pytestmark = pytest.mark.anyio


async def test_a_call_that_began_is_recorded_with_its_events_in_order(tmp_path: Path) -> None:
    call = new_call(arguments={"id": 2**60, "text": "ü⟨‮⟩"})
    async with a_store(tmp_path) as store:
        await sent(store, call)
        found = await store.call(call.id)
        records = await all_records(store)
    assert found is not None
    assert found["state"] == "dispatched"
    assert found["arguments"] == call.arguments
    assert found["policy_snapshot"] == SNAPSHOT
    assert [(r["seq"], r["event"]) for r in records] == [
        (1, "call.received"), (2, "call.decided"), (3, "call.dispatched"),
    ]  # fmt: skip
    assert {r["ts"] for r in records} == {rfc3339(NOW)}


async def test_a_finished_call_survives_the_process(tmp_path: Path) -> None:
    call = new_call()
    async with a_store(tmp_path) as store:
        await sent(store, call)
        await ended(store, call, result=b'{"content":[]}')
    async with a_store(tmp_path) as store:
        assert await states(store, call) == ["executed"]
        assert await store.result_of(call.id) == b'{"content":[]}'


async def test_large_results_that_nobody_collects_are_not_remembered_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_gate.store.store.HEAVY", 10)
    monkeypatch.setattr("mcp_gate.store.store.MOST_LARGE", 2)
    calls = [new_call() for _ in range(4)]
    async with a_store(tmp_path) as store:
        for call in calls:
            await sent(store, call)
            await ended(store, call, result=b'{"content":[]}')
        assert len(store._large) == 2
        heavy: list[bool] = []
        write = store._db.write

        def noted(*given: Any, **how: Any) -> Any:
            heavy.append(how["heavy"])
            return write(*given, **how)

        monkeypatch.setattr(store._db, "write", noted)
        for call in calls:
            await store.delivered(call.id)
        assert heavy == [False, False, True, True], "what is forgotten is wiped all the same"
        assert [await store.result_of(call.id) for call in calls] == [None] * 4


@pytest.mark.parametrize("state", [s for s in CallState if s not in TRANSITIONS[None]])
async def test_no_call_begins_in_a_later_state(tmp_path: Path, state: CallState) -> None:
    async with a_store(tmp_path) as store:
        with pytest.raises(Conflict):
            await store.begin(new_call(), {}, state, [], SNAPSHOT)


@pytest.mark.parametrize("first", ["executed", "failed", "unknown", "quarantined", "delivered", "denied", "pending"])
@pytest.mark.parametrize("then", ["executed", "failed", "unknown", "quarantined"])
async def test_only_arrows_of_the_lifecycle_can_be_followed(tmp_path: Path, first: str, then: str) -> None:
    call = new_call()
    async with a_store(tmp_path) as store:
        match first:
            case "denied":
                await store.begin(call, {}, CallState.DENIED, [said(call, "call.received")], SNAPSHOT)
            case "pending":
                await held(store, call)
            case "delivered":
                await sent(store, call)
                await ended(store, call)
                await store.delivered(call.id)
            case _:
                await sent(store, call)
                await ended(store, call, CallState(first))
        before = await all_records(store)
        if CallState(then) in TRANSITIONS.get(CallState(first), frozenset()):
            await ended(store, call, CallState(then))
            assert await states(store, call) == [then]
        else:
            with pytest.raises(Conflict):
                await ended(store, call, CallState(then))
            assert await states(store, call) == [first]
            assert await all_records(store) == before


async def test_the_same_call_cannot_begin_twice(tmp_path: Path) -> None:
    call = new_call()
    async with a_store(tmp_path) as store:
        await sent(store, call)
        with pytest.raises(Conflict):
            await sent(store, call)
        assert len(await all_records(store)) == 3


async def test_a_call_nobody_knows_cannot_end(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        with pytest.raises(NotFound):
            await ended(store, new_call())


async def test_a_delivered_result_is_wiped(tmp_path: Path) -> None:
    call = new_call()
    async with a_store(tmp_path) as store:
        await sent(store, call)
        await ended(store, call, result=b"secret-4711")
        await store.delivered(call.id, [said(call, "call.delivered")])
        assert await store.result_of(call.id) is None
        assert await states(store, call) == ["delivered"]
    assert b"secret-4711" not in (tmp_path / FILE_NAME).read_bytes()


async def test_what_two_waited_for_is_delivered_once(tmp_path: Path) -> None:
    call = new_call()
    async with a_store(tmp_path) as store:
        await sent(store, call)
        await ended(store, call, result=b"{}")
        for _ in range(2):
            await store.delivered(call.id, [said(call, "call.delivered")])
        assert [r["event"] for r in await all_records(store)].count("call.delivered") == 1


async def test_failures_are_counted_until_the_identical_call_succeeds(tmp_path: Path) -> None:
    calls = [new_call(job_hash="sha256:same") for _ in range(6)]
    agent = calls[0].agent
    async with a_store(tmp_path) as store:
        ways = [{"state": CallState.FAILED}, {"state": CallState.UNKNOWN}, {"failure": True}]
        for n, (call, how) in enumerate(zip(calls, ways, strict=False), 1):
            await sent(store, call)
            await ended(store, call, **how)
            assert store.failures(agent, "sha256:same") == n
        assert store.failures(agent, "sha256:other") == store.failures("other", "sha256:same") == 0
    async with a_store(tmp_path) as store:
        assert store.failures(agent, "sha256:same") == 3
        await sent(store, calls[3])
        await ended(store, calls[3])
        assert store.failures(agent, "sha256:same") == 0
    async with a_store(tmp_path) as store:
        assert store.failures(agent, "sha256:same") == 0


async def test_a_failure_and_a_success_in_one_transaction_leave_no_failure(tmp_path: Path) -> None:
    bad, good = new_call(job_hash="sha256:same"), new_call(job_hash="sha256:same")
    async with a_store(tmp_path) as store:
        await sent(store, bad)
        await sent(store, good)
        ended_badly = store.finish(bad, CallState.FAILED, [], lazy=True)
        ended_well = store.finish(good, CallState.EXECUTED, [], lazy=True)
        await ended_badly
        await ended_well
        assert store.failures(bad.agent, "sha256:same") == 0
    async with a_store(tmp_path) as store:
        assert store.failures(bad.agent, "sha256:same") == 0


async def test_a_failure_counts_as_soon_as_it_is_on_its_way_to_the_record(tmp_path: Path) -> None:
    call = new_call()
    async with a_store(tmp_path) as store:
        await sent(store, call)
        ending = store.finish(call, CallState.FAILED, [], lazy=True)
        assert store.failures(call.agent, call.job_hash) == 1
        await ending
        assert store.failures(call.agent, call.job_hash) == 1


async def test_a_tool_counts_as_executed_once_it_was(tmp_path: Path) -> None:
    call, failed = new_call(), new_call(tool="other")
    async with a_store(tmp_path) as store:
        await sent(store, call)
        await sent(store, failed)
        assert not store.executed_before(call.agent, call.upstream, call.tool)
        await ended(store, call)
        await ended(store, failed, CallState.FAILED)
        assert store.executed_before(call.agent, call.upstream, call.tool)
        assert not store.executed_before(call.agent, call.upstream, "other")
    async with a_store(tmp_path) as store:
        assert store.executed_before(call.agent, call.upstream, call.tool)


async def test_what_was_sent_without_outcome_is_unknown_after_a_restart(tmp_path: Path) -> None:
    plain, done = new_call(), new_call()
    async with a_store(tmp_path) as store:
        waiting = await held(store)
        approved = await held(store)
        await approve(store, approved)
        used = await held(store)
        await approve(store, used)
        await claim(store, used)
        kept = await held(store)
        await approve(store, kept)
        await claim(store, kept)
        await ended(store, kept.call, result=b"{}")
        await sent(store, plain)
        await sent(store, done)
        await ended(store, done)
    async with a_store(tmp_path) as store:
        lost = await store.recover()
        assert {call.id for call in lost} == {plain.id, used.call.id}
        found = await states(store, plain, done, waiting.call, approved.call, used.call, kept.call)
        assert found == ["unknown", "executed", "pending", "approved", "unknown", "executed"]
        unknown = [r for r in await all_records(store) if r["event"] == "call.unknown"]
        assert {r["call_id"] for r in unknown} == {plain.id, used.call.id}
        assert {r.get("request_id") for r in unknown} == {None, used.id}
        assert await store.result_of(kept.call.id) == b"{}"
        assert store.failures(plain.agent, plain.job_hash) == 1
        assert await store.recover() == []


async def test_the_trail_is_the_sessions_last_calls_oldest_first(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        calls = [new_call(ts=stamp(n)) for n in range(25)]
        for call in calls:
            await sent(store, call)
        await sent(store, new_call(session="s-other"))
        await sent(store, new_call(agent="other"))
        found = await store.trail("s-1", calls[0].agent)
        assert [step["call_id"] for step in found] == [call.id for call in calls[5:]]
        assert found[-1] == {
            "call_id": calls[-1].id, "ts": calls[-1].ts, "tool": calls[-1].tool, "status": "dispatched",
        }  # fmt: skip


async def test_the_gated_share_counts_requests_among_calls(tmp_path: Path) -> None:
    async with a_store(tmp_path, Hands()) as store:
        assert await store.gated_share(0) == 0
        for _ in range(3):
            await sent(store, new_call())
        await reject(store, await held(store))
        assert await store.gated_share(0) == 0.25
        assert await store.gated_share(NOW + 1) == 0


@pytest.mark.parametrize(
    ("asked", "plan"),
    [
        (
            "select id from calls where session = '' and agent = '' and id <> '' order by ts desc, id desc limit 20",
            "SEARCH calls USING INDEX calls_session (session=? AND agent=?)",
        ),
        (
            "select count(*) as n from requests where agent = '' and status = 'pending' and kind = 'gate'",
            "SEARCH requests USING COVERING INDEX requests_pending (agent=? AND status=? AND kind=?)",
        ),
    ],
)
async def test_what_every_held_call_asks_is_found_however_many_there_are(tmp_path: Path, asked: str, plan: str) -> None:
    async with a_store(tmp_path):
        pass
    with contextlib.closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        (found, *_) = connection.execute(f"explain query plan {asked}").fetchall()
    assert found[3] == plan
