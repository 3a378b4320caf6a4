"""A large result on its whole way through a gate: it is never opened there, and nothing of it is lost or leaked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.annex.annex import Annex
from mcp_gate.faces.client import decision_body
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.masked import masked
from mcp_gate.gate.mistakes import found_in
from mcp_gate.gate.reviewers import Session
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject, is_packed
from mcp_gate.model.outcome import VERDICT_KEY, Delivered, Refused, Status
from mcp_gate.model.request import ReviewerDecision
from mcp_gate.wire.message import Answer, Message
from support.agents import TASKS, bench, entry
from support.gates import RULES, Upstream, decide, job, open_gate, pending, perform
from support.upstreams import Probe

pytestmark = pytest.mark.anyio

SSN, MAIL = "536-22-1234", "ada.lovelace@analytical.org"
PEOPLE = "agents: { default: { owner: lee } }\nreviewers: { dana: {}, lee: {} }\n"
WITHHOLD = RULES + (
    "output_review: { rules: [ { id: ssn, entities: [US_SSN], decision: quarantine, reason: Bulk export }, "
    "{ id: rest, entities: [PII], decision: redact } ] }\n"
)


def result(private: str) -> JsonObject:
    rows = [{"id": n, "note": f"all is well, {private}" if n == 7_000 else "all is well"} for n in range(20_000)]
    return {"content": [{"type": "text", "text": "see the data"}], "structuredContent": {"rows": rows}}


@asynccontextmanager
async def a_gate(annex: Annex, at: Path, review: str = RULES) -> AsyncIterator[Gate]:
    async with open_gate(at, review, PEOPLE) as gate:
        gate.annex = annex
        yield gate


async def saying(annex: Annex, private: str) -> Upstream:
    """An upstream whose answer was read where large ones are."""
    line = strictjson.dumps({"jsonrpc": "2.0", "id": 1, "result": result(private)})
    message = await annex.opened([line], 200)
    assert isinstance(message, Answer)
    assert is_packed(message.result)
    return Upstream(message.result)


def opened(outcome: object) -> dict[str, Any]:
    assert isinstance(outcome, Delivered)
    assert is_packed(outcome.result)
    return strictjson.unpacked(outcome.result)


async def test_what_is_private_is_taken_out_and_the_mark_says_so(annex: Annex, tmp_path: Path) -> None:
    async with a_gate(annex, tmp_path) as gate:
        got = opened(await perform(gate, job("get"), await saying(annex, MAIL)))
        await gate.settle(5)
        (reviewed,) = [one for one in await gate.store.records() if one["event"] == "output.reviewed"]
    assert got["structuredContent"]["rows"][7_000]["note"] == "all is well, [REDACTED:EMAIL_ADDRESS#1]"
    assert len(got["structuredContent"]["rows"]) == 20_000
    told = {"field": "response.rows[7000].note", "reason": "PII detected"}
    assert told.items() <= got["_meta"][VERDICT_KEY]["redactions"][0].items()
    assert reviewed["data"]["output_safety_decision"] == "REDACT"


async def test_a_client_that_went_away_collects_the_result_of_an_approved_call(annex: Annex, tmp_path: Path) -> None:
    async with a_gate(annex, tmp_path) as gate:
        answer = (await saying(annex, "nobody")).answer
        assert isinstance(answer, dict)
        started, go = asyncio.Event(), asyncio.Event()

        async def slow(arguments: dict[str, Any]) -> dict[str, Any]:
            started.set()
            await go.wait()
            return answer

        upstream = Upstream(slow)
        call = asyncio.create_task(perform(gate, job("refund", {"amount": 7}), upstream))
        (request,) = await pending(gate)
        await decide(gate, request)
        await started.wait()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        go.set()
        got = opened(await perform(gate, job("refund", {"amount": 7}), upstream))
    assert got["structuredContent"] == result("nobody")["structuredContent"]
    assert len(upstream.sent) == 1


async def test_a_withheld_result_is_masked_for_reviewers_and_released_whole(annex: Annex, tmp_path: Path) -> None:
    async with a_gate(annex, tmp_path, WITHHOLD) as gate:
        upstream = await saying(annex, f"ssn {SSN}")
        outcome = await perform(gate, job("get"), upstream)
        assert isinstance(outcome, Refused)
        assert outcome.status is Status.QUARANTINED
        (request,) = [one for one in await gate.store.requests.page() if one.kind == "quarantine"]
        seen = strictjson.unpacked(await masked(gate, request) or {})
        assert SSN not in str(seen["structuredContent"]["rows"][7_000])
        assert [one.entity for one in await found_in(gate, request)] == ["US_SSN"]
        body = decision_body(request_json(request), "release", "dana", "Looked at it")
        body["decision_ts"] = "2027-01-15T08:00:00.000Z"
        await gate.reviewing.decide(request.id, ReviewerDecision(**body), Session())
        got = opened(await perform(gate, job("get"), upstream))
    assert got == result(f"ssn {SSN}")
    assert len(upstream.sent) == 1


@pytest.mark.parametrize("modern", [False, True])
async def test_what_a_task_came_to_is_looked_at_as_large_as_it_is(
    annex: Annex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modern: bool
) -> None:
    for name in ("wire.opener.QUICK", "wire.opener.LARGE", "wire.peer.QUICK", "wire.peer.LARGE", "gate.gate.QUICK"):
        monkeypatch.setattr(f"mcp_gate.{name}", 20_000)
    read: list[int] = []
    monkeypatch.setattr(annex, "opened", partial(_counted, read, annex.opened))
    handle = {"taskId": "t1", "status": "working"}
    answer = {"resultType": "task", **handle} if modern else {"task": handle}
    came_to = {"content": [{"type": "text", "text": f"mail {MAIL}\n" + "all is well\n" * 5_000}]}
    probe = Probe(tmp_path, modern=modern, result=answer, task_result=came_to)
    async with bench({"shop": entry(probe)}, annex=annex) as b, b.client() if modern else b.legacy() as client:
        if modern:
            task = await client.call("shop_echo", {}, _meta=TASKS)
            got = (await client.result("tasks/get", {"taskId": task["taskId"], "_meta": TASKS}))["result"]
        else:
            task = (await client.call("shop_echo", {}, task={"ttl": 1000}))["task"]
            got = await client.result("tasks/result", {"taskId": task["taskId"]})
    assert got["content"][0]["text"].startswith("mail [REDACTED:EMAIL_ADDRESS#1]\nall is well\n")
    assert got["_meta"][VERDICT_KEY]["status"] == "redacted"
    assert len(read) == 1


async def _counted(
    read: list[int], opened: Callable[..., Awaitable[Message]], line: list[bytes], depth: int, who: object
) -> Message:
    read.append(depth)
    return await opened(line, depth, who)


async def test_what_a_task_cannot_come_to_is_left_out_however_large(
    annex: Annex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("wire.opener.QUICK", "wire.opener.LARGE", "wire.peer.QUICK", "wire.peer.LARGE", "gate.gate.QUICK"):
        monkeypatch.setattr(f"mcp_gate.{name}", 20_000)
    answer = {"resultType": "task", "taskId": "t1", "status": "working"}
    probe = Probe(tmp_path, modern=True, result=answer, task_result=[MAIL] * 2_000)
    async with bench({"shop": entry(probe)}, annex=annex) as b, b.client() as client:
        task = await client.call("shop_echo", {}, _meta=TASKS)
        got = await client.result("tasks/get", {"taskId": task["taskId"], "_meta": TASKS})
    assert (got["taskId"], "result" in got) == (task["taskId"], False)
