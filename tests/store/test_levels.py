from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Awaitable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.autonomy.level import AgentLevel, Cause, Change, Counts
from mcp_gate.model.config import AgentSpec
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import CallState
from mcp_gate.store.database import Outdated
from mcp_gate.store.store import FILE_NAME, Store
from support.held import SNAPSHOT
from support.stored import a_store, all_records, approve, begun, claim, ended, new_call, new_request, said

pytestmark = pytest.mark.anyio

BOT = "claude-code"


def ladder(highest: int = 3, **bot: int) -> Ladder:
    return Ladder(
        highest=highest, error_rate_above=Decimal("0.05"),
        agents={BOT: AgentSpec(BOT, autonomy_initial=bot.get("initial", 2), autonomy_max=bot.get("max"))},
    )  # fmt: skip


async def load(store: Store, of: Ladder | None) -> None:
    event = Event("policy.loaded", {"policy_snapshot": SNAPSHOT}, {"files": 1})
    await store.snapshot_loaded(SNAPSHOT, "0" * 64, {}, event, of)


async def changes(store: Store) -> list[JsonObject]:
    return [record for record in await all_records(store) if record["event"] == "agent.level_changed"]


async def run(store: Store, **how: Any) -> None:
    """One call of the agent from dispatch to end, at the level it has."""
    call = new_call(signals={"level": store.agents.level(BOT)})
    await store.begin(call, {"decision": "allow"}, CallState.DISPATCHED, begun(call), SNAPSHOT)
    state = how.pop("state", CallState.EXECUTED)
    await store.finish(call, state, [said(call, f"call.{state.value}", is_error=how.get("failure", False))], **how)


def deny(store: Store, *, violation: bool = True) -> Awaitable[None]:
    call = new_call()
    written = [said(call, "call.received"), said(call, "call.decided")]
    return store.begin(call, {"decision": "deny"}, CallState.DENIED, written, SNAPSHOT, violation=violation)


def state(store: Store) -> tuple[int, Counts]:
    found = store.agents.known()[BOT]
    return found.level, found.counts


def write(folder: Path, sql: str) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.execute(sql)
    connection.commit()
    connection.close()


class TestBeginning:
    async def test_a_new_agent_begins_where_the_operator_says_and_that_is_recorded_once(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder(initial=2))
            await load(store, ladder(initial=3))
            assert store.agents.level(BOT) == 2
            (record,) = await changes(store)
        assert (record["agent"], record["policy_snapshot"]) == (BOT, SNAPSHOT)
        assert record["data"] == {"from": 0, "to": 2, "cause": "initial"}
        async with a_store(tmp_path) as store:
            await load(store, ladder(initial=3))
            assert store.agents.level(BOT) == 2

    async def test_without_levels_everybody_is_at_0_and_nothing_is_counted(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, None)
            await run(store)
            await deny(store)
            assert store.agents.level(BOT) == 0
            assert store.agents.known() == {}
            assert await changes(store) == []

    async def test_fewer_levels_or_a_lower_max_take_an_agent_down_and_more_do_not_lift_it(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder(initial=3))
            await load(store, ladder(highest=2))
            await load(store, ladder(max=1))
            await load(store, ladder(highest=3))
            assert store.agents.level(BOT) == 1
            found = [(r["data"]["from"], r["data"]["to"], r["data"]["cause"]) for r in await changes(store)]
        assert found == [(0, 3, "initial"), (3, 2, "capped"), (2, 1, "capped")]


class TestConduct:
    async def test_outcomes_are_counted_and_survive_a_restart(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            await run(store)
            await run(store, state=CallState.QUARANTINED, result=b"{}")
            await run(store, failure=True)
            await run(store, state=CallState.FAILED, sent=False)
            await deny(store, violation=False)
            assert state(store) == (2, Counts(2, 1, 0))
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            assert state(store) == (2, Counts(2, 1, 0))

    async def test_an_approved_call_counts_as_any_other(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            call = new_call(signals={"level": 2})
            request = new_request(call)
            await store.requests.open(call, request, [said(call, "call.received")], cap=9)
            await approve(store, request)
            await claim(store, request)
            await ended(store, call)
            assert state(store) == (2, Counts(1))

    async def test_a_violation_and_the_level_it_costs_are_neighbours_in_the_record(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            await deny(store)
            decided, changed = (await all_records(store))[-2:]
        assert (decided["event"], changed["event"]) == ("call.decided", "agent.level_changed")
        assert changed["call_id"] == decided["call_id"]
        assert changed["data"] == {"from": 2, "to": 1, "cause": "policy_violation"}

    async def test_calls_whose_outcome_nobody_knows_after_a_crash_are_errors(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            for _ in range(2):
                call = new_call(signals={"level": 2})
                await store.begin(call, {}, CallState.DISPATCHED, begun(call), SNAPSHOT)
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            await store.recover()
            assert state(store) == (1, Counts())
            assert (await changes(store))[-1]["data"]["cause"] == "error_rate"

    async def test_a_change_is_told_in_the_loop_once_it_is_durable(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            told: asyncio.Queue[tuple[str, Change]] = asyncio.Queue()
            store.agents.on_level_changed(lambda agent, change: told.put_nowait((agent, change)))
            await deny(store)
            assert await asyncio.wait_for(told.get(), 5) == (BOT, Change(2, 1, Cause.VIOLATION))


class TestDecidedAtAnotherLevel:
    async def test_a_call_decided_before_its_agent_fell_is_neither_sent_nor_held(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            call, held = new_call(signals={"level": 2}), new_call(signals={"level": 2})
            falling = deny(store)  # in the same commit, or one before
            with pytest.raises(Outdated):
                await store.begin(call, {}, CallState.DISPATCHED, begun(call), SNAPSHOT)
            with pytest.raises(Outdated):
                await store.requests.open(held, new_request(held), [said(held, "call.received")], cap=9)
            await falling
            assert await store.call(call.id) is None
            assert await store.call(held.id) is None

    async def test_an_approval_given_at_another_level_is_not_used(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            call = new_call(signals={"level": 2})
            request = new_request(call)
            await store.requests.open(call, request, [said(call, "call.received")], cap=9)
            await approve(store, request)
            await deny(store)
            refused = await claim(store, request)
        assert getattr(refused, "reason", None) == "level_changed"


class TestMoving:
    async def test_a_persons_word_moves_an_agent_and_names_the_person(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            fields = {"approver_id": "dana", "reason": "Earned"}
            await store.agents.move(BOT, lambda now: Change(now.level, now.level + 1, Cause.PROMOTED), fields)
            assert state(store) == (3, Counts())
            record = (await changes(store))[-1]
        assert (record["approver_id"], record["reason"], record["agent"]) == ("dana", "Earned", BOT)

    async def test_a_refusal_writes_nothing(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            said = Refused("criteria_unmet", 409, "not yet")
            assert await store.agents.move(BOT, lambda _: said, {}) == said
            assert len(await changes(store)) == 1


CORRUPTIONS = [
    "delete from levels",
    "update levels set level = 'two'",
    "update levels set level = 2.5",
    "update levels set level = -1",
    "update levels set level = 3",
    "update levels set level = 4000000000",
    "update levels set since = ''",
    "update levels set since = 'yesterday'",
    "update levels set successes = x'00'",
    "update levels set errors = -3",
    "update levels set violations = 'none'",
]


class TestLostState:
    @pytest.mark.parametrize("sql", CORRUPTIONS)
    async def test_S061_a_row_that_is_missing_broken_or_not_what_the_record_says_is_level_0(
        self, tmp_path: Path, sql: str
    ) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            await run(store)
        write(tmp_path, sql)
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            assert state(store) == (0, Counts())
            assert [r["data"]["cause"] for r in await changes(store)] == ["initial", "state_lost"]
        async with a_store(tmp_path) as store:  # once, and it stays there
            await load(store, ladder())
            assert state(store) == (0, Counts())
            assert len(await changes(store)) == 2

    @pytest.mark.parametrize("sql", ["delete from levels", "update levels set level = 'two'"])
    async def test_S061_what_is_lost_while_the_gate_runs_lets_no_call_pass_and_is_level_0_from_then_on(
        self, tmp_path: Path, sql: str
    ) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            write(tmp_path, sql)
            call = new_call(signals={"level": 2})
            with pytest.raises(Outdated):
                await store.begin(call, {}, CallState.DISPATCHED, begun(call), SNAPSHOT)
            assert store.agents.level(BOT) == 0
            await run(store)
            assert state(store) == (0, Counts(1))
            assert [r["data"]["cause"] for r in await changes(store)] == ["initial", "state_lost"]

    async def test_a_row_for_an_agent_that_was_never_lifted_lifts_nobody(self, tmp_path: Path) -> None:
        async with a_store(tmp_path) as store:
            await load(store, ladder())
        write(tmp_path, "insert into levels values('other', 3, '2027-01-15T08:00:00.000Z', 99, 0, 0)")
        async with a_store(tmp_path) as store:
            await load(store, ladder())
            assert store.agents.level("other") == 0


# ---- the level is what a naive recount of the exported record says


NO_ERROR = ("success", "quarantined", "failed_unsent", "refused")
DOINGS = (*NO_ERROR, "error", "failed", "unknown", "violation", "promote", "lower_max", "restart")


def recount(records: list[JsonObject]) -> tuple[int, Counts]:
    """As an auditor would: every change of level starts the counts again; nothing but a change moves the level."""
    level, seen = 0, Counter[str]()
    for record in records:
        data = record["data"]
        match record["event"]:
            case "agent.level_changed":
                assert data["from"] == level
                level, seen = data["to"], Counter()
                assert data["to"] <= data["from"] or data["cause"] in ("initial", "promoted")
            case "call.executed":
                seen["errors" if data["is_error"] else "successes"] += 1
            case "call.failed" if data["sent"]:
                seen["errors"] += 1
            case "call.unknown":
                seen["errors"] += 1
            case "call.decided" if record.get("decision") == "deny" and not data.get("refused"):
                seen["violations"] += 1
    return level, Counts(seen["successes"], seen["errors"], seen["violations"])


async def act(store: Store, doing: str) -> None:
    call = new_call(signals={"level": store.agents.level(BOT)})
    if doing in ("violation", "refused"):
        told = {"refused": {"rule_id": "limits"}} if doing == "refused" else {}
        decided = said(call, "call.decided", **told)
        written = [said(call, "call.received"), Event("call.decided", {**decided.fields, "decision": "deny"}, told)]
        await store.begin(call, {}, CallState.DENIED, written, SNAPSHOT, violation=doing == "violation")
        return
    await store.begin(call, {}, CallState.DISPATCHED, begun(call), SNAPSHOT)
    failure, sent = doing not in NO_ERROR, doing != "failed_unsent"
    match doing:
        case "failed" | "failed_unsent":
            events = [said(call, "call.failed", sent=sent)]
            await store.finish(call, CallState.FAILED, events, failure=True, sent=sent)
        case "unknown":
            await store.finish(call, CallState.UNKNOWN, [said(call, "call.unknown")])
        case _:
            state = CallState.QUARANTINED if doing == "quarantined" else CallState.EXECUTED
            events = [said(call, "call.executed", is_error=failure)]
            await store.finish(call, state, events, failure=failure, lazy=True)


@settings(max_examples=40, deadline=None)
@given(doings=st.lists(st.sampled_from(DOINGS), max_size=40), initial=st.integers(0, 3))
async def test_the_level_is_what_a_recount_of_the_record_says_and_rises_by_recorded_promotions_alone(
    doings: list[str], initial: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        most, store = 3, await Store.open(Path(folder) / FILE_NAME, clock=lambda: 1_800_000_000.0)
        try:
            await load(store, ladder(initial=initial, max=most))
            for doing in doings:
                before = store.agents.level(BOT)
                if doing == "promote":
                    await store.agents.move(BOT, partial(_promotion, most), {"approver_id": "dana"})
                elif doing == "lower_max":
                    most = max(0, most - 1)
                    await load(store, ladder(initial=initial, max=most))
                elif doing == "restart":
                    await store.close()
                    store = await Store.open(Path(folder) / FILE_NAME, clock=lambda: 1_800_000_000.0)
                    await load(store, ladder(initial=initial, max=most))
                else:
                    await act(store, doing)
                assert store.agents.level(BOT) <= (before + 1 if doing == "promote" else before)
                assert store.agents.level(BOT) <= most
            await store.note(Event("policy.refused", {"policy_snapshot": SNAPSHOT}))  # rides behind what is lazy
            found = store.agents.known().get(BOT, AgentLevel())
            assert (found.level, found.counts) == recount(await all_records(store))
        finally:
            await store.close()


def _promotion(most: int, now: AgentLevel) -> Change | Refused:
    if now.level >= most:
        return Refused("at_max", 409, "as high as it may")
    return Change(now.level, now.level + 1, Cause.PROMOTED)
