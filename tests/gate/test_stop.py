"""The stop switch: nothing more of a stopped agent reaches an upstream, whatever state its calls are in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate.gate import Gate
from mcp_gate.gate.governing import NoSuchAgent, Said
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.reviewers import Bearer, Session, operator
from mcp_gate.model.event import Event
from mcp_gate.model.judged import Refused as NotSo
from mcp_gate.model.outcome import Delivered, Refused, Status
from mcp_gate.model.request import RequestStatus
from support.faults import faulty_writer
from support.gates import Upstream, decide, job, names, open_gate, pending, perform, status_of
from support.hooks import until

pytestmark = pytest.mark.anyio

PEOPLE = "agents: { bot: { owner: lee }, other: {} }\nreviewers: { dana: { groups: [] }, lee: { groups: [] } }\n"


async def stop(gate: Gate, agent: str = "bot", reason: str = "It runs wild") -> Any:
    return await gate.governing.stop(Said(agent, operator(), reason), Session())


async def resume(gate: Gate, agent: str = "bot", by: str | None = None, identity: Any = None) -> Any:
    return await gate.governing.resume(Said(agent, by or operator(), ""), identity or Session())


def told(outcome: object) -> tuple[str, str]:
    assert isinstance(outcome, Refused), outcome
    return outcome.status.value, outcome.rule_id


class Slow:
    """An upstream's answer that never comes; whether it was cancelled."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.cancelled = False

    async def __call__(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        raise AssertionError


async def soon(outcome: Awaitable[object]) -> object:
    return await asyncio.wait_for(outcome, 10)


async def test_a_new_call_is_refused_and_recorded_as_stopped(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        shown = await stop(gate)
        assert shown["stopped"] is True
        upstream = Upstream()
        assert told(await perform(gate, job("get"), upstream, agent="bot")) == ("denied", "stopped")
        assert isinstance(await perform(gate, job("get"), upstream, agent="other"), Delivered)
        assert len(upstream.sent) == 1
        records = await gate.store.records()
        (event,) = [record for record in records if record["event"] == "agent.stopped"]
        assert (event["agent"], event["reason"], event["approver_id"]) == ("bot", "It runs wild", operator())
        assert event["data"] == {"stopped": True, "all": False}
        decided = next(record for record in records if record["event"] == "call.decided")
        assert decided["data"]["refused"]["rule_id"] == "stopped"


async def test_a_held_call_ends_and_its_client_is_told(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        mine = asyncio.create_task(perform(gate, job("refund", {"amount": 1}), upstream, agent="bot"))
        others = asyncio.create_task(perform(gate, job("refund", {"amount": 1}), upstream, agent="other"))
        before = {request.call.agent: request for request in await pending(gate, 2)}
        await stop(gate)
        assert told(await soon(mine)) == ("denied", "stopped")
        assert await status_of(gate, before["bot"].id) is RequestStatus.CANCELLED
        assert [request.id for request in await pending(gate)] == [before["other"].id]
        await decide(gate, before["other"])
        assert isinstance(await soon(others), Delivered)


async def test_a_call_at_its_upstream_is_cut_off_and_its_outcome_is_unknown(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        mine, others = Slow(), Slow()
        call = asyncio.create_task(perform(gate, job("get"), Upstream(mine), agent="bot"))
        other = asyncio.create_task(perform(gate, job("get"), Upstream(others), agent="other"))
        await soon(mine.asked.wait())
        await soon(others.asked.wait())
        await stop(gate)
        outcome = await soon(call)
        assert isinstance(outcome, Refused)
        assert outcome.status is Status.UNKNOWN
        assert (mine.cancelled, others.cancelled) == (True, False)
        await gate.settle(5)
        unknown = [r for r in await gate.store.records() if r["event"] == "call.unknown"]
        assert [(record["agent"], record["data"]["cause"]) for record in unknown] == [("bot", "stopped")]
        other.cancel()
        await asyncio.wait((other,))


async def test_an_approval_that_comes_with_the_stop_sends_nothing(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        call = asyncio.create_task(perform(gate, job("refund"), upstream, agent="bot"))
        (request,) = await pending(gate)
        await asyncio.gather(decide(gate, request), stop(gate))
        assert told(await soon(call)) == ("denied", "stopped")
        assert upstream.sent == []


async def test_calls_decided_just_before_the_stop_are_not_sent_after_it(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        upstream = Upstream()
        calls = [asyncio.create_task(perform(gate, job("get", {"n": n}), upstream, agent="bot")) for n in range(20)]
        while len(upstream.sent) < 1:
            await asyncio.sleep(0)
        await stop(gate)
        sent = len(upstream.sent)
        await asyncio.gather(*calls)
        await gate.settle(5)
        assert len(upstream.sent) == sent
        order = await names(gate)
        assert "call.dispatched" not in order[order.index("agent.stopped") :]


async def test_a_stop_of_everybody_holds_for_agents_nobody_knew_and_leaves_stops_by_name(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        await stop(gate)
        shown = await stop(gate, "*")
        assert {one["id"]: one["stopped"] for one in shown["agents"]} == {"bot": True}
        assert told(await perform(gate, job("get"), Upstream(), agent="new")) == ("denied", "stopped")
        refused = await resume(gate, "new")
        assert isinstance(refused, NotSo)
        assert (refused.code, refused.text) == ("not_stopped", "this agent is not stopped by its name; all agents are")
        await resume(gate, "*")
        assert isinstance(await perform(gate, job("get"), Upstream(), agent="new"), Delivered)
        assert told(await perform(gate, job("get"), Upstream(), agent="bot")) == ("denied", "stopped")
        await resume(gate)
        assert isinstance(await perform(gate, job("get"), Upstream(), agent="bot"), Delivered)
        assert isinstance(await resume(gate), NotSo)


async def test_a_stop_outlives_the_gate_and_what_was_held_then_ends_at_the_start(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        call = asyncio.create_task(perform(gate, job("refund"), Upstream(), agent="bot"))
        await pending(gate)
        call.cancel()
        fields = {"agent": "bot", "policy_snapshot": gate.loaded.snapshot.id}
        await gate.store.agents.stop("bot", Event("agent.stopped", fields, {"stopped": True}))  # and then it is killed
    async with open_gate(tmp_path) as gate:
        assert told(await perform(gate, job("get"), Upstream(), agent="bot")) == ("denied", "stopped")
        await redecide(gate)
        assert [request.status for request in await gate.store.requests.page()] == [RequestStatus.CANCELLED]


async def test_a_stop_that_cannot_be_recorded_holds_says_so_and_is_recorded_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_writer(monkeypatch) as plan:
        async with open_gate(tmp_path) as gate:
            plan.broken = True
            answer = await stop(gate)
            assert isinstance(answer, NotSo)
            assert (answer.http, answer.code) == (503, "unavailable")
            assert "nothing more of it is let pass" in answer.text
            assert gate.store.agents.stopped("bot")
            plan.broken = False
            await until(lambda: recorded(gate))
    async with open_gate(tmp_path) as gate:
        assert told(await perform(gate, job("get"), Upstream(), agent="bot")) == ("denied", "stopped")


async def recorded(gate: Gate) -> bool:
    return "agent.stopped" in await names(gate)


async def test_who_may_stop_and_who_may_not_resume(tmp_path: Path) -> None:
    async with open_gate(tmp_path, settings=PEOPLE) as gate:
        assert await stop(gate, "ghost") == NoSuchAgent()
        stranger = await gate.governing.stop(Said("bot", "nobody", ""), Session())
        assert isinstance(stranger, NotSo)
        assert stranger.code == "unknown_reviewer"
        told = await gate.governing.stop(Said("bot", "lee", ""), Bearer("lee"))
        assert isinstance(told, dict)
        own = await resume(gate, "bot", "lee", Bearer("lee"))
        assert isinstance(own, NotSo)
        assert own.code == "self_approval"
        assert (await resume(gate, "bot", "dana", Bearer("dana")))["stopped"] is False
