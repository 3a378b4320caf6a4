"""What people may do in each stage of a request, over the review API of a real gate with two groups."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.faces.http import status
from mcp_gate.gate.reviewers import Session, operator
from mcp_gate.gate.sweep import sweep
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.decision import OnTimeout, Tier
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import Request, RequestStatus, ReviewerDecision
from support.gates import Hands
from support.reviewed import GROUPS, TOKENS, Reviewed, a_gate, raw

pytestmark = pytest.mark.anyio

BOTH = GROUPS + b"  both: { groups: [finance-approvers, ops-approvers] }\n  sue: { groups: [ops-approvers] }\n"
"""finance-approvers: dana, ana, lee, both. ops-approvers: sam, sue, both."""


@asynccontextmanager
async def stages(
    tmp: Path, hands: Hands, settings: bytes = BOTH, **changes: Any
) -> AsyncIterator[tuple[Reviewed, Request]]:
    """A request of finance-approvers that goes to ops-approvers after 600 s."""
    async with a_gate(tmp, settings=settings, clock=hands.clock()) as gate:
        how = {"on_timeout": OnTimeout.ESCALATE, "escalate_to": "ops-approvers", **changes}
        yield gate, await gate.hold(due=600, **how)


async def passes(gate: Reviewed, hands: Hands, seconds: float) -> None:
    hands.pass_(seconds)
    await sweep(gate.gate)


async def says(gate: Reviewed, request: Request, by: str, word: str = "approve", **more: Any) -> Request | Refused:
    values: dict[str, Any] = {
        "decision": word, "approver_id": by, "job_hash": request.call.job_hash, "nonce": f"{by}-{word}",
        "policy_snapshot": request.policy_snapshot, "decision_ts": rfc3339(gate.gate.clock.wall()), **more,
    }  # fmt: skip
    answer = await gate.gate.reviewing.decide(request.id, ReviewerDecision(**values), Session())
    assert isinstance(answer, Request | Refused)
    return answer


def code(answer: object) -> str:
    assert isinstance(answer, Refused)
    return answer.code


async def test_S114_after_an_escalation_the_first_group_can_no_longer_decide_and_the_second_can(tmp_path: Path) -> None:
    hands = Hands()
    async with stages(tmp_path, hands) as (gate, request):
        assert code(await says(gate, request, "sam")) == "not_in_group"
        await passes(gate, hands, 600)
        for word in ("approve", "deny"):
            refused = await says(gate, request, "dana", word)
            assert isinstance(refused, Refused)
            assert (refused.code, refused.http) == ("not_in_group", 403)
        claimed = await gate.gate.reviewing.claim(request.id, "dana", Session())
        assert code(claimed) == "not_in_group"
        answer = await says(gate, request, "sam", nonce="again")
        assert isinstance(answer, Request)
        assert answer.status is RequestStatus.APPROVED


async def test_the_words_of_the_first_stage_count_no_more_and_their_giver_may_speak_again(tmp_path: Path) -> None:
    hands = Hands()
    async with stages(tmp_path, hands, needed=2) as (gate, request):
        first = await says(gate, request, "both")
        assert isinstance(first, Request)
        assert code(await says(gate, request, "both", nonce="2")) == "second_person_needed"
        await passes(gate, hands, 600)
        shown = await gate.shown(request)
        assert [said["stage"] for said in shown["decisions"]] == [1]
        assert shown["stage"] == 2
        one = await says(gate, request, "sam")
        assert isinstance(one, Request)
        assert one.status is RequestStatus.PENDING, "the word of the first stage was counted"
        two = await says(gate, request, "both", nonce="3")
        assert isinstance(two, Request)
        assert two.status is RequestStatus.APPROVED
        assert [(said.approver_id, said.stage) for said in two.decisions] == [("both", 1), ("sam", 2), ("both", 2)]


async def test_a_word_of_the_first_stage_sent_again_in_the_second_has_no_effect(tmp_path: Path) -> None:
    hands = Hands()
    async with stages(tmp_path, hands, needed=2) as (gate, request):
        await passes(gate, hands, 590)
        when = rfc3339(gate.gate.clock.wall())
        await says(gate, request, "both", decision_ts=when)
        await passes(gate, hands, 10)
        again = await says(gate, request, "both", decision_ts=when)
        assert isinstance(again, Request)
        assert len(again.decisions) == 1
        assert again.words == ()
        assert len(await gate.records("request.decided")) == 1


async def test_a_claim_ends_with_its_stage(tmp_path: Path) -> None:
    hands = Hands()
    async with stages(tmp_path, hands) as (gate, request):
        await passes(gate, hands, 500)
        assert isinstance(await gate.gate.reviewing.claim(request.id, "dana", Session()), Request)
        await passes(gate, hands, 100)
        assert "claimed_by" not in await gate.shown(request)
        assert isinstance(await says(gate, request, "sam"), Request)


async def test_each_stage_can_be_extended_to_twice_the_time_that_it_was_given(tmp_path: Path) -> None:
    hands = Hands()
    async with stages(tmp_path, hands) as (gate, request):
        reviewing = gate.gate.reviewing
        assert isinstance(await reviewing.extend(request.id, "dana", Session(), 600), Request)
        await passes(gate, hands, 1199)
        assert (await gate.shown(request))["stage"] == 1
        await passes(gate, hands, 1)
        assert (await gate.shown(request))["stage"] == 2
        assert code(await reviewing.extend(request.id, "dana", Session(), 1)) == "not_in_group"
        assert code(await reviewing.extend(request.id, "sam", Session(), 601)) == "too_far"
        longer = await reviewing.extend(request.id, "sam", Session(), 600)
        assert isinstance(longer, Request)
        assert parse_rfc3339(longer.due_ts) - parse_rfc3339(request.opened_ts) == pytest.approx(2400, abs=0.01)
        assert isinstance(await says(gate, request, "sam"), Request)
        first, second = {"approver_id": "dana", "seconds": 600}, {"approver_id": "sam", "seconds": 600}
        (escalated,) = await gate.records("request.escalated")
        assert escalated["data"]["extended"] == [first]
        (decided,) = await gate.records("request.decided")
        assert decided["data"]["extended"] == [first, second]


async def test_a_claim_that_was_judged_before_an_escalation_does_not_land_behind_it(tmp_path: Path) -> None:
    hands = Hands()
    async with stages(tmp_path, hands) as (gate, request):
        store, real = gate.gate.store, gate.gate.store.requests.set_claim

        async def late(read: Request, reviewer: str, until: str) -> None:
            await passes(gate, hands, 600)  # the sweep comes between judging and writing
            await real(read, reviewer, until)

        store.requests.set_claim = late  # type: ignore[method-assign]
        assert code(await gate.gate.reviewing.claim(request.id, "dana", Session())) == "not_in_group"
        assert "claimed_by" not in await gate.shown(request)


async def test_in_a_gate_without_reviewers_its_user_decides_in_both_stages(tmp_path: Path) -> None:
    hands = Hands()
    async with stages(tmp_path, hands, settings=b"version: v1\n") as (gate, request):
        await passes(gate, hands, 600)
        answer = await says(gate, request, operator())
        assert isinstance(answer, Request)
        assert answer.status is RequestStatus.APPROVED


async def test_of_a_word_and_an_escalation_at_the_same_moment_one_comes_first(tmp_path: Path) -> None:
    hands = Hands()
    async with a_gate(tmp_path, settings=BOTH, clock=hands.clock()) as gate:
        for trial in range(60):
            how = {"on_timeout": OnTimeout.ESCALATE, "escalate_to": "ops-approvers"}
            early = {"escalate_ts": rfc3339(gate.gate.clock.steady() + 5)} if trial % 2 else {}
            request = await gate.hold(due=600 if early else 5, **how, **early)
            hands.pass_(5)
            race = [says(gate, request, "dana", nonce=f"n-{trial}"), sweep(gate.gate)]
            answer, _ = await asyncio.gather(*race)
            found = await gate.gate.store.requests.find(request.id)
            assert found is not None
            if isinstance(answer, Request):
                assert (found.status, found.stage) == (RequestStatus.APPROVED, 1)
            else:
                assert (found.status, found.stage) == (RequestStatus.PENDING, 2)
                assert code(answer) in ("not_in_group", "already_decided")


# ---- what is seen


async def bearer(gate: Reviewed, who: str, target: str) -> tuple[int, Any]:
    answer = await raw(gate.address, "GET", target, b"", {"Authorization": f"Bearer {TOKENS[who]}"})
    return answer[0], json.loads(answer[2])


async def test_the_list_of_each_group_holds_what_is_its_to_decide(tmp_path: Path) -> None:
    hands = Hands()
    async with stages(tmp_path, hands) as (gate, request):

        async def listed(who: str, group: str) -> list[str]:
            code, body = await bearer(gate, who, f"/v1/requests?status=pending&group={group}")
            assert code == 200
            return [found["id"] for found in body["requests"]]

        assert await listed("dana", "finance-approvers") == [request.id]
        assert await listed("sam", "ops-approvers") == []
        await passes(gate, hands, 600)
        assert await listed("dana", "finance-approvers") == []
        assert await listed("sam", "ops-approvers") == [request.id]
        assert (await bearer(gate, "dana", f"/v1/requests/{request.id}"))[0] == 404
        assert (await bearer(gate, "sam", f"/v1/requests/{request.id}"))[0] == 200


async def test_whoever_sends_a_request_on_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_gate.gate.presence.ABSENT_SEC", 60.0)
    hands = Hands()
    async with stages(tmp_path, hands) as (gate, request):
        hands.pass_(60)
        assert gate.gate.presence.here(["dana"]) == set()
        assert isinstance(await gate.gate.reviewing.escalate(request.id, "dana", Session(), ""), Request)
        assert gate.gate.presence.here(["dana"]) == {"dana"}


async def test_a_request_tells_its_stage_what_comes_at_its_end_and_where_it_was(tmp_path: Path) -> None:
    hands = Hands()
    async with stages(tmp_path, hands) as (gate, request):
        shown = await gate.shown(request)
        assert shown["escalate_ts"] == shown["due_ts"] == request.due_ts
        assert shown["then"] == {"ts": request.due_ts, "what": "escalate", "group": "ops-approvers"}
        assert "escalated_from" not in shown
        await passes(gate, hands, 600)
        moved = await gate.shown(request)
        assert (moved["group"], moved["stage"], moved["status"]) == ("ops-approvers", 2, "pending")
        assert (moved["escalated_from"], moved["escalated_ts"]) == ("finance-approvers", request.due_ts)
        assert moved["then"] == {"ts": moved["due_ts"], "what": "deny"}
        assert "escalate_ts" not in moved
        assert (await status.status(gate.gate))["queue"]["escalated"] == 1
        await passes(gate, hands, 600)
        ended = await gate.shown(request)
        assert (ended["status"], "then" in ended) == ("expired", False)


async def test_an_escalation_that_comes_before_the_due_time_is_told_with_its_own_time(tmp_path: Path) -> None:
    hands = Hands()
    soon = rfc3339(hands.wall + 60)
    async with stages(tmp_path, hands, on_timeout=OnTimeout.DENY, escalate_ts=soon) as (gate, request):
        shown = await gate.shown(request)
        assert (shown["escalate_ts"], shown["due_ts"]) == (soon, request.due_ts)
        assert shown["then"] == {"ts": soon, "what": "escalate", "group": "ops-approvers"}


async def test_what_policy_will_approve_is_told_and_its_word_bears_no_assurance(tmp_path: Path) -> None:
    hands = Hands()
    async with stages(tmp_path, hands, on_timeout=OnTimeout.APPROVE, tier=Tier.LOW) as (gate, request):
        assert (await gate.shown(request))["then"] == {"ts": request.due_ts, "what": "approve"}
        await passes(gate, hands, 600)
        (said,) = (await gate.shown(request))["decisions"]
        assert (said["approver_id"], said["decision"], said["final"]) == ("policy:timeout", "approve", True)
        assert "assurance" not in said


@pytest.mark.parametrize("who", ["dana", "sam"])
async def test_both_groups_are_told_of_an_escalation(tmp_path: Path, who: str) -> None:
    hands = Hands()
    async with stages(tmp_path, hands) as (gate, request):
        host, port = gate.address
        reader, writer = await asyncio.open_connection(host, port)
        try:
            head = f"GET /v1/events HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {TOKENS[who]}\r\n\r\n"
            writer.write(head.encode())
            await asyncio.wait_for(reader.readuntil(b": connected"), 10)
            await passes(gate, hands, 600)
            await asyncio.wait_for(reader.readuntil(b"event: request.escalated\n"), 10)
            data = await asyncio.wait_for(reader.readuntil(b"\n\n"), 10)
        finally:
            writer.close()
        assert json.loads(data.partition(b"data: ")[2]) == {
            "event": "request.escalated", "request_id": request.id, "group": "ops-approvers",
            "from": "finance-approvers", "status": "pending",
        }  # fmt: skip


# ---- the evidence window


@pytest.mark.parametrize("jump", [86_400, -86_400], ids=["forward", "back"])
async def test_S052_a_word_is_dated_by_the_clock_on_the_wall_also_after_it_was_set(tmp_path: Path, jump: int) -> None:
    hands = Hands()
    async with stages(tmp_path, hands) as (gate, request):
        before = rfc3339(gate.gate.clock.wall())
        hands.wall += jump
        stale = await says(gate, request, "dana", decision_ts=before)
        assert isinstance(stale, Refused)
        assert (stale.code, stale.fields) == ("evidence_incomplete", ("decision_ts",))
        assert isinstance(await says(gate, request, "dana"), Request)
