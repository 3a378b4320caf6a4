"""Held calls: opened once, joined by the same call, executed at most once, collected by whoever comes back."""

import asyncio
from pathlib import Path

import pytest

from mcp_gate.gate.gate import Gate
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.sweep import ORPHAN_SEC, sweep
from mcp_gate.model.outcome import Delivered, NextLeg, Refused, Retry, Status
from mcp_gate.model.request import RequestStatus
from mcp_gate.wire.errors import RpcError
from support.gates import (
    RULES,
    UPSTREAMS,
    Client,
    Hands,
    Upstream,
    decide,
    job,
    loaded,
    names,
    open_gate,
    pending,
    perform,
    status_of,
)
from support.hooks import until

pytestmark = pytest.mark.anyio

REFUND = {"amount": 4200}


async def held(gate, upstream, client=None, **who):  # type: ignore[no-untyped-def]
    """A refund that waits, and its request."""
    call = asyncio.create_task(perform(gate, job("refund", REFUND), upstream, client, **who))
    return call, (await pending(gate))[0]


async def test_S084_an_approved_call_is_sent_once_and_its_record_is_complete(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        call, request = await held(gate, upstream)
        assert upstream.sent == []
        await decide(gate, request)
        assert isinstance(await call, Delivered)
        assert upstream.sent == [REFUND]
        assert await names(gate, request_id=request.id) == [
            "request.opened", "request.decided", "call.dispatched", "call.delivered",
        ]  # fmt: skip
        assert (await names(gate, call_id=request.call.id))[:2] == ["call.received", "call.decided"]


async def test_S085_a_rejected_call_is_never_sent_and_the_reason_is_passed_on(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        call, request = await held(gate, upstream)
        await decide(gate, request, "deny", "wrong order")
        outcome = await call
        assert isinstance(outcome, Refused)
        assert (outcome.status, outcome.retry) == (Status.REJECTED, Retry.NEVER)
        assert "wrong order" in outcome.text
        assert "dana" not in str(outcome)
        assert upstream.sent == []


async def test_the_same_call_joins_and_both_get_the_one_outcome(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        first, request = await held(gate, upstream)
        second = asyncio.create_task(perform(gate, job("refund", dict(REFUND)), upstream, session="s-2"))
        while (await gate.store.requests.find(request.id)).attempts < 2:  # type: ignore[union-attr]
            await asyncio.sleep(0.005)
        assert len(await pending(gate)) == 1
        await decide(gate, request)
        assert await first == await second
        assert upstream.sent == [REFUND]


async def test_S094_S096_another_argument_or_another_agent_is_another_request(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        calls = [
            asyncio.create_task(perform(gate, job("refund", REFUND), upstream)),
            asyncio.create_task(perform(gate, job("refund", {"amount": 4201}), upstream)),
            asyncio.create_task(perform(gate, job("refund", REFUND), upstream, agent="other")),
        ]
        requests = await pending(gate, 3)
        mine = next(r for r in requests if r.call.agent == "default" and r.call.arguments == REFUND)
        await decide(gate, mine)
        assert isinstance(await calls[0], Delivered)
        assert upstream.sent == [REFUND]
        for call in calls[1:]:
            assert not call.done()
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


async def test_S105_an_approval_that_nobody_waits_for_is_not_executed_but_collected(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        call, request = await held(gate, upstream)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert request.id not in gate.waiters
        await decide(gate, request)
        assert upstream.sent == []
        assert isinstance(await perform(gate, job("refund", REFUND), upstream), Delivered)
        assert upstream.sent == [REFUND]
        assert isinstance(await asyncio.wait_for(_again(gate, upstream), 5), Refused)
        assert len(upstream.sent) == 1


async def _again(gate, upstream):  # type: ignore[no-untyped-def]
    """The same call once more is a new call with a request of its own."""
    call = asyncio.create_task(perform(gate, job("refund", REFUND), upstream))
    request = (await pending(gate))[0]
    await decide(gate, request, "deny", "not again")
    return await call


async def test_a_withheld_result_of_an_approved_call_is_kept_for_a_reviewer_and_not_sent_again(tmp_path: Path) -> None:
    rules = (
        "version: v1\nrules:\n  - { id: small, match: { topics: ['*'] }, decision: require_approval, "
        "constraints: { max_output_bytes: 50 } }\n"
    )
    async with open_gate(tmp_path, rules) as gate:
        upstream = Upstream({"content": [{"type": "text", "text": "x" * 100}]})
        call, request = await held(gate, upstream)
        await decide(gate, request)
        for again in (call, perform(gate, job("refund", REFUND), upstream)):
            outcome = await again
            assert isinstance(outcome, Refused)
            assert outcome.status is Status.QUARANTINED
        assert "call.delivered" not in await names(gate)
        kept = await gate.store.result_of(request.call.id)
        assert b"x" * 100 in gate.vault.open(kept or b"", request.call.id)
        assert len(upstream.sent) == 1


async def test_S244_a_client_that_goes_away_while_it_runs_collects_the_result_later(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        started, go = asyncio.Event(), asyncio.Event()

        async def slow(arguments: dict[str, object]) -> dict[str, object]:
            started.set()
            await go.wait()
            return {"content": [], "n": 1}

        upstream = Upstream(slow)
        call, request = await held(gate, upstream)
        await decide(gate, request)
        await started.wait()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        go.set()
        assert await perform(gate, job("refund", REFUND), upstream) == Delivered({"content": [], "n": 1})
        await gate.settle(5)
        assert (await names(gate, request_id=request.id)).count("call.delivered") == 1
        assert isinstance(await asyncio.wait_for(_again(gate, upstream), 5), Refused), "it was collected"
        assert len(upstream.sent) == 1


async def test_a_client_without_a_token_is_told_pending_when_its_patience_ends(tmp_path: Path) -> None:
    async with open_gate(tmp_path, settings="hold: { wait_sec: 0.05 }") as gate:
        outcome = await perform(gate, job("refund", REFUND), Upstream())
        assert isinstance(outcome, Refused)
        assert (outcome.status, outcome.retry) == (Status.PENDING, Retry.SAME_CALL)
        assert outcome.request_id == (await pending(gate))[0].id


async def test_S106_a_client_with_a_token_gets_heartbeats_that_name_the_request(tmp_path: Path) -> None:
    settings = "hold: { wait_sec: 0.01, heartbeat_sec: 0.02 }"
    async with open_gate(tmp_path, settings=settings) as gate:
        client = Client(token=True)
        call, request = await held(gate, Upstream(), client)
        async with asyncio.timeout(5):
            while len(client.beats) < 4:
                await asyncio.sleep(0.01)
        assert all(request.id in beat for beat in client.beats)
        assert "A person decides" not in "".join(client.beats)
        await decide(gate, request)
        assert isinstance(await call, Delivered)


async def test_a_stateless_client_gets_ten_legs_and_then_pending(tmp_path: Path) -> None:
    async with open_gate(tmp_path, settings="hold: { wait_sec: 0.01 }") as gate:
        for leg in range(10):
            outcome = await perform(gate, job("refund", REFUND), Upstream(), Client(modern=True, leg=leg))
            assert isinstance(outcome, NextLeg)
            assert outcome.round == leg + 1
        outcome = await perform(gate, job("refund", REFUND), Upstream(), Client(modern=True, leg=10))
        assert isinstance(outcome, Refused)
        assert outcome.status is Status.PENDING
        assert len(await pending(gate)) == 1


async def test_S034_a_definition_that_changed_voids_the_approval(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        call, request = await held(gate, upstream)
        upstream.tool_hash = "sha256:" + "1" * 64
        await decide(gate, request)
        outcome = await call
        assert isinstance(outcome, Refused)
        assert (outcome.status, outcome.rule_id) == (Status.DENIED, "tool_changed")
        assert upstream.sent == []
        assert await status_of(gate, request.id) is RequestStatus.SUPERSEDED


async def test_S086_a_request_that_is_due_expires_and_names_the_policy(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, hands=hands) as gate:
        upstream = Upstream()
        call, request = await held(gate, upstream)
        hands.pass_(899)
        await sweep(gate)
        assert not call.done()
        hands.pass_(2)
        await sweep(gate)
        outcome = await call
        assert isinstance(outcome, Refused)
        assert outcome.status is Status.EXPIRED
        assert upstream.sent == []
        record = (await gate.store.records())[-1]
        assert (record["event"], record["approver_id"]) == ("request.expired", "policy:timeout")
        assert record["request_id"] == request.id


async def test_an_approval_that_is_used_too_late_is_told_as_expired_though_nobody_swept_yet(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, hands=hands) as gate:
        upstream = Upstream()
        call, request = await held(gate, upstream)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await decide(gate, request)
        hands.pass_(901)
        again = asyncio.create_task(perform(gate, job("refund", REFUND), upstream))
        while request.id not in gate.waiters:
            await asyncio.sleep(0.005)
        await sweep(gate)
        outcome = await asyncio.wait_for(again, 10)
        assert isinstance(outcome, Refused)
        assert outcome.status is Status.EXPIRED
        assert upstream.sent == []
        assert (await names(gate, request_id=request.id)).count("call.received") == 1


async def test_a_call_whose_client_goes_away_while_it_is_being_held_ends_with_its_time(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, hands=hands) as gate:
        await gate.store.habits.acquaint("default")
        call = asyncio.create_task(perform(gate, job("refund", REFUND), Upstream()))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        (request,) = await pending(gate)
        await gate.store.put_meta("after", "that")
        hands.pass_(901)
        await sweep(gate)
        assert await status_of(gate, request.id) is RequestStatus.EXPIRED


async def test_S220_a_clock_that_is_set_does_not_move_a_deadline(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, hands=hands) as gate:
        call, request = await held(gate, Upstream())
        hands.wall += 10 * 365 * 86_400
        await sweep(gate)
        assert not call.done()
        hands.wall -= 20 * 365 * 86_400
        hands.elapsed += 901
        await sweep(gate)
        assert isinstance(await call, Refused)
        assert (await gate.store.requests.find(request.id)).status is RequestStatus.EXPIRED  # type: ignore[union-attr]


async def test_a_request_whose_client_never_came_back_is_withdrawn(tmp_path: Path) -> None:
    hands = Hands()
    rule = "{ id: slow, match: { topics: ['*'] }, decision: require_approval, timeout_sec: 9000 }"
    rules = f"version: v1\nrules:\n  - {rule}\n"
    async with open_gate(tmp_path, rules, hands=hands) as gate:
        call, request = await held(gate, Upstream())
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        hands.pass_(ORPHAN_SEC - 1)
        await sweep(gate)
        assert len(await pending(gate)) == 1
        hands.pass_(2)
        await sweep(gate)
        assert await status_of(gate, request.id) is RequestStatus.CANCELLED


async def test_S109_the_next_call_over_the_cap_is_refused_at_once(tmp_path: Path) -> None:
    async with open_gate(tmp_path, settings="limits: { pending_per_agent: 2 }") as gate:
        calls = [asyncio.create_task(perform(gate, job("refund", {"amount": n}), Upstream())) for n in range(2)]
        await pending(gate, 2)
        outcome = await perform(gate, job("refund", {"amount": 99}), Upstream())
        assert isinstance(outcome, Refused)
        assert (outcome.status, outcome.rule_id, outcome.retry) == (Status.DENIED, "limits", Retry.LATER)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


TWO = "reviewers: { ana: {}, dana: {} }"
CHANGED = """\
version: v1
rules:
  - {{ id: refunds, match: {{ topics: ["job.shop.refund"] }}, decision: {decision}, reason: "Changed", approvals: {n} }}
"""


@pytest.mark.parametrize("decision", ["require_approval", "allow"])
async def test_S098_a_changed_policy_asks_anew_and_never_less(tmp_path: Path, decision: str) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        call, request = await held(gate, upstream)
        gate.loaded = loaded(CHANGED.format(decision=decision, n=2), TWO)
        await redecide(gate)
        fresh = (await pending(gate))[0]
        assert fresh.id != request.id
        assert fresh.needed == 2
        assert fresh.policy_snapshot == gate.loaded.snapshot.id
        assert not call.done()
        await decide(gate, fresh)
        assert isinstance(await call, Delivered)
        assert upstream.sent == [REFUND]


async def test_S098_a_policy_that_denies_now_denies_the_waiting_call(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        call, _ = await held(gate, upstream)
        gate.loaded = loaded(CHANGED.format(decision="deny", n=1))
        await redecide(gate)
        outcome = await call
        assert isinstance(outcome, Refused)
        assert outcome.status is Status.DENIED
        assert upstream.sent == []
        assert await gate.store.requests.page(RequestStatus.PENDING) == []


async def test_a_call_whose_upstream_is_taken_out_of_the_policy_before_it_is_decided_is_of_an_unknown_tool(
    tmp_path: Path,
) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        gate.loaded = loaded(upstreams=UPSTREAMS.replace("  shop:", "  other:"))
        with pytest.raises(RpcError, match="no longer there") as refused:
            await perform(gate, job("get"), upstream)
        assert refused.value.code == -32602
        assert upstream.sent == []


async def attempts(gate: Gate, request_id: str, count: int) -> bool:
    found = await gate.store.requests.find(request_id)
    return found is not None and found.attempts == count


async def test_a_waiting_call_whose_upstream_is_taken_out_of_the_policy_is_denied(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        call, request = await held(gate, upstream)
        joined = asyncio.create_task(perform(gate, job("refund", REFUND), upstream))
        await until(lambda: attempts(gate, request.id, 2))
        gate.loaded = loaded(upstreams=UPSTREAMS.replace("  shop:", "  other:"))
        await redecide(gate)
        for outcome in (await call, await joined):
            assert isinstance(outcome, Refused)
            assert (outcome.status, outcome.rule_id) == (Status.DENIED, "tool_changed")
            assert outcome.call_id == request.call.id  # what is on the record
        assert upstream.sent == []
        assert await gate.store.requests.page(RequestStatus.PENDING) == []


async def test_a_reload_that_a_call_overtakes_on_its_way_into_the_queue_holds_it_anew(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        await gate.store.habits.acquaint("default")
        upstream = Upstream()
        call = asyncio.create_task(perform(gate, job("refund", REFUND), upstream))
        await asyncio.sleep(0)  # it was decided, and is being written
        gate.loaded = loaded(CHANGED.format(decision="require_approval", n=2), TWO)
        async with asyncio.timeout(10):
            while (fresh := (await pending(gate))[0]).policy_snapshot != gate.loaded.snapshot.id:
                await asyncio.sleep(0.005)
        assert fresh.needed == 2
        await decide(gate, fresh)
        assert isinstance(await call, Delivered)
        assert upstream.sent == [REFUND]


async def test_a_client_that_asks_anew_before_the_gate_does_is_held_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = Hands()
    async with open_gate(tmp_path, hands=hands) as gate:
        call, _ = await held(gate, Upstream())

        async def slow(agent: str) -> None:
            await pending(gate)

        monkeypatch.setattr(gate.store.habits, "acquaint", slow)
        gate.loaded = loaded(CHANGED.format(decision="require_approval", n=1))
        await redecide(gate)
        assert len(await pending(gate)) == 1
        hands.pass_(901)
        await sweep(gate)
        outcome = await call
        assert isinstance(outcome, Refused)
        assert outcome.status is Status.EXPIRED


async def test_an_exception_in_deciding_anew_denies_the_call_and_goes_on_with_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        calls = [asyncio.create_task(perform(gate, job("refund", {"amount": n}), upstream)) for n in (1, 2)]
        await pending(gate, 2)
        gate.loaded = loaded(CHANGED.format(decision="allow", n=1))
        monkeypatch.setattr(gate.loaded.policy, "decide", lambda facts: 1 / 0)
        await redecide(gate)
        for call in calls:
            outcome = await asyncio.wait_for(call, 10)
            assert isinstance(outcome, Refused)
            assert (outcome.status, outcome.rule_id) == (Status.DENIED, "error")
        assert upstream.sent == []


async def test_an_approval_from_before_a_policy_change_is_void(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        call, request = await held(gate, upstream)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await decide(gate, request)
        gate.loaded = loaded(CHANGED.format(decision="require_approval", n=1))
        again = asyncio.create_task(perform(gate, job("refund", REFUND), upstream))
        async with asyncio.timeout(5):
            while not any(r.policy_snapshot == gate.loaded.snapshot.id for r in await pending(gate)):
                await asyncio.sleep(0.005)
        assert upstream.sent == []
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)


async def test_S111_after_a_restart_the_same_call_joins_its_request(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        call, request = await held(gate, Upstream())
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    async with open_gate(tmp_path) as gate:
        await gate.store.recover()
        upstream = Upstream()
        assert [r.id for r in await pending(gate)] == [request.id]
        again, found = await held(gate, upstream)
        assert found.id == request.id
        await decide(gate, found)
        assert isinstance(await again, Delivered)
        assert upstream.sent == [REFUND]


async def test_a_constraint_binds_after_an_approval_too_and_the_reviewer_is_told_before(tmp_path: Path) -> None:
    rule = "{ id: capped, match: { topics: [job.shop.refund] }, decision: require_approval, "
    rules = f"version: v1\nrules:\n  - {rule} constraints: {{ max_amount_usd: 100 }} }}\n"
    async with open_gate(tmp_path, rules) as gate:
        upstream = Upstream()
        call, request = await held(gate, upstream)
        assert request.verdict["forbidden"] == "the amount is over the limit"
        await decide(gate, request)
        outcome = await call
        assert isinstance(outcome, Refused)
        assert (outcome.status, outcome.decision) == (Status.DENIED, "require_approval")
        assert upstream.sent == []


async def test_a_request_that_is_opened_anew_under_another_policy_tells_of_its_constraints(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        call, request = await held(gate, Upstream())
        assert "forbidden" not in request.verdict
        capped = "constraints: { max_amount_usd: 100 } }"
        gate.loaded = loaded(RULES.replace('reason: "A person decides" }', capped))
        await redecide(gate)
        (fresh,) = await pending(gate)
        assert fresh.verdict["forbidden"] == "the amount is over the limit"
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
