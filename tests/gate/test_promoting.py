"""Promotions in the queue: when people are asked, what their words do, and what voids the question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mcp_gate.autonomy.level import Counts
from mcp_gate.faces.client import decision_body
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.gate.asking import LOOK_SEC
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.governing import Said
from mcp_gate.gate.promoting import LOOK_EVERY_SEC
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.reviewers import Session
from mcp_gate.gate.sweep import sweep
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import PROMOTION, Request, RequestStatus, ReviewerDecision
from support.gates import Hands, Upstream, job, loaded, open_gate, perform

pytestmark = pytest.mark.anyio

LEVELS = """\
version: v1
output_review: { enabled: false }
autonomy_levels:
  level_0: { rules: [ { match: { tools: [destroy] }, decision: deny }, { match: { topics: ["*"] }, decision: allow } ] }
  level_1: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
promotion_criteria: { min_successful_actions: 3, max_error_rate: 0.2, review_period_days: 7 }
demotion_triggers: [ policy_violation ]
"""
PEOPLE = """\
agents: { bot: { owner: lee } }
reviewers: { dana: { groups: [ops] }, lee: { groups: [] } }
"""
WEEK = 7 * 86_400


async def work(gate: Gate, calls: int = 3, tool: str = "get") -> None:
    for n in range(calls):
        await perform(gate, job(tool, {"n": n}), Upstream(), agent="bot")
    await gate.settle(5)


async def later(gate: Gate, hands: Hands, seconds: float = LOOK_EVERY_SEC) -> list[Request]:
    """After a while: every promotion that was ever asked for."""
    hands.pass_(seconds)
    await sweep(gate)
    return sorted([r for r in await gate.store.requests.page() if r.kind == PROMOTION], key=lambda r: r.opened_ts)


async def say(gate: Gate, request: Request, word: str, by: str = "dana", **changes: Any) -> Any:
    body = decision_body(request_json(request), word, by, "It is ready") | changes
    body["decision_ts"] = rfc3339(gate.clock.wall())
    return await gate.reviewing.decide(request.id, ReviewerDecision(**body), Session())


async def events(gate: Gate, name: str) -> list[dict[str, Any]]:
    await gate.settle(5)
    return [record for record in await gate.store.records(limit=10**6) if record["event"] == name]


async def test_an_agent_that_meets_the_criteria_is_proposed_once_to_every_reviewer(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        await work(gate, 2)
        assert await later(gate, hands, WEEK) == []
        await work(gate, 1)
        (request,) = await later(gate, hands)
        assert await later(gate, hands) == [request]
        assert (request.status, request.group, request.needed) == (RequestStatus.PENDING, "default", 1)
        about = request.call.arguments
        assert (about["agent"], about["from_level"], about["to_level"]) == ("bot", 0, 1)
        assert about["counts"] == Counts(3).as_json()
        assert about["criteria"] == {"min_successful_actions": "3", "max_error_rate": "0.2", "review_period_days": "7"}
        (opened,) = [one for one in await events(gate, "request.opened") if one["data"].get("kind") == PROMOTION]
        assert (opened["request_id"], opened["agent"], opened["data"]["to"]) == (request.id, "bot", 1)
        assert gate.store.agents.level("bot") == 0


async def test_an_approval_lifts_the_agent_in_the_same_step_and_names_who_gave_it(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        await work(gate)
        (request,) = await later(gate, hands, WEEK)
        refused = await say(gate, request, "approve", by="lee")
        assert (refused.code, gate.store.agents.level("bot")) == ("self_approval", 0)
        refused = await say(gate, request, "approve", job_hash="sha256:" + "0" * 64)
        assert (refused.code, refused.fields) == ("evidence_incomplete", ("job_hash",))
        assert (await say(gate, request, "approve")).status is RequestStatus.APPROVED
        assert gate.store.agents.of("bot").level == 1
        decided, moved = await events(gate, "request.decided"), await events(gate, "agent.level_changed")
        assert moved[0]["seq"] == decided[0]["seq"] + 1
        assert moved[0]["data"] == {"from": 0, "to": 1, "cause": "promoted"}
        signed = {name: moved[0][name] for name in ("agent", "approver_id", "reason", "request_id", "assurance")}
        assert signed == {
            "agent": "bot", "approver_id": "dana", "reason": "It is ready", "request_id": request.id,
            "assurance": "session",
        }  # fmt: skip
        assert (await say(gate, request, "deny")).code == "already_decided"
        assert await gate.store.gated_share(0) == 0  # it is no call


async def test_a_denial_closes_it_until_the_period_has_passed_again_and_the_agent_did_as_much_again(
    tmp_path: Path,
) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        await work(gate)
        (request,) = await later(gate, hands, WEEK)
        assert (await say(gate, request, "deny")).status is RequestStatus.REJECTED
        assert gate.store.agents.level("bot") == 0
        assert len(await later(gate, hands, WEEK)) == 1  # it did nothing since
        await work(gate, 2)
        assert len(await later(gate, hands)) == 1
        await work(gate, 1)
        assert len(await later(gate, hands)) == 2


async def test_what_an_agent_did_in_between_voids_the_question(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        await work(gate)
        (request,) = await later(gate, hands, WEEK)

        async def fails(_: dict[str, Any]) -> dict[str, Any]:
            return {"content": [], "isError": True}

        for n in range(9):
            await perform(gate, job("get", {"bad": n}), Upstream(fails), agent="bot")
        await gate.settle(5)
        refused = await say(gate, request, "approve")
        assert isinstance(refused, Refused)
        assert refused.code == "criteria_unmet"
        assert gate.store.agents.level("bot") == 0
        assert [record["data"]["code"] for record in await events(gate, "request.refused")] == ["criteria_unmet"]
        assert (await say(gate, request, "deny")).status is RequestStatus.REJECTED


async def test_policy_level_and_the_stop_switch_end_it(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        await work(gate)
        await later(gate, hands, WEEK)
        gate.loaded = loaded(LEVELS + "# another\n", PEOPLE)
        await redecide(gate)
        first, second = await later(gate, hands)
        assert (first.status, second.status) == (RequestStatus.SUPERSEDED, RequestStatus.PENDING)
        assert (await say(gate, first, "approve")).code == "policy_changed"
        await gate.governing.stop(Said("bot", "dana", ""), Session())
        assert [r.status for r in await later(gate, hands)][1:] == [RequestStatus.CANCELLED]
        refused = await gate.governing.promote(Said("bot", "dana", "x"), Session())
        assert isinstance(refused, Refused)
        assert refused.code == "stopped"
        await gate.governing.resume(Said("bot", "dana", ""), Session())
        third = (await later(gate, hands))[-1]
        assert third.status is RequestStatus.PENDING
        await gate.governing.incident(Said("bot", "dana", "It broke something"), Session())
        await gate.settle(5)
        assert (await say(gate, third, "approve")).code in {"criteria_unmet", "already_decided"}


async def test_one_that_nobody_looked_at_is_asked_again(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        await work(gate)
        await later(gate, hands, WEEK)
        assert [r.status for r in await later(gate, hands, LOOK_SEC + 1)] == [
            RequestStatus.EXPIRED, RequestStatus.PENDING
        ]  # fmt: skip


async def test_the_command_is_an_approval_of_the_open_request_or_of_one_opened_for_it(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        await work(gate)
        (request,) = await later(gate, hands, WEEK)
        await say(gate, request, "deny")
        hands.pass_(1)
        told = await gate.governing.promote(Said("bot", "dana", "After all"), Session())
        assert isinstance(told, dict)
        assert told["level"] == 1
        assert [r.status for r in await later(gate, hands)] == [RequestStatus.REJECTED, RequestStatus.APPROVED]
        assert (await events(gate, "request.decided"))[-1]["reason"] == "After all"


async def test_without_criteria_nobody_is_asked(tmp_path: Path) -> None:
    hands = Hands()
    without = "\n".join(line for line in LEVELS.splitlines() if "criteria" not in line)
    async with open_gate(tmp_path, without, PEOPLE, hands) as gate:
        await work(gate)
        assert await later(gate, hands, WEEK) == []
        assert isinstance(await gate.governing.promote(Said("bot", "dana", "x"), Session()), dict)
