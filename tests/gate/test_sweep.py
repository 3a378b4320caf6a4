"""Time over a real gate: escalations and approvals at the time-out, restarts and reloads in the middle, set clocks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate.gate import Gate
from mcp_gate.gate.reload import redecide
from mcp_gate.gate.sweep import sweep
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.outcome import Delivered, Outcome, Refused, Status
from mcp_gate.model.request import Request, RequestStatus
from support.gates import Client, Hands, Upstream, decide, job, loaded, names, open_gate, pending, perform

pytestmark = pytest.mark.anyio

DAY = 86_400
TIERS = """\
version: v1
risk_tiers:
  high:   { risk_tags: [delete], timeout_sec: 14400, on_timeout: deny }
  medium: { risk_tags: [write], timeout_sec: 1200, on_timeout: escalate, escalate_to: security-approvers }
  low:    { risk_tags: [read], timeout_sec: 600, on_timeout: approve }
routing: { default: ops-approvers }
"""
LOW = ("get", {"order": "O-1"})
MEDIUM = ("refund", {"amount": 4200})
HIGH = ("destroy", {"order": "O-1"})


@asynccontextmanager
async def held(
    tmp: Path, what: tuple[str, dict[str, Any]], hands: Hands, more: str = "", client: Client | None = None
) -> AsyncIterator[tuple[Gate, asyncio.Task[Outcome], Request, Upstream]]:
    """A call that waits in a gate with the three tiers."""
    upstream = Upstream()
    async with open_gate(tmp, TIERS + more, hands=hands) as gate:
        call = asyncio.create_task(perform(gate, job(*what), upstream, client))
        yield gate, call, await waiting(gate), upstream
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)


async def waiting(gate: Gate) -> Request:
    """The one request that is pending, once its client waits and the sweep knows of it."""
    (request,) = await pending(gate)
    async with asyncio.timeout(10):
        while request.id not in gate.waiters:
            await asyncio.sleep(0.005)
    return request


async def passes(gate: Gate, hands: Hands, seconds: float) -> None:
    hands.pass_(seconds)
    await sweep(gate)


async def now(gate: Gate, request: Request) -> Request:
    found = await gate.store.requests.find(request.id)
    assert found is not None
    return found


async def settled(call: asyncio.Task[Outcome]) -> Outcome:
    return await asyncio.wait_for(call, 10)


def expired(outcome: Outcome) -> bool:
    assert isinstance(outcome, Refused)
    assert "policy:timeout" in outcome.text
    return outcome.status is Status.EXPIRED


# ---- the three words


async def test_high_is_denied_at_its_time_out(tmp_path: Path) -> None:
    hands = Hands()
    async with held(tmp_path, HIGH, hands) as (gate, call, _, upstream):
        await passes(gate, hands, 14_399)
        assert not call.done()
        await passes(gate, hands, 1)
        assert expired(await settled(call))
        assert upstream.sent == []


async def test_low_is_approved_at_its_time_out_for_a_client_that_waits_and_is_sent_once(tmp_path: Path) -> None:
    hands = Hands()
    async with held(tmp_path, LOW, hands) as (gate, call, request, upstream):
        await passes(gate, hands, 599)
        assert not call.done()
        await passes(gate, hands, 1)
        assert isinstance(await settled(call), Delivered)
        for _ in range(3):
            await passes(gate, hands, 600)
        assert upstream.sent == [LOW[1]]
        assert await names(gate, request_id=request.id) == [
            "request.opened", "request.decided", "call.dispatched", "call.delivered",
        ]  # fmt: skip
        word = next(r for r in await gate.store.records() if r["event"] == "request.decided")
        assert (word["approver_id"], word["data"]["decision"], word["data"]["final"]) == (
            "policy:timeout", "approve", True,
        )  # fmt: skip


async def test_what_time_approved_is_not_run_for_nobody_and_ends_uncollected(tmp_path: Path) -> None:
    hands = Hands()
    async with held(tmp_path, LOW, hands) as (gate, call, request, upstream):
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await passes(gate, hands, 600)
        assert (await now(gate, request)).status is RequestStatus.APPROVED
        await passes(gate, hands, 599)
        assert upstream.sent == []
        await passes(gate, hands, 1)
        assert (await now(gate, request)).status is RequestStatus.EXPIRED
        last = (await gate.store.records())[-1]
        assert (last["event"], last["data"]["cause"]) == ("request.expired", "uncollected")
        assert upstream.sent == []


async def test_what_time_approved_is_collected_by_the_same_call(tmp_path: Path) -> None:
    hands = Hands()
    async with held(tmp_path, LOW, hands) as (gate, call, _, upstream):
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await passes(gate, hands, 600)
        assert isinstance(await perform(gate, job(*LOW), upstream), Delivered)
        assert upstream.sent == [LOW[1]]


GUARDS = {
    "invariant": "invariants:\n  - { id: i, match: { risk_tags: [read] }, at_least: require_approval }\n",
    "two people": "rules:\n  - { id: two, match: { topics: ['*'] }, decision: require_approval, approvals: 2 }\n",
    "assurance": "rules:\n  - { id: a, match: { topics: ['*'] }, decision: require_approval, min_assurance: token }\n",
}


@pytest.mark.parametrize("guard", GUARDS)
async def test_what_asks_for_more_than_time_is_denied_at_its_time_out(tmp_path: Path, guard: str) -> None:
    hands = Hands()
    async with held(tmp_path, LOW, hands, GUARDS[guard]) as (gate, call, _, upstream):
        await passes(gate, hands, 600)
        assert expired(await settled(call))
        assert upstream.sent == []


async def test_a_constraint_that_forbids_the_call_forbids_it_to_time_too(tmp_path: Path) -> None:
    hands, amount = Hands(), "rules:\n  - { id: cap, match: { topics: ['*'] }, decision: require_approval, "
    rules = (TIERS.replace("[write]", "[other]").replace("[read]", "[read, write]")) + amount
    async with open_gate(tmp_path, rules + "constraints: { max_amount_usd: 100 } }\n", hands=hands) as gate:
        upstream = Upstream()
        call = asyncio.create_task(perform(gate, job(*MEDIUM), upstream))
        request = await waiting(gate)
        assert request.verdict["on_timeout"] == "approve"
        await passes(gate, hands, 600)
        assert expired(await settled(call))
        assert upstream.sent == []


# ---- escalation


async def test_medium_goes_to_the_next_group_once_and_is_denied_after_the_same_time_again(tmp_path: Path) -> None:
    hands, client = Hands(), Client(token=True)
    async with held(tmp_path, MEDIUM, hands, client=client) as (gate, call, request, upstream):
        assert request.group == "ops-approvers"
        with gate.hub.subscribe() as messages:
            await passes(gate, hands, 1200)
            told = messages.get_nowait()
        assert told == {
            "event": "request.escalated", "request_id": request.id, "group": "security-approvers",
            "status": "pending", "from": "ops-approvers",
        }  # fmt: skip
        second = await now(gate, request)
        assert (second.status, second.group) == (RequestStatus.PENDING, "security-approvers")
        assert parse_rfc3339(second.due_ts) - parse_rfc3339(request.due_ts) == 1200
        assert [r.id for r in await gate.store.requests.page(group="security-approvers")] == [request.id]
        assert await gate.store.requests.page(group="ops-approvers") == []
        await passes(gate, hands, 1199)
        assert not call.done()
        await passes(gate, hands, 1)
        assert expired(await settled(call))
        assert upstream.sent == []
        assert await names(gate, request_id=request.id) == ["request.opened", "request.escalated", "request.expired"]
        everything = str(await settled(call)) + "".join(client.beats)
        assert "approvers" not in everything


async def test_an_escalated_call_runs_when_the_second_group_approves(tmp_path: Path) -> None:
    hands = Hands()
    async with held(tmp_path, MEDIUM, hands) as (gate, call, request, upstream):
        await passes(gate, hands, 1200)
        await decide(gate, await now(gate, request))
        assert isinstance(await settled(call), Delivered)
        assert upstream.sent == [MEDIUM[1]]


async def test_heartbeats_go_on_over_an_escalation_and_the_same_call_joins(tmp_path: Path) -> None:
    hands, client = Hands(), Client(token=True)
    settings = "hold: { wait_sec: 0.01, heartbeat_sec: 0.02 }"
    async with open_gate(tmp_path, TIERS, settings, hands=hands) as gate:
        upstream = Upstream()
        call = asyncio.create_task(perform(gate, job(*MEDIUM), upstream, client))
        request = await waiting(gate)
        await passes(gate, hands, 1200)
        before = len(client.beats)
        async with asyncio.timeout(10):
            while len(client.beats) < before + 3:
                await asyncio.sleep(0.005)
        joined = await perform(gate, job(*MEDIUM), upstream, session="s-2")
        assert isinstance(joined, Refused)
        assert (joined.status, joined.request_id) == (Status.PENDING, request.id)
        assert len(await pending(gate)) == 1
        assert all(request.id in beat and "approvers" not in beat for beat in client.beats)
        await passes(gate, hands, 1200)
        assert expired(await settled(call))


AFTER = TIERS + "approval_queue_policy: { escalate_after_sec: 300, target_p95_wait_sec: 60, escalate_to: bosses }\n"


@pytest.mark.parametrize("what", [LOW, MEDIUM, HIGH], ids=["low", "medium", "high"])
async def test_S114_what_nobody_decided_within_escalate_after_sec_goes_on_once_whatever_its_tier(
    tmp_path: Path, what: tuple[str, dict[str, Any]]
) -> None:
    hands = Hands()
    async with open_gate(tmp_path, AFTER, hands=hands) as gate:
        call = asyncio.create_task(perform(gate, job(*what), Upstream()))
        request = await waiting(gate)
        assert parse_rfc3339(request.escalate_ts) - parse_rfc3339(request.opened_ts) == 300
        await passes(gate, hands, 299)
        assert (await now(gate, request)).stage == 1
        await passes(gate, hands, 1)
        second = await now(gate, request)
        assert second.group == ("security-approvers" if what is MEDIUM else "bosses")
        given = request.timeout_sec
        await passes(gate, hands, given - 1)
        assert not call.done()
        await passes(gate, hands, 1)
        assert expired(await settled(call))
        assert (await names(gate, request_id=request.id)).count("request.escalated") == 1


async def test_S114_the_due_time_comes_first_where_it_is_sooner(tmp_path: Path) -> None:
    hands = Hands()
    rules = TIERS + "approval_queue_policy: { escalate_after_sec: 700 }\n"
    async with open_gate(tmp_path, rules, hands=hands) as gate:
        upstream = Upstream()
        call = asyncio.create_task(perform(gate, job(*LOW), upstream))
        request = await waiting(gate)
        assert request.escalate_ts == ""
        await passes(gate, hands, 600)
        assert isinstance(await settled(call), Delivered)


# ---- restarts, reloads


@pytest.mark.parametrize("stage", [1, 2])
async def test_a_restart_in_the_middle_of_a_stage_keeps_its_due_time(tmp_path: Path, stage: int) -> None:
    hands = Hands()
    async with held(tmp_path, MEDIUM, hands) as (gate, _, request, _):
        for _ in range(stage - 1):
            await passes(gate, hands, 1200)
        await passes(gate, hands, 500)
        before = await now(gate, request)
    hands.pass_(600)
    async with open_gate(tmp_path, TIERS, hands=hands) as gate:
        for found in await gate.store.requests.unsettled():
            gate.queue.watch(found)
        await passes(gate, hands, 99)
        assert (await now(gate, request)).due_ts == before.due_ts
        assert (await now(gate, request)).stage == stage
        await passes(gate, hands, 1)
        after = await now(gate, request)
        if stage == 1:
            assert (after.status, after.group) == (RequestStatus.PENDING, "security-approvers")
        else:
            assert after.status is RequestStatus.EXPIRED


async def test_a_restart_in_the_middle_of_tier_lows_time_keeps_what_happens_at_its_end(tmp_path: Path) -> None:
    hands = Hands()
    async with held(tmp_path, LOW, hands) as (_, _, request, _):
        hands.pass_(300)
    async with open_gate(tmp_path, TIERS, hands=hands) as gate:
        for found in await gate.store.requests.unsettled():
            gate.queue.watch(found)
        await passes(gate, hands, 299)
        assert (await now(gate, request)).status is RequestStatus.PENDING
        await passes(gate, hands, 1)
        assert (await now(gate, request)).status is RequestStatus.APPROVED


@pytest.mark.parametrize("stage", [1, 2])
async def test_a_reload_in_the_middle_asks_anew_from_the_first_stage(tmp_path: Path, stage: int) -> None:
    hands = Hands()
    async with held(tmp_path, MEDIUM, hands) as (gate, call, request, upstream):
        for _ in range(stage - 1):
            await passes(gate, hands, 1200)
        await passes(gate, hands, 1000)
        gate.loaded = loaded(TIERS.replace("ops-approvers", "others"))
        await redecide(gate)
        fresh = await waiting(gate)
        assert (await now(gate, request)).status is RequestStatus.SUPERSEDED
        assert (fresh.stage, fresh.group) == (1, "others")
        await passes(gate, hands, 1199)
        assert not call.done()
        assert (await now(gate, fresh)).stage == 1
        await passes(gate, hands, 1)
        assert (await now(gate, fresh)).stage == 2
        await decide(gate, await now(gate, fresh))
        assert isinstance(await settled(call), Delivered)
        assert upstream.sent == [MEDIUM[1]]
        ends = [e for e in await names(gate, request_id=request.id) if e in ("request.cancelled", "request.expired")]
        assert ends == ["request.cancelled"]


# ---- clocks


@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["forward", "back"])
@pytest.mark.parametrize("what", [LOW, MEDIUM, HIGH], ids=["low", "medium", "high"])
async def test_S052_a_clock_set_by_a_day_while_the_gate_runs_moves_no_stage(
    tmp_path: Path, what: tuple[str, dict[str, Any]], jump: int
) -> None:
    hands = Hands()
    async with held(tmp_path, what, hands) as (gate, call, request, _):
        hands.wall += jump
        await passes(gate, hands, request.timeout_sec - 1)
        assert (await now(gate, request)) == request
        hands.wall -= jump
        await passes(gate, hands, 1)
        second = await now(gate, request)
        if what is MEDIUM:
            assert (second.stage, second.status) == (2, RequestStatus.PENDING)
            hands.wall += jump
            await passes(gate, hands, 1200)
        await settled(call)


@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["forward", "back"])
@pytest.mark.parametrize("what", [LOW, MEDIUM], ids=["low", "medium"])
async def test_S052_a_clock_set_by_a_day_over_a_restart_approves_nothing_and_keeps_nothing_open(
    tmp_path: Path, what: tuple[str, dict[str, Any]], jump: int
) -> None:
    hands = Hands()
    async with held(tmp_path, what, hands) as (_, _, request, _):
        hands.pass_(10)
    hands.wall += jump
    async with open_gate(tmp_path, TIERS, hands=hands) as gate:
        for found in await gate.store.requests.unsettled():
            gate.queue.watch(found)
        await passes(gate, hands, 1)
        first = await now(gate, request)
        if what is MEDIUM and jump > 0:  # its time is over by the clock: more people are asked
            assert (first.stage, first.status) == (2, RequestStatus.PENDING)
            await passes(gate, hands, 1201)
        assert (await now(gate, request)).status is RequestStatus.EXPIRED
        assert "request.decided" not in await names(gate)
