"""Sampled audit in force: what is selected, what that delays (nothing), and what words on samples do."""

from __future__ import annotations

import asyncio
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.autonomy.level import Counts
from mcp_gate.faces.client import decision_body
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.gate import figures
from mcp_gate.gate.asking import LOOK_SEC
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.reviewers import Session
from mcp_gate.gate.sweep import sweep
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.judged import Refused
from mcp_gate.model.outcome import Delivered
from mcp_gate.model.request import Request, RequestStatus, ReviewerDecision
from mcp_gate.sampling import drawn
from mcp_gate.store.results import NotClaimed
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.peer import Lost
from support.gates import RULES, TOOL_HASH, Hands, Upstream, decide, job, loaded, open_gate, pending, perform

pytestmark = pytest.mark.anyio

EVERY = RULES + "audit: { sampling: { rate: 1 }, routing: { default: ops } }\n"
LEVELS = """\
autonomy_levels:
  level_0: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
  level_1: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
  level_2: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
"""
PEOPLE = """\
agents: { default: { owner: lee, autonomy: { initial: 2 } } }
reviewers: { dana: { groups: [ops] }, lee: { groups: [ops] }, sam: { groups: [] } }
"""


async def samples(gate: Gate) -> list[Request]:
    await gate.settle(5)
    return [request for request in await gate.store.requests.page() if request.kind == "sample"]


async def say(gate: Gate, sample: Request, word: str, by: str = "dana", **changes: Any) -> Any:
    body = decision_body(request_json(sample), word, by, "Looked at it") | changes
    body["decision_ts"] = "2027-01-15T08:00:00.000Z"
    return await gate.reviewing.decide(sample.id, ReviewerDecision(**body), Session())


async def events(gate: Gate, name: str) -> list[dict[str, Any]]:
    await gate.settle(5)
    return [record for record in await gate.store.records(limit=10**6) if record["event"] == name]


class TestSelecting:
    async def test_an_executed_call_is_selected_after_its_answer_and_delays_nothing(self, tmp_path: Path) -> None:
        async with open_gate(tmp_path, EVERY) as gate:
            assert isinstance(await perform(gate, job("get", {"id": 7}), Upstream()), Delivered)
            (sample,) = await samples(gate)
            (selected,) = await events(gate, "sample.selected")
            executed = (await events(gate, "call.executed"))[0]
        assert (sample.kind, sample.status, sample.group, sample.needed) == ("sample", RequestStatus.PENDING, "ops", 1)
        assert sample.call.arguments == {"id": 7}
        assert sample.verdict["decision"] == "allow"
        assert parse_rfc3339(sample.due_ts) - parse_rfc3339(sample.opened_ts) == LOOK_SEC
        assert selected["data"] == {"why": "rate", "group": "ops"}
        assert (selected["call_id"], selected["request_id"]) == (sample.call.id, sample.id)
        assert selected["seq"] > executed["seq"]

    @pytest.mark.parametrize("fails", ["never sent", "lost", "error"])
    async def test_what_was_not_executed_is_no_sample(self, tmp_path: Path, fails: str) -> None:
        async def broken(arguments: dict[str, object]) -> dict[str, object]:
            raise RpcError(-32050, "no") if fails == "error" else Lost("gone", sent=fails == "lost")

        async with open_gate(tmp_path, EVERY) as gate:
            await perform(gate, job("get"), Upstream(broken))
            await perform(gate, job("destroy"), Upstream())
            assert await samples(gate) == []

    async def test_an_approved_call_and_a_withheld_result_are_samples_too(self, tmp_path: Path) -> None:
        bound = "decision: allow_with_constraints, constraints: { max_output_bytes: 50 },"
        async with open_gate(tmp_path, EVERY.replace("decision: allow,", bound)) as gate:
            await perform(gate, job("get"), Upstream({"content": [{"type": "text", "text": "x" * 500}]}))
            waiting = asyncio.create_task(perform(gate, job("refund", {"amount": 5}), Upstream()))
            held = next(request for request in await pending(gate, 3) if request.kind == "gate")
            await decide(gate, held)
            assert isinstance(await waiting, Delivered)
            states = {sample.call.tool: await gate.store.call(sample.call.id) for sample in await samples(gate)}
        assert {tool: found["state"] for tool, found in states.items() if found} == {
            "get": "quarantined", "refund": "delivered",
        }  # fmt: skip

    async def test_S062_through_a_gate_the_share_selected_is_the_rate_and_can_be_computed_again(
        self, tmp_path: Path
    ) -> None:
        count, rate = 400, 0.25
        rules = RULES + f"audit: {{ sampling: {{ rate: {rate} }} }}\n"
        async with open_gate(tmp_path, rules) as gate:
            for _ in range(count):  # the very same call, again and again
                await perform(gate, job("get", {"id": 1}), Upstream())
            picked = {sample.call.id for sample in await samples_of_all(gate)}
            ids = [record["call_id"] for record in await events(gate, "call.executed")]
            assert picked == {id for id in ids if drawn(gate.key, id) < Decimal(str(rate))}
        assert len(set(ids)) == count
        assert abs(len(picked) - count * rate) <= 5 * math.sqrt(count * rate * (1 - rate))

    async def test_S062_a_mandatory_call_is_selected_every_time(self, tmp_path: Path) -> None:
        rules = RULES.replace("decision: require_approval", "decision: allow") + (
            "audit: { sampling: { rate: 0, mandatory: [ { match: { amount_usd_above: 100 } } ] } }\n"
        )
        async with open_gate(tmp_path, rules) as gate:
            for amount in (5, 100, 101, "101"):
                await perform(gate, job("refund", {"amount": amount}), Upstream())
            assert {repr(sample.call.arguments["amount"]) for sample in await samples(gate)} == {"101", "'101'"}
            assert {record["data"]["why"] for record in await events(gate, "sample.selected")} == {"mandatory"}

    async def test_a_selection_that_fails_selects(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_gate(tmp_path, EVERY.replace("rate: 1", "rate: 0")) as gate:
            monkeypatch.setattr("mcp_gate.gate.samples.why", lambda *_: 1 / 0)
            assert isinstance(await perform(gate, job("get"), Upstream()), Delivered)
            assert len(await samples(gate)) == 1

    async def test_samples_are_in_no_figure_of_what_is_held(self, tmp_path: Path) -> None:
        async with open_gate(tmp_path, EVERY, "limits: { pending_per_agent: 1 }") as gate:
            for n in range(3):
                await perform(gate, job("get", {"n": n}), Upstream())
            assert len(await samples(gate)) == 3
            assert (await figures.queue(gate)).open == 0
            assert await gate.store.gated_share(0) == 0
            waiting = asyncio.create_task(perform(gate, job("refund"), Upstream()))
            await pending(gate, 4)  # the cap is one, and it is free
            waiting.cancel()


async def samples_of_all(gate: Gate) -> list[Request]:
    """Every page of them."""
    await gate.settle(5)
    found: list[Request] = []
    while page := await gate.store.requests.page(after=found[-1].id if found else None):
        found += page
    return [request for request in found if request.kind == "sample"]


class TestLooking:
    async def one(self, gate: Gate) -> Request:
        await perform(gate, job("get"), Upstream())
        (sample,) = await samples(gate)
        return sample

    @pytest.mark.parametrize(
        ("word", "status", "level", "violations"),
        [("good", "approved", 2, 0), ("bad", "rejected", 1, 0), ("incident", "rejected", 0, 0)],
    )
    async def test_a_word_on_a_sample_is_recorded_and_moves_its_agent(
        self, tmp_path: Path, word: str, status: str, level: int, violations: int
    ) -> None:
        async with open_gate(tmp_path, EVERY + LEVELS, PEOPLE, Hands()) as gate:
            sample = await self.one(gate)
            told = await say(gate, sample, word)
            assert told.status.value == status
            (reviewed,) = await events(gate, "sample.reviewed")
            assert (reviewed["data"]["decision"], reviewed["data"]["final"]) == (word, True)
            assert (reviewed["approver_id"], reviewed["request_id"]) == ("dana", sample.id)
            assert gate.store.agents.level("default") == level
            assert await events(gate, "request.decided") == []
            changed = await events(gate, "agent.level_changed")
            assert [record["data"]["cause"] for record in changed[1:]] == {
                "good": [], "bad": ["policy_violation"], "incident": ["safety_incident"],
            }[word]  # fmt: skip
            assert all(record["request_id"] == sample.id for record in changed[1:])

    async def test_a_bad_sample_at_level_0_is_a_violation_all_the_same(self, tmp_path: Path) -> None:
        async with open_gate(tmp_path, EVERY + LEVELS, PEOPLE.replace("initial: 2", "initial: 0")) as gate:
            await say(gate, await self.one(gate), "bad")
            assert gate.store.agents.known()["default"].counts == Counts(1, 0, 1)

    @pytest.mark.parametrize(
        ("word", "by", "code"),
        [
            ("approve", "dana", "bad_decision"), ("deny", "dana", "bad_decision"), ("good", "lee", "self_approval"),
            ("good", "sam", "not_in_group"), ("good", "nobody", "unknown_reviewer"),
        ],
    )  # fmt: skip
    async def test_only_the_words_for_samples_by_people_who_may_decide_count(
        self, tmp_path: Path, word: str, by: str, code: str
    ) -> None:
        async with open_gate(tmp_path, EVERY + LEVELS, PEOPLE) as gate:
            refused = await say(gate, await self.one(gate), word, by)
            assert isinstance(refused, Refused)
            assert refused.code == code

    async def test_evidence_is_compared_and_the_second_word_is_too_late(self, tmp_path: Path) -> None:
        async with open_gate(tmp_path, EVERY + LEVELS, PEOPLE) as gate:
            sample = await self.one(gate)
            wrong = await say(gate, sample, "good", job_hash="sha256:" + "1" * 64)
            assert (wrong.code, wrong.fields) == ("evidence_incomplete", ("job_hash",))
            await say(gate, sample, "good")
            assert (await say(gate, sample, "bad")).code == "already_decided"

    async def test_words_for_samples_are_none_for_held_calls(self, tmp_path: Path) -> None:
        async with open_gate(tmp_path, EVERY, PEOPLE) as gate:
            waiting = asyncio.create_task(perform(gate, job("refund"), Upstream()))
            (held,) = await pending(gate)
            assert (await say(gate, held, "good")).code == "bad_decision"
            waiting.cancel()

    async def test_a_new_policy_or_level_leaves_a_sample_as_it_is(self, tmp_path: Path) -> None:
        async with open_gate(tmp_path, EVERY + LEVELS, PEOPLE) as gate:
            sample = await self.one(gate)
            gate.loaded = loaded(EVERY + LEVELS + "default_decision: deny\n", PEOPLE)
            await redecide(gate)
            assert [request.id for request in await samples(gate)] == [sample.id]
            assert (await say(gate, sample, "good")).status is RequestStatus.APPROVED

    async def test_no_word_on_a_sample_ever_runs_its_call(self, tmp_path: Path) -> None:
        async with open_gate(tmp_path, EVERY) as gate:
            upstream = Upstream()
            await perform(gate, job("get"), upstream)
            (sample,) = await samples(gate)
            await decide(gate, sample, "approve")
            refused = await gate.store.requests.claim(
                sample.call.id, sample.id, job_hash=sample.call.job_hash, tool_hash=TOOL_HASH,
                snapshot=sample.policy_snapshot, now=gate.clock.steady(), events=[], proof=lambda _, __: "",
                enough=lambda _: True,
            )  # fmt: skip
            assert isinstance(refused, NotClaimed)
            await perform(gate, job("get"), upstream)  # the same call again is a call of its own
            assert len(upstream.sent) == 2

    async def test_a_sample_that_nobody_looked_at_expires_and_leaves_its_call_alone(self, tmp_path: Path) -> None:
        hands = Hands()
        async with open_gate(tmp_path, EVERY, hands=hands) as gate:
            sample = await self.one(gate)
            hands.pass_(LOOK_SEC + 1)
            await sweep(gate)
            assert [request.status for request in await samples(gate)] == [RequestStatus.EXPIRED]
            found = await gate.store.call(sample.call.id)
            assert found is not None
            assert found["state"] == "executed"
            (expired,) = await events(gate, "request.expired")
            assert expired["approver_id"] == "policy:timeout"
