"""A reviewer changes a held call: the policy judges it anew, its own bytes are sent, the agent is told what changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate.gate import Gate
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.reviewers import Session
from mcp_gate.gate.reviewing import Answer
from mcp_gate.history.again import difference
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.judged import Refused
from mcp_gate.model.outcome import VERDICT_KEY, Delivered, Outcome
from mcp_gate.model.outcome import Refused as Told
from mcp_gate.model.request import Request, RequestStatus, ReviewerDecision
from mcp_gate.store import history
from support.gates import Upstream, job, loaded, open_gate, pending, perform

pytestmark = pytest.mark.anyio

RULES = """\
version: v1
rules:
  - { id: over, match: { amount_usd_above: 5000 }, decision: deny, reason: "Too much" }
  - { id: large, match: { amount_usd_above: 1000 }, decision: require_approval, approvals: 2, reason: "Large" }
  - id: refunds
    match: { topics: ["job.shop.refund"] }
    decision: require_approval
    reason: "A person decides"
    constraints: { max_amount_usd: 3000 }
"""
REVIEWERS = "reviewers:\n  dana: {}\n  ana: {}\n  sam: {}\n"
ASKED = {"amount": 900, "note": "all of it"}


@asynccontextmanager
async def held(tmp: Path, rules: str = RULES) -> AsyncIterator[tuple[Gate, Upstream, asyncio.Task[Outcome], Request]]:
    """A refund of 900 that waits for one person."""
    async with open_gate(tmp, rules, REVIEWERS) as gate:
        upstream = Upstream()
        call = asyncio.create_task(perform(gate, job("refund", dict(ASKED)), upstream))
        try:
            yield gate, upstream, call, (await pending(gate))[0]
        finally:
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)


async def say(gate: Gate, request: Request, word: str, by: str = "dana", nonce: str = "", **more: Any) -> Answer:
    posted = ReviewerDecision(
        decision=word, approver_id=by, job_hash=request.call.job_hash, policy_snapshot=request.policy_snapshot,
        decision_ts=rfc3339(gate.clock.wall()), nonce=nonce or f"{by}-{word}-{request.call.job_hash}", **more,
    )  # fmt: skip
    return await gate.reviewing.decide(request.id, posted, Session())


async def edit(gate: Gate, request: Request, arguments: dict[str, Any], by: str = "dana") -> Answer:
    return await say(gate, request, "edit", by, arguments=arguments)


async def test_the_changed_call_is_what_is_sent_and_the_agent_is_told(tmp_path: Path) -> None:
    async with held(tmp_path) as (gate, upstream, call, request):
        answer = await edit(gate, request, {"amount": 90})
        assert isinstance(answer, Request)
        assert answer.status is RequestStatus.APPROVED
        outcome = await call
        assert isinstance(outcome, Delivered)
        assert upstream.sent == [{"amount": 90}]
        mark = outcome.result["_meta"][VERDICT_KEY]
        assert (mark["status"], mark["changed"], mark["request_id"]) == ("edited", ["/amount", "/note"], request.id)
        assert mark["decision"] == "require_approval"
        assert "/amount is now 90; /note was taken out" in outcome.result["content"][-1]["text"]
        assert outcome.result["content"][0] == {"type": "text", "text": "done"}


async def test_both_hashes_are_on_record_and_no_argument_is(tmp_path: Path) -> None:
    async with held(tmp_path) as (gate, _, call, request):
        await edit(gate, request, {"amount": 90, "note": "s3cret"})
        await call
        records = await gate.store.records()
        (decided,) = [r for r in records if r["event"] == "request.decided"]
        (sent,) = [r for r in records if r["event"] == "call.dispatched"]
        assert decided["job_hash"] == request.call.job_hash
        assert decided["data"]["edited_job_hash"] == sent["job_hash"] != request.call.job_hash
        assert decided["data"]["changed"] == ["/amount", "/note"]
        assert decided["data"]["verdict"]["decision"] == "require_approval"
        assert "s3cret" not in str(records)
        found = await gate.store.call(request.call.id)
        assert found is not None
        assert (found["arguments"], found["job_hash"]) == ({"amount": 90, "note": "s3cret"}, sent["job_hash"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"amount": 6000}, "edit_denied"),  # a rule denies it
        ({"amount": 4000}, "edit_denied"),  # a constraint that it was held with forbids it
        ({"amount": "90"}, "edit_denied"),  # unknown, so that the rule that denies matches
        (dict(ASKED), "bad_decision"),
        ({"amount": 900.0, "note": "all of it"}, "bad_decision"),
        ({"amount": 90, "x": "y" * 300_000}, "bad_decision"),
        (None, "bad_decision"),
    ],
)
async def test_what_the_policy_denies_or_nobody_could_ask_for_is_no_edit(
    tmp_path: Path, arguments: Any, code: str
) -> None:
    async with held(tmp_path) as (gate, upstream, _, request):
        answer = await edit(gate, request, arguments)
        assert isinstance(answer, Refused)
        assert answer.code == code
        assert answer.http == (409 if code == "edit_denied" else 422)
        assert (await gate.store.requests.find(request.id)) == request
        assert upstream.sent == []


async def test_a_changed_call_that_needs_two_needs_another_person_for_itself(tmp_path: Path) -> None:
    async with held(tmp_path) as (gate, upstream, call, request):
        answer = await edit(gate, request, {"amount": 2000})
        assert isinstance(answer, Request)
        assert (answer.status, answer.needed) == (RequestStatus.PENDING, 2)
        assert answer.call.arguments == {"amount": 2000}
        assert answer.verdict["rule_ids"] == ["large", "refunds"]
        past = await gate.store._db.read(lambda tx: history.calls(tx, "", None))
        assert [difference(one, lambda _: gate.loaded) for one in past] == [""]
        again = await say(gate, answer, "approve", "dana")
        assert isinstance(again, Refused)
        assert again.code == "second_person_needed"
        stale = await say(gate, request, "approve", "ana")
        assert isinstance(stale, Refused)
        assert stale.fields == ("job_hash",)
        done = await say(gate, answer, "approve", "ana")
        assert isinstance(done, Request)
        assert done.status is RequestStatus.APPROVED
        assert isinstance(await call, Delivered)
        assert upstream.sent == [{"amount": 2000}]


async def test_an_edit_undoes_the_approvals_before_it(tmp_path: Path) -> None:
    async with held(tmp_path, RULES.replace("above: 1000", "above: 500")) as (gate, upstream, call, request):
        first = await say(gate, request, "approve", "dana")
        assert isinstance(first, Request)
        changed = await edit(gate, request, {"amount": 800}, "ana")
        assert isinstance(changed, Request)
        assert changed.status is RequestStatus.PENDING
        assert [said.approver_id for said in changed.words] == ["ana"]
        done = await say(gate, changed, "approve", "dana")
        assert isinstance(done, Request)
        assert done.status is RequestStatus.APPROVED
        await call
        assert upstream.sent == [{"amount": 800}]


async def test_the_same_call_joins_and_collects_as_before_and_is_never_sent_twice(tmp_path: Path) -> None:
    async with held(tmp_path) as (gate, upstream, call, request):
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await edit(gate, request, {"amount": 90})
        outcome = await perform(gate, job("refund", dict(ASKED)), upstream)
        assert isinstance(outcome, Delivered)
        assert outcome.result["_meta"][VERDICT_KEY]["status"] == "edited"
        assert upstream.sent == [{"amount": 90}]
        # What a reviewer made of it is no approval of that call itself.
        other = asyncio.create_task(perform(gate, job("refund", {"amount": 90}), upstream))
        (fresh,) = await pending(gate)
        assert fresh.id != request.id
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)
        assert len(upstream.sent) == 1


async def test_a_kept_outcome_says_so_too(tmp_path: Path) -> None:
    async with held(tmp_path) as (gate, upstream, call, request):
        go = asyncio.Event()

        async def slow(_: dict[str, Any]) -> dict[str, Any]:
            await go.wait()
            return {"content": []}

        upstream.answer = slow
        await edit(gate, request, {"amount": 90})
        while not upstream.sent:
            await asyncio.sleep(0.005)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        go.set()
        await gate.settle(5)
        outcome = await perform(gate, job("refund", dict(ASKED)), upstream)
        assert isinstance(outcome, Delivered)
        assert outcome.result["_meta"][VERDICT_KEY]["changed"] == ["/amount", "/note"]
        assert len(upstream.sent) == 1


async def test_a_failure_of_the_changed_call_says_what_was_changed(tmp_path: Path) -> None:
    async with held(tmp_path) as (gate, upstream, call, request):

        async def broken(_: dict[str, Any]) -> dict[str, Any]:
            raise RuntimeError("no")

        upstream.answer = broken
        await edit(gate, request, {"amount": 90})
        outcome = await call
        assert isinstance(outcome, Told)
        assert outcome.verdict()["changed"] == ["/amount", "/note"]
        assert "/amount is now 90" in outcome.text


async def test_the_same_edit_sent_again_has_no_second_effect(tmp_path: Path) -> None:
    async with held(tmp_path) as (gate, _, __, request):
        first = await edit(gate, request, {"amount": 2000})
        again = await edit(gate, request, {"amount": 2000})
        assert again == first
        other = await edit(gate, request, {"amount": 2500})
        assert isinstance(other, Refused)


async def test_a_changed_call_counts_in_windows_as_it_is(tmp_path: Path) -> None:
    day = '  - { id: day, match: { when: "sum(attributes.amount_usd, 24h) > 3500" }, decision: deny }\n'
    rules = RULES.replace("  - { id: over", day + "  - { id: over")
    async with held(tmp_path, rules) as (gate, upstream, _, request):
        # Held with 900; as changed it counts 2900 and not 3800.
        answer = await edit(gate, request, {"amount": 2900})
        assert isinstance(answer, Request), answer
        refused = await perform(gate, job("refund", {"amount": 700}), upstream)
        assert isinstance(refused, Told)
        assert refused.rule_id == "day"


async def test_a_new_policy_decides_anew_on_what_was_asked(tmp_path: Path) -> None:
    async with held(tmp_path) as (gate, upstream, call, request):
        await edit(gate, request, {"amount": 2000})
        gate.loaded = loaded(RULES + "# another\n", REVIEWERS)
        await redecide(gate)
        (fresh,) = await pending(gate)
        assert (fresh.call.arguments, fresh.asked, fresh.needed) == (ASKED, None, 1)
        opened = [r for r in await gate.store.records() if r["event"] == "request.opened"]
        assert [r["data"]["due_ts"] for r in opened] == [request.due_ts, fresh.due_ts]
        await say(gate, fresh, "approve", "sam")
        assert isinstance(await call, Delivered)
        assert upstream.sent == [ASKED]


async def test_what_is_stored_must_be_what_was_approved(tmp_path: Path) -> None:
    async with held(tmp_path) as (gate, upstream, call, request):
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await edit(gate, request, {"amount": 90})
        await gate.store._db.write(
            lambda tx: tx.run("update calls set arguments = '{\"amount\":91}' where id = :id", id=request.call.id)
        )
        again = asyncio.create_task(perform(gate, job("refund", dict(ASKED)), upstream))
        (fresh,) = await pending(gate)
        assert fresh.id != request.id
        assert upstream.sent == []
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
