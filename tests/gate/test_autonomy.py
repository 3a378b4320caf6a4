"""Levels in force: in decisions, in lists, over what is held, through the whole path of a call."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_gate.autonomy.level import Counts
from mcp_gate.gate.gate import Gate
from mcp_gate.model.outcome import Delivered, Refused, Status, UpstreamError
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.wire.errors import RpcError
from support.agents import bench, entry
from support.gates import Upstream, decide, job, names, open_gate, pending, perform
from support.upstreams import Probe, tool

pytestmark = pytest.mark.anyio

LEVELS = """\
version: v1
autonomy_levels:
  level_0: { rules: [ { match: { topics: ["*"] }, decision: require_approval } ] }
  level_1:
    rules:
      - { match: { topics: ["job.shop.refund"], amount_usd_above: 100 }, decision: deny, reason: "Not at level 1" }
      - { match: { topics: ["job.shop.refund"] }, decision: require_approval, route: seniors }
      - { match: { topics: ["*"] }, decision: allow }
  level_2:
    rules:
      - { match: { topics: ["job.shop.refund"] }, decision: require_approval }
      - { match: { topics: ["*"] }, decision: allow }
rules:
  - { id: never, match: { risk_tags: [delete] }, decision: deny, reason: "Never" }
  - { id: rest, match: { topics: ["*"] }, decision: allow }
demotion_triggers: [ policy_violation, { error_rate_above: 0.05 } ]
"""
AT_2 = "agents: { default: { autonomy: { initial: 2 } }, other: { autonomy: { initial: 2 } } }"


def state(gate: Gate, agent: str = "default") -> tuple[int, Counts]:
    found = gate.store.agents.known()[agent]
    return found.level, found.counts


async def until_level(gate: Gate, level: int, agent: str = "default") -> None:
    async with asyncio.timeout(10):
        while gate.store.agents.level(agent) != level:
            await asyncio.sleep(0.005)


async def reopened(gate: Gate, count: int) -> list[Request]:
    """Wait until that many requests are pending that were decided at the agent's level of now."""
    async with asyncio.timeout(10):
        while True:
            found = await gate.store.requests.page(RequestStatus.PENDING)
            now = [r for r in found if r.call.level == gate.store.agents.level(r.call.agent)]
            if len(found) == len(now) == count:
                return found
            await asyncio.sleep(0.005)


async def test_an_agents_level_is_one_more_layer_and_stands_in_the_call(tmp_path: Path) -> None:
    async with open_gate(tmp_path, LEVELS, AT_2) as gate:
        assert isinstance(await perform(gate, job("get"), Upstream()), Delivered)
        waiting = asyncio.create_task(perform(gate, job("get"), Upstream(), agent="stranger"))
        (request,) = await pending(gate)
        assert (request.call.level, request.verdict["rule_ids"]) == (0, ["level_0.1", "rest"])
        waiting.cancel()


async def test_outcomes_are_counted_by_what_became_of_the_call(tmp_path: Path) -> None:
    async def broken(arguments: dict[str, object]) -> dict[str, object]:
        raise RpcError(-32050, "no")

    async with open_gate(tmp_path, LEVELS, AT_2) as gate:
        for answer in ({"content": []}, {"content": [], "isError": True}):
            assert isinstance(await perform(gate, job("get"), Upstream(answer)), Delivered)
        await gate.settle(5)
        assert state(gate) == (2, Counts(1, 1))
        assert isinstance(await perform(gate, job("get"), Upstream(broken)), UpstreamError)
        await until_level(gate, 1)  # the second error of three calls
        assert state(gate) == (1, Counts())


async def test_an_approved_call_that_succeeds_counts_too(tmp_path: Path) -> None:
    async with open_gate(tmp_path, LEVELS, AT_2) as gate:
        waiting = asyncio.create_task(perform(gate, job("refund", {"amount": 5}), Upstream()))
        (request,) = await pending(gate)
        await decide(gate, request)
        assert isinstance(await waiting, Delivered)
        assert state(gate) == (2, Counts(1))


async def test_what_the_gate_refuses_for_reasons_of_its_own_is_no_violation(tmp_path: Path) -> None:
    async with open_gate(tmp_path, LEVELS, AT_2 + "\nlimits: { pending_per_agent: 1 }") as gate:
        withheld = await perform(gate, replace(job("get"), withheld=True), Upstream())
        waiting = asyncio.create_task(perform(gate, job("refund", {"amount": 1}), Upstream()))
        await pending(gate)
        many = await perform(gate, job("refund", {"amount": 2}), Upstream())
        assert isinstance(withheld, Refused)
        assert isinstance(many, Refused)
        assert (withheld.rule_id, many.rule_id) == ("tool_changed", "limits")
        assert gate.store.agents.level("default") == 2
        assert state(gate)[1].violations == 0
        waiting.cancel()


async def test_a_broken_check_is_a_denial_and_no_violation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_gate(tmp_path, LEVELS, AT_2) as gate:
        monkeypatch.setattr(gate.loaded.policy, "decide", lambda facts: 1 / 0)
        denied = await perform(gate, job("get"), Upstream())
        assert isinstance(denied, Refused)
        assert denied.rule_id == "error"
        assert state(gate) == (2, Counts())


async def test_S060_a_violation_while_ten_calls_are_held_has_them_decided_anew_at_the_lower_level(
    tmp_path: Path,
) -> None:
    async with open_gate(tmp_path, LEVELS, AT_2) as gate:
        upstream = Upstream()
        held = [asyncio.create_task(perform(gate, job("refund", {"amount": n}), upstream)) for n in range(10)]
        other = asyncio.create_task(perform(gate, job("refund", {"amount": 50}), upstream, agent="other"))
        before = {request.id: request for request in await pending(gate, 11)}
        denied = await perform(gate, job("destroy"), upstream)
        assert isinstance(denied, Refused)
        assert denied.status is Status.DENIED
        assert gate.store.agents.level("default") == 1
        found = await reopened(gate, 11)
        mine = [request for request in found if request.call.agent == "default"]
        assert {(r.group, r.verdict["rule_id"], r.call.level) for r in mine} == {("seniors", "level_1.2", 1)}
        assert len({request.id for request in mine} - before.keys()) == 10
        assert [r.id in before for r in found if r.call.agent == "other"] == [True]
        for request in found:
            await decide(gate, request)
        assert all(isinstance(outcome, Delivered) for outcome in await asyncio.gather(*held, other))
        assert len(upstream.sent) == 11
        superseded = [r for r in await gate.store.records() if r["event"] == "request.cancelled"]
        assert [r["data"]["why"] for r in superseded] == ["level_changed"] * 10


async def test_S060_a_held_call_that_the_lower_level_denies_is_told_so_and_is_no_second_violation(
    tmp_path: Path,
) -> None:
    async with open_gate(tmp_path, LEVELS, AT_2) as gate:
        upstream = Upstream()
        held = [asyncio.create_task(perform(gate, job("refund", {"amount": 500 + n}), upstream)) for n in range(10)]
        await pending(gate, 10)
        await perform(gate, job("destroy"), upstream)
        outcomes = await asyncio.gather(*held)
        assert {(o.status, o.rule_id) for o in outcomes if isinstance(o, Refused)} == {(Status.DENIED, "level_1.1")}
        assert upstream.sent == []
        assert state(gate) == (1, Counts())
        assert (await names(gate)).count("agent.level_changed") == 3  # two beginnings, one violation


async def test_S060_an_approval_that_comes_with_the_violation_sends_nothing_decided_at_the_old_level(
    tmp_path: Path,
) -> None:
    async with open_gate(tmp_path, LEVELS, AT_2) as gate:
        upstream = Upstream()
        held = asyncio.create_task(perform(gate, job("refund", {"amount": 500}), upstream))
        (request,) = await pending(gate)
        violation = asyncio.create_task(perform(gate, job("destroy"), upstream))
        while gate.store.agents.level("default") == 2:
            await asyncio.sleep(0)
        await decide(gate, request)  # on record at level 2, before anybody voids it
        outcome = await held
        await violation
        assert isinstance(outcome, Refused)
        assert outcome.rule_id == "level_1.1"
        assert upstream.sent == []


async def test_tools_that_a_level_denies_are_left_out_of_the_list_at_that_level(tmp_path: Path) -> None:
    rules = """\
version: v1
autonomy_levels:
  level_0: { rules: [ { match: { topics: ["job.deploy"] }, decision: deny } ] }
  level_1: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
rules:
  - { id: never, match: { topics: ["job.destroy"] }, decision: deny }
  - { id: rest, match: { topics: ["*"] }, decision: allow }
"""
    probe = Probe(tmp_path, tools=[tool("echo"), tool("deploy"), tool("destroy")])
    settings = "agents: { default: { autonomy: { initial: 1 } } }"
    async with bench({"shop": entry(probe)}, rules, settings) as b, b.legacy() as client:
        listed = await client.result("tools/list")
        assert [one["name"] for one in listed["tools"]] == ["shop_echo", "shop_deploy"]
        await client.call("shop_destroy")
        listed = await client.result("tools/list")
        assert [one["name"] for one in listed["tools"]] == ["shop_echo"]
