"""Grouping, cancellation and faults, on real files."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from mcp_gate.evidence.chain import Intact
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.event import Event
from mcp_gate.model.request import CallState
from mcp_gate.store import live, writer
from mcp_gate.store.commits import Begun, Commits
from mcp_gate.store.database import Conflict, NotFound, Tx, Unavailable
from mcp_gate.store.sqlite import SQLite
from mcp_gate.store.store import FILE_NAME, Store
from support.chains import verify
from support.faults import faulty_writer
from support.held import SNAPSHOT
from support.stored import (
    Hands,
    a_store,
    all_records,
    approve,
    begun,
    claim,
    ended,
    held,
    new_call,
    new_request,
    opening,
    said,
    sent,
    states,
)  # fmt: skip

pytestmark = pytest.mark.anyio


async def intact(store: Store) -> bool:
    return isinstance(verify(await all_records(store)), Intact)


async def test_what_queues_during_a_commit_goes_into_the_next_one(tmp_path: Path) -> None:
    database = await SQLite.open(tmp_path / FILE_NAME, Hands())
    try:
        await asyncio.gather(*(database.write(_insert(n)) for n in range(200)))
        assert database.commits <= 20
        assert await rows(database) == 200
    finally:
        await database.close()


def _insert(n: int) -> Callable[[Tx], None]:
    def body(tx: Tx) -> None:
        tx.run("insert into meta(k, v) values(:k, '')", k=str(n))

    return body


async def test_a_lazy_body_rides_along_with_the_next_commit_in_order(tmp_path: Path) -> None:
    database = await SQLite.open(tmp_path / FILE_NAME, Hands())
    try:
        seen: list[str] = []
        lazy = database.write(lambda tx: seen.append("lazy"), lazy=True)
        await database.write(lambda tx: seen.append("prompt"))
        await lazy
        assert seen == ["lazy", "prompt"]
        assert database.commits == 1
    finally:
        await database.close()


async def rows(database: SQLite) -> int:
    return len(await database.read(lambda tx: tx.all("select k from meta")))


async def test_a_lone_body_is_committed_before_anybody_waits_for_it_with_what_rides_along(tmp_path: Path) -> None:
    async with lone(tmp_path) as database:
        lazy = database.write(_insert(1), lazy=True)
        prompt = database.write(_insert(2), alone=True)
        assert (database.commits, lazy.done(), prompt.done()) == (1, True, True)
        assert await rows(database) == 2


async def test_what_is_heavy_rides_along_with_nothing_that_the_loop_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by: list[str] = []
    real = live.Live.write_back
    monkeypatch.setattr(live.Live, "write_back", lambda own: (by.append("back"), real(own)))

    def body(tx: Tx) -> None:
        by.append(threading.current_thread().name)

    async with lone(tmp_path) as database:
        heavy = database.write(body, lazy=True, heavy=True)
        await database.write(_insert(1), alone=True)
        await heavy
    assert by == ["mcp-gate-store", "back"]


@asynccontextmanager
async def lone(tmp_path: Path) -> AsyncIterator[SQLite]:
    """A database whose disk is never slow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "SLOW_SEC", 60.0)
        database = await SQLite.open(tmp_path / FILE_NAME, Hands())
        try:
            yield database
        finally:
            await database.close()


async def test_a_lone_body_goes_after_all_that_was_queued_before_it(tmp_path: Path) -> None:
    async with lone(tmp_path) as database:
        seen: list[int] = []
        await asyncio.gather(
            *(database.write(lambda tx, n=n: seen.append(n), alone=n % 3 == 1, lazy=n % 3 == 2) for n in range(300))
        )
        assert seen == list(range(300))


async def test_a_lone_body_that_fails_fails_alone_and_at_once(tmp_path: Path) -> None:
    async with lone(tmp_path) as database:
        await database.write(_insert(1), alone=True)
        twice = database.write(_insert(1), alone=True)
        with pytest.raises(Conflict):
            await twice
        await database.write(_insert(2), alone=True)
        assert await rows(database) == 2


async def test_the_event_loop_does_not_wait_for_a_database_that_somebody_else_holds(tmp_path: Path) -> None:
    async with lone(tmp_path) as database:
        await database.write(_insert(1))
        with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
            other.execute("begin immediate")
            began = time.monotonic()
            waiting = database.write(_insert(2), alone=True)
            assert time.monotonic() - began < 1
            assert not waiting.done()
            other.execute("rollback")
        await waiting
        assert await rows(database) == 2


async def test_what_failed_along_with_a_lone_body_is_written_though_nobody_writes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_writer(monkeypatch) as plan:
        async with lone(tmp_path) as database:
            await database.write(_insert(1))
            outcome = database.write(_insert(2), lazy=True)
            plan.arm(5)
            with pytest.raises(Unavailable):
                await database.write(_insert(3), alone=True)
            await asyncio.wait_for(outcome, 5)
            assert await rows(database) == 2


async def test_a_file_is_opened_anew_by_the_thread_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = live.open_for_writing

    def connect(path: Path) -> sqlite3.Connection:
        opened.append(threading.current_thread().name)
        return real(path)

    monkeypatch.setattr(live, "open_for_writing", connect)
    with faulty_writer(monkeypatch) as plan:
        async with lone(tmp_path) as database:
            plan.arm(4)
            with pytest.raises(Unavailable):
                await database.write(_insert(1), alone=True)
            await database.write(_insert(1), alone=True)
            assert opened[1:] == ["mcp-gate-store"]


async def test_the_event_loop_does_not_wait_for_somebody_who_takes_the_database_while_a_body_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lone(tmp_path) as database:
        await database.write(_insert(1))
        with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
            begin = Commits.begin

            def late(self: Commits, *, patient: bool = True) -> Begun:
                if not other.in_transaction and bodies:
                    other.execute("begin immediate")
                return begin(self, patient=patient)

            bodies: list[int] = []

            def body(tx: Tx) -> None:
                bodies.append(1)
                raise NotFound("c")

            monkeypatch.setattr(Commits, "begin", late)
            began = time.monotonic()
            waiting = database.write(body, alone=True)
            assert time.monotonic() - began < 1
            other.execute("rollback")
            monkeypatch.setattr(Commits, "begin", begin)
        with pytest.raises((NotFound, Unavailable)):
            await waiting


async def test_a_disk_that_was_slow_is_left_to_the_thread_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "RESPITE", 1_000_000)
    async with lone(tmp_path) as database:
        monkeypatch.setattr(writer, "SLOW_SEC", 0.0)
        assert database.write(_insert(1), alone=True).done()
        later = database.write(_insert(2), alone=True)
        assert not later.done()
        await later


async def test_the_log_is_written_back_by_the_thread_between_two_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "AT_ONCE", 3)
    async with lone(tmp_path) as database:
        before = (tmp_path / FILE_NAME).read_bytes()
        for n in range(3):
            assert database.write(_insert(n), alone=True).done()
        assert (tmp_path / FILE_NAME).read_bytes() == before
        fourth = database.write(_insert(3), alone=True)
        assert not fourth.done()
        await fourth
        await database.write(_insert(4))  # begins when the log was written back
        assert (tmp_path / FILE_NAME).read_bytes() != before
        assert database.write(_insert(5), alone=True).done()
        assert await rows(database) == 6


async def test_a_file_that_vanishes_is_noticed_by_a_lone_body_too(tmp_path: Path) -> None:
    async with lone(tmp_path) as database:
        await database.write(_insert(1))
        (tmp_path / FILE_NAME).unlink()
        with pytest.raises(Unavailable, match="deleted"):
            await database.write(_insert(2), alone=True)
        assert database.commits == 1


async def test_a_record_is_dated_when_it_is_written_however_long_it_waited_for_a_commit_to_go_with(
    tmp_path: Path,
) -> None:
    hands = Hands()
    database = await SQLite.open(tmp_path / FILE_NAME, hands)
    try:
        database.write(_insert(1), lazy=True)
        hands.now += 5
        await database.write(lambda tx: tx.record(said(new_call(), "call.received")))
        (record,) = await database.read(lambda tx: tx.all("select ts from audit"))
        assert record["ts"] == rfc3339(hands.now)
        assert database.commits == 1
    finally:
        await database.close()


async def test_a_lazy_body_alone_is_durable_soon(tmp_path: Path) -> None:
    database = await SQLite.open(tmp_path / FILE_NAME, Hands())
    try:
        await asyncio.wait_for(database.write(_insert(1), lazy=True), 5)
    finally:
        await database.close()


async def test_what_is_queued_when_the_store_closes_is_written(tmp_path: Path) -> None:
    call = new_call()
    async with a_store(tmp_path) as store:
        await sent(store, call)
        store.finish(call, CallState.EXECUTED, [], lazy=True)
    async with a_store(tmp_path) as store:
        assert await states(store, call) == ["executed"]


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    async with a_store(tmp_path) as store:
        pass
    with pytest.raises(Unavailable):
        await sent(store, new_call())
    with pytest.raises(Unavailable):
        await store.requests.page()


async def test_one_bodys_mistake_does_not_touch_its_neighbours(tmp_path: Path) -> None:
    good, bad, better = new_call(), new_call(), new_call()
    async with a_store(tmp_path) as store:
        results = await asyncio.gather(
            sent(store, good), ended(store, bad), sent(store, bad), sent(store, better), return_exceptions=True
        )
        assert [type(r) for r in results] == [type(None), NotFound, type(None), type(None)]
        assert await states(store, good, bad, better) == ["dispatched"] * 3
        assert await intact(store)


async def test_text_no_database_can_hold_fails_its_own_call_alone(tmp_path: Path) -> None:
    good, bad = new_call(), new_call(session="\ud800")
    async with a_store(tmp_path) as store:
        results = await asyncio.gather(sent(store, bad), sent(store, good), return_exceptions=True)
        assert isinstance(results[0], UnicodeEncodeError)
        assert await states(store, good, bad) == ["dispatched", "none"]
        assert await intact(store)


# -- cancellation -----------------------------------------------------------------------------------------------


async def test_S231_a_caller_cancelled_at_any_await_leaves_whole_transactions(tmp_path: Path) -> None:
    """Each step of a held call's life is cancelled after 0, 1, 2, … turns of the loop, until it is quick enough."""
    async with a_store(tmp_path) as store:
        for turns in range(12):
            request = await held(store)
            await approve(store, request)
            plain, other = new_call(), new_request()
            steps: list[Callable[[], Awaitable[object]]] = [
                lambda plain=plain: sent(store, plain),  # type: ignore[misc]
                lambda other=other: store.requests.open(other.call, other, opening(other), cap=100),  # type: ignore[misc]
                lambda request=request: claim(store, request),  # type: ignore[misc]
                lambda request=request: ended(store, request.call, result=b"{}"),  # type: ignore[misc]
            ]
            for step in steps:
                await _cancelled_after(turns, step)
            await sent(store, new_call())  # what commits later must carry no stray rows along
            assert await _all_or_nothing(store, plain.id, "dispatched", 3)
            assert await _all_or_nothing(store, other.call.id, "pending", 3)
            assert await _all_or_nothing(store, request.call.id, "executed", 6)
        assert await intact(store)


async def _cancelled_after(turns: int, step: Callable[[], Awaitable[object]]) -> None:
    task = asyncio.ensure_future(step())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _all_or_nothing(store: Store, call_id: str, state: str, events: int) -> bool:
    call = await store.call(call_id)
    written = [r for r in await all_records(store) if r["call_id"] == call_id]
    # A step cancelled before its first turn never began; the one after it is then refused by the lifecycle.
    return (call is None and not written) or (call is not None and (call["state"] == state) == (len(written) == events))


async def test_a_cancelled_lazy_outcome_is_written_all_the_same(tmp_path: Path) -> None:
    call = new_call()
    async with a_store(tmp_path) as store:
        await sent(store, call)
        outcome = asyncio.ensure_future(store.finish(call, CallState.EXECUTED, [], lazy=True))
        outcome.cancel()
        await sent(store, new_call())
        assert await states(store, call) == ["executed"]


# -- faults -----------------------------------------------------------------------------------------------------


async def _life(store: Store, calls: list[str]) -> None:
    """One held call and one allowed call from beginning to end."""
    request = await held(store)
    calls.append(request.call.id)
    await approve(store, request)
    await claim(store, request)
    await ended(store, request.call, result=b"{}")
    await store.delivered(request.call.id)
    plain = new_call()
    calls.append(plain.id)
    await sent(store, plain)
    await ended(store, plain, CallState.FAILED)


async def test_the_store_is_well_again_after_any_statement_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fail the Nth statement of the writer, for every N of a held and an allowed call's life."""
    monkeypatch.setattr(writer, "RETRY_SEC", 0.001)
    with faulty_writer(monkeypatch) as plan:
        async with a_store(tmp_path) as store:
            await _life(store, [])
            at, refused = 0, True
            while refused:
                at += 1
                plan.arm(at)
                try:
                    await _life(store, [])
                    refused = False
                except Unavailable:
                    pass
                plan.arm(-1)
                await _life(store, [])
                assert await intact(store), f"statement {at}"
            assert at > 30
    async with a_store(tmp_path) as store:
        assert await intact(store)
        await store.recover()


async def test_a_failed_transaction_leaves_nothing_and_an_outcome_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, refused = new_call(), new_call()
    with faulty_writer(monkeypatch) as plan:
        async with a_store(tmp_path) as store:
            await sent(store, call)
            store.finish(call, CallState.EXECUTED, [said(call, "call.executed")], lazy=True)
            plan.arm(3)
            with pytest.raises(Unavailable):
                await sent(store, refused)
            assert await states(store, call, refused) == ["dispatched", "none"]
            await sent(store, new_call())
            assert await states(store, call) == ["executed"]
            assert [r["event"] for r in await all_records(store)].count("call.executed") == 1


async def test_an_outcome_still_owed_at_the_end_is_unknown_after_the_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = new_call()
    with faulty_writer(monkeypatch) as plan:
        async with a_store(tmp_path) as store:
            await sent(store, call)
            owed = store.finish(call, CallState.EXECUTED, [], lazy=True)
            plan.break_down()
        with pytest.raises(Unavailable):
            await owed
    async with a_store(tmp_path) as store:
        assert [lost.id for lost in await store.recover()] == [call.id]


@pytest.mark.parametrize("step", ["decision", "approval", "intent"])
async def test_S213_a_full_disk_refuses_the_step_and_the_store_recovers(tmp_path: Path, step: str) -> None:
    async with a_store(tmp_path) as store:
        request = await held(store)
        if step == "intent":
            await approve(store, request)
        before, was = await all_records(store), await states(store, request.call)
        await _full(store)
        big = new_call(arguments={"text": "x" * 200_000})
        together = {"decision": sent, "approval": approve, "intent": claim}[step]
        subject = new_call() if step == "decision" else request
        results = await asyncio.gather(together(store, subject), sent(store, big), return_exceptions=True)
        assert {type(result) for result in results} == {Unavailable}
        assert "full" in str(results[-1])
        assert await all_records(store) == before
        assert await states(store, request.call, big) == [*was, "none"]
        await sent(store, big)  # the file was opened anew: there is room again
        assert await intact(store)


async def _full(store: Store) -> None:
    """No page more than there are: SQLITE_FULL at the next one, as on a full disk."""
    database = store._db
    assert isinstance(database, SQLite)

    def body(tx: Tx) -> None:
        pages = tx.one("pragma page_count")
        assert pages is not None
        tx.all(f"pragma max_page_count = {pages['page_count']}")

    await database.write(body)


@pytest.mark.slow
async def test_S216_a_database_locked_by_somebody_else_refuses_in_time_and_recovers(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with a_store(tmp_path) as store:
        await sent(store, new_call())
        other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
        other.execute("begin immediate")
        since = loop.time()
        first = asyncio.ensure_future(sent(store, new_call()))
        await asyncio.sleep(1)
        second = asyncio.ensure_future(sent(store, new_call()))
        for refused in (first, second):
            with pytest.raises(Unavailable, match="locked"):
                await refused
        assert 4 < loop.time() - since < 6
        other.execute("rollback")
        other.close()
        await sent(store, new_call())
        assert await intact(store)


async def test_effects_happen_only_when_the_transaction_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[tuple[str, str]] = []
    effects: list[str] = []

    def body(tx: Tx) -> None:
        tx.run("insert into meta(k, v) values('a', '')")
        tx.moved("c-1", "rejected")
        tx.after(lambda: effects.append("done"))

    with faulty_writer(monkeypatch) as plan:
        database = await SQLite.open(tmp_path / FILE_NAME, Hands(), lambda *what: moved.append(what))
        try:
            plan.arm(4)
            with pytest.raises(Unavailable):
                await database.write(body)
            assert (moved, effects) == ([], [])
            plan.arm(-1)
            await database.write(body)
            assert (moved, effects) == ([("c-1", "rejected")], ["done"])
        finally:
            await database.close()


async def test_what_reads_the_record_finds_all_of_it_that_was_queued_before_and_nothing_else(tmp_path: Path) -> None:
    database = await SQLite.open(tmp_path / FILE_NAME, Hands())

    def count(tx: Tx) -> int:
        return len(tx.all("select seq from audit"))

    try:
        for lazy in (False, True):
            before = len(await database.read(lambda tx: tx.all("select seq from audit")))
            first = database.write(lambda tx: tx.record(Event("one", {})), lazy=lazy)
            blind = database.write(count)
            seeing = database.write(count, reads_record=True)
            last = database.write(lambda tx: tx.record(Event("two", {})))
            await last
            assert (await seeing, await blind) == (before + 1, before), "records are written last"
            await first
        assert database.commits <= 4
    finally:
        await database.close()


async def test_events_without_canonical_form_are_refused_and_break_no_chain(tmp_path: Path) -> None:
    call = new_call()
    async with a_store(tmp_path) as store:
        with pytest.raises(ValueError):
            await store.begin(call, {}, CallState.DISPATCHED, [*begun(call), said(call, "x", n=float("nan"))], SNAPSHOT)
        assert await all_records(store) == []
        await sent(store, call)
        assert await intact(store)
