"""Sampled second reviews: who looks again, what he is not told, and what it means when he comes to something else."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.faces.client import decision_body
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.gate import figures
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.reviewers import Session
from mcp_gate.gate.sweep import sweep
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.judged import Refused
from mcp_gate.model.outcome import Delivered
from mcp_gate.model.request import SECOND_REVIEW, Request, RequestStatus, ReviewerDecision
from mcp_gate.review.second import PURPOSE
from mcp_gate.sampling import drawn
from support.gates import RULES, Hands, Upstream, job, open_gate, pending, perform
from support.stored import all_records

pytestmark = pytest.mark.anyio

PEOPLE = """\
agents: { default: { owner: lee, autonomy: { initial: 2 } } }
reviewers: { dana: { groups: [ops] }, ana: { groups: [ops] }, lee: { groups: [ops] }, sam: { groups: [] } }
"""
ROUTED = RULES + "routing: { default: ops }\noutput_review: { enabled: false }\n"
EVERY = ROUTED + "fatigue_controls: { sampled_second_review_rate: 1 }\n"
LEVELS = """\
autonomy_levels:
  level_0: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
  level_1: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
  level_2: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
"""


async def say(gate: Gate, request: Request, word: str, by: str = "dana", **changes: Any) -> Any:
    body = decision_body(request_json(request), word, by, "Because") | changes
    body["decision_ts"] = rfc3339(gate.clock.wall())
    return await gate.reviewing.decide(request.id, ReviewerDecision(**body), Session())


async def looks(gate: Gate) -> list[Request]:
    await gate.settle(5)
    return [request for request in await gate.store.requests.page() if request.kind == SECOND_REVIEW]


async def decided(gate: Gate, word: str = "approve", number: int = 1) -> Request:
    """A held call that dana decided on; its first request."""
    call = asyncio.create_task(perform(gate, job("refund", {"amount": number}), Upstream()))
    waiting = len([look for look in await looks(gate) if look.status is RequestStatus.PENDING])
    (request,) = [one for one in await pending(gate, waiting + 1) if one.holds]
    assert isinstance(await say(gate, request, word), Request)
    await call
    return request


async def told(gate: Gate, name: str) -> list[dict[str, Any]]:
    await gate.settle(5)
    return [record for record in await all_records(gate.store) if record["event"] == name]


class TestOpening:
    async def test_it_opens_with_the_decision_and_delays_nothing(self, tmp_path: Path) -> None:
        async with open_gate(tmp_path, EVERY, PEOPLE) as gate:
            call = asyncio.create_task(perform(gate, job("refund", {"amount": 5}), Upstream()))
            (request,) = await pending(gate)
            await say(gate, request, "approve")
            assert isinstance(await asyncio.wait_for(call, 5), Delivered)
            (look,) = await looks(gate)
            assert (look.status, look.group, look.needed) == (RequestStatus.PENDING, "ops", 1)
            assert look.call.arguments == {"amount": 5}
            opened = await told(gate, "request.opened")
            assert [(o["request_id"], o["data"].get("kind")) for o in opened] == [
                (request.id, None), (look.id, SECOND_REVIEW)
            ]  # fmt: skip

    async def test_who_looks_is_told_neither_verdict_nor_reason_nor_who_decided(self, tmp_path: Path) -> None:
        async with open_gate(tmp_path, EVERY, PEOPLE) as gate:
            await decided(gate, "deny")
            shown = request_json((await looks(gate))[0])
            assert shown["decisions"] == []
            text = str(shown)
            assert "Because" not in text
            assert "dana" not in text
            assert "rejected" not in text

    async def test_only_as_many_as_the_rate_says_by_a_hash_that_can_be_computed_again(self, tmp_path: Path) -> None:
        some = ROUTED + "fatigue_controls: { sampled_second_review_rate: 0.5 }\n"
        async with open_gate(tmp_path, some, PEOPLE) as gate:
            first = [await decided(gate, "deny", number) for number in range(12)]
            picked = {look.call.id for look in await looks(gate)}
            assert picked == {r.call.id for r in first if drawn(gate.key, r.call.id, PURPOSE) < Decimal("0.5")}

    async def test_nothing_opens_where_nobody_else_could_look_or_somebody_has_yet_to_approve(
        self, tmp_path: Path
    ) -> None:
        alone = "reviewers: { dana: { groups: [ops] }, sam: { groups: [] } }\n"
        async with open_gate(tmp_path, EVERY, alone) as gate:
            await decided(gate)
            assert await looks(gate) == []
        two = EVERY.replace("decision: require_approval,", "decision: require_approval, approvals: 2,")
        (tmp_path / "two").mkdir()
        async with open_gate(tmp_path / "two", two, PEOPLE) as gate:
            call = asyncio.create_task(perform(gate, job("refund", {"amount": 5}), Upstream()))
            (request,) = await pending(gate)
            await say(gate, request, "approve")
            assert await looks(gate) == []
            await say(gate, request, "approve", by="ana")
            await call
            assert await looks(gate) == []  # lee owns the agent, and sam is not in the group


class TestLooking:
    async def test_who_decided_and_who_owns_the_agent_do_not_look(self, tmp_path: Path) -> None:
        async with open_gate(tmp_path, EVERY, PEOPLE) as gate:
            await decided(gate)
            (look,) = await looks(gate)
            for by, code in (("dana", "second_person_needed"), ("lee", "self_approval"), ("sam", "not_in_group")):
                refused = await say(gate, look, "good", by=by)
                assert isinstance(refused, Refused)
                assert (refused.code, refused.http) == (code, 403)
                claim = await gate.reviewing.claim(look.id, by, Session())
                assert isinstance(claim, Refused)
                assert claim.code == code
            assert (await say(gate, look, "approve", by="ana")).code == "bad_decision"
            assert (await say(gate, look, "good", by="ana")).status is RequestStatus.APPROVED

    @pytest.mark.parametrize(
        ("first", "second", "agrees"),
        [
            ("approve", "good", True), ("approve", "bad", False), ("approve", "incident", False),
            ("deny", "good", False), ("deny", "bad", True), ("deny", "incident", True),
        ],
    )  # fmt: skip
    async def test_agreement_is_recorded_and_a_disagreement_raised(
        self, tmp_path: Path, first: str, second: str, agrees: bool
    ) -> None:
        async with open_gate(tmp_path, EVERY + LEVELS, PEOPLE) as gate:
            await decided(gate, first)
            (look,) = await looks(gate)
            await say(gate, look, second, by="ana")
            (word,) = await told(gate, "sample.reviewed")
            assert (word["request_id"], word["data"]["decision"], word["data"]["agrees"]) == (look.id, second, agrees)
            raised = await told(gate, "security.review_disagreement")
            assert [one["data"] for one in raised] == ([] if agrees else [{"first": first, "second": second}])
            level = gate.store.agents.of("default").level
            assert level == (0 if second == "incident" else 2)  # a disagreement is the reviewers', not the agent's

    async def test_how_often_they_agree_is_told(self, tmp_path: Path) -> None:
        hands = Hands()
        async with open_gate(tmp_path, EVERY, PEOPLE, hands) as gate:
            for number, word in enumerate(("good", "bad", "good", "")):
                hands.pass_(1)
                await decided(gate, number=number)
                look = (await looks(gate))[-1]
                if word:
                    await say(gate, look, word, by="ana")
            found = await figures.second_looks(gate)
            assert found == {"open": 1, "done": 3, "agreed": 2, "agreement": 0.6667}
            hands.pass_(7 * 86_400 + 1)
            await sweep(gate)
            assert (await looks(gate))[-1].status is RequestStatus.EXPIRED
            assert (await figures.second_looks(gate))["open"] == 0
