"""A queue that is shared out: who gets what, when it moves, and what a person with too much before him may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate.presence import ABSENT_SEC, Presence
from mcp_gate.gate.reviewers import Session
from mcp_gate.gate.reviewing import Answer
from mcp_gate.gate.sharing import AGAIN_SEC
from mcp_gate.gate.sweep import sweep
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import OnTimeout
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import Request, RequestStatus, ReviewerDecision
from support.gates import Hands
from support.reviewed import RULES, Reviewed, a_gate

pytestmark = pytest.mark.anyio

PEOPLE = b"""version: v1
agents: { claude-code: { owner: lee } }
reviewers: { ana: { groups: [ops] }, dana: { groups: [ops] }, lee: { groups: [ops] } }
"""


def controls(most: int = 2, **fatigue: Any) -> bytes:
    written = "".join(f", {name}: {value}" for name, value in fatigue.items())
    return (
        RULES + f"approval_queue_policy: {{ max_open_requests_per_reviewer: {most} }}\n".encode()
        + f"fatigue_controls: {{ auto_rebalance: true{written} }}\n".encode()
    )  # fmt: skip


async def say(gate: Reviewed, request: Request, word: str = "approve", by: str = "dana") -> Answer:
    posted = ReviewerDecision(
        decision=word, approver_id=by, job_hash=request.call.job_hash, policy_snapshot=request.policy_snapshot,
        decision_ts=rfc3339(gate.gate.clock.wall()), nonce=f"{request.id}-{word}-{by}",
    )  # fmt: skip
    return await gate.gate.reviewing.decide(request.id, posted, Session())


async def claim(gate: Reviewed, request: Request, by: str = "dana") -> Answer:
    return await gate.gate.reviewing.claim(request.id, by, Session())


async def whose(gate: Reviewed) -> dict[str, str]:
    """After a round: whose each open request is."""
    gate.gate.sharer.changed()
    await gate.gate.sharer.round()
    found = await gate.gate.store.requests.page(RequestStatus.PENDING)
    return {request.id: request.assigned_to for request in found}


def code(answer: Answer) -> str:
    return answer.code if isinstance(answer, Refused) else "done"


async def test_open_requests_are_shared_out_soon_after_they_were_opened_and_that_is_recorded(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=PEOPLE, rules=controls(), clock=Hands().clock()) as gate:
        with gate.gate.hub.subscribe() as told:
            for _ in range(5):
                await gate.hold(group="ops")
            await gate.gate.sharer.round()
            messages = [told.get_nowait() for _ in range(told.qsize())]
        found = {request.id: request.assigned_to for request in await gate.gate.store.requests.page()}
        assert found == {"R-1": "ana", "R-2": "dana", "R-3": "ana", "R-4": "dana", "R-5": ""}
        assert [message["request_id"] for message in messages if message["event"] == "request.assigned"] == [
            "R-1", "R-2", "R-3", "R-4"
        ]  # fmt: skip
        first = (await gate.records("request.assigned"))[0]
        assert (first["request_id"], first["call_id"]) == ("R-1", "c-1")
        assert first["data"] == {"to": "ana", "why": "unassigned"}
        assert (await gate.shown(await gate.hold(group="ops"))).get("assigned_to") is None


async def test_what_one_person_decided_makes_room_for_the_next(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=PEOPLE, rules=controls(most=1), clock=Hands().clock()) as gate:
        held = [await gate.hold(group="ops") for _ in range(3)]
        assert await whose(gate) == {"R-1": "ana", "R-2": "dana", "R-3": ""}
        assert isinstance(await say(gate, held[0], "deny", by="ana"), Request)
        await gate.gate.sharer.round()
        assert await whose(gate) == {"R-2": "dana", "R-3": "ana"}


async def test_a_claim_takes_a_request_over_and_what_is_too_much_goes_to_others(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=PEOPLE, rules=controls(), clock=Hands().clock()) as gate:
        held = [await gate.hold(group="ops") for _ in range(4)]
        assert await whose(gate) == {"R-1": "ana", "R-2": "dana", "R-3": "ana", "R-4": "dana"}
        assert isinstance(await claim(gate, held[0]), Request)
        assert await whose(gate) == {"R-1": "dana", "R-2": "dana", "R-3": "ana", "R-4": "ana"}
        assert code(await claim(gate, held[0], by="ana")) == "claimed"
        assert code(await say(gate, held[0], by="ana")) == "claimed"
        assert isinstance(await claim(gate, held[2]), Request)
        assert code(await claim(gate, held[3])) == "over_capacity"
        assert code(await say(gate, held[3])) == "over_capacity"
        assert isinstance(await claim(gate, held[0]), Request)  # his own, again
        assert code(await say(gate, held[3], "deny")) == "done"
        assert code(await say(gate, held[0])) == "done"
        assert isinstance(await claim(gate, held[1]), Request)
        (refused, *_) = await gate.records("request.refused")
        assert refused["data"]["code"] == "claimed"


async def test_a_claim_given_back_counts_no_more(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=PEOPLE, rules=controls(most=1), clock=Hands().clock()) as gate:
        first, second = await gate.hold(group="ops"), await gate.hold(group="ops")
        await claim(gate, first)
        assert code(await claim(gate, second)) == "over_capacity"
        await gate.gate.reviewing.release_claim(first.id, "dana", Session())
        assert isinstance(await claim(gate, second), Request)


async def test_of_several_approvals_each_is_somebody_elses_turn(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=PEOPLE, rules=controls(), clock=Hands().clock()) as gate:
        request = await gate.hold(group="ops", needed=2)
        assert await whose(gate) == {"R-1": "ana"}
        assert isinstance(await say(gate, request, by="ana"), Request)
        assert await whose(gate) == {"R-1": "dana"}


async def test_what_an_absent_person_has_goes_to_who_is_there_and_comes_back_with_nobody(tmp_path: Path) -> None:
    hands = Hands()
    async with a_gate(tmp_path, settings=PEOPLE, rules=controls(), clock=hands.clock()) as gate:
        held = [await gate.hold(group="ops", due=9000) for _ in range(2)]
        assert await whose(gate) == {"R-1": "ana", "R-2": "dana"}
        with gate.gate.presence.watching("ana"):
            hands.pass_(ABSENT_SEC + 1)
            assert await whose(gate) == {"R-1": "ana", "R-2": "ana"}
        hands.pass_(ABSENT_SEC + 1)
        assert await whose(gate) == {"R-1": "ana", "R-2": "ana"}  # nobody is there: it can as well wait for her
        assert code(await say(gate, held[0], "deny")) == "done"  # which shows that dana is
        assert await whose(gate) == {"R-2": "dana"}
        last = (await gate.records("request.assigned"))[-1]
        assert last["data"] == {"to": "dana", "from": "ana", "why": "absent"}


async def test_a_lapsed_claim_is_noticed_though_nothing_else_happens(tmp_path: Path) -> None:
    hands = Hands()
    async with a_gate(tmp_path, settings=PEOPLE, rules=controls(most=1), clock=hands.clock()) as gate:
        first, second = await gate.hold(group="ops", due=9000), await gate.hold(group="ops", due=9000)
        await claim(gate, first)
        assert code(await claim(gate, second)) == "over_capacity"
        hands.pass_(601)
        assert isinstance(await claim(gate, second), Request)
        await gate.gate.sharer.round()
        hands.pass_(AGAIN_SEC)
        await gate.gate.sharer.round()
        assert {r.id: r.assigned_to for r in await gate.gate.store.requests.page()} == {"R-1": "ana", "R-2": "dana"}


async def test_an_escalated_request_is_the_new_groups(tmp_path: Path) -> None:
    people = PEOPLE.replace(b"lee: { groups: [ops] }", b"lee: { groups: [bosses] }, max: { groups: [bosses] }")
    hands = Hands()
    async with a_gate(tmp_path, settings=people, rules=controls(), clock=hands.clock()) as gate:
        await gate.hold(group="ops", due=60, on_timeout=OnTimeout.ESCALATE, escalate_to="bosses")
        assert await whose(gate) == {"R-1": "ana"}
        hands.pass_(61)
        await sweep(gate.gate)
        assert await whose(gate) == {"R-1": "max"}  # lee owns the agent


async def test_without_a_cap_nothing_is_shared_out(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=PEOPLE, clock=Hands().clock()) as gate:
        await gate.hold(group="ops")
        assert await whose(gate) == {"R-1": ""}
        assert await gate.records("request.assigned") == []


async def test_after_so_many_approvals_a_break_is_due_which_a_restart_does_not_end(tmp_path: Path) -> None:
    hands = Hands()
    rules = controls(most=40, cooldown_after_approvals=2, cooldown_sec=60)
    async with a_gate(tmp_path, settings=PEOPLE, rules=rules, clock=hands.clock()) as gate:
        held = [await gate.hold(group="ops", due=9000) for _ in range(4)]
        assert [code(await say(gate, request)) for request in held[:3]] == ["done", "done", "cooldown"]
        assert code(await say(gate, held[2], by="ana")) == "done"
    async with a_gate(tmp_path, settings=PEOPLE, rules=rules, clock=hands.clock()) as gate:
        assert code(await say(gate, held[3])) == "cooldown"
        hands.pass_(59)
        assert code(await say(gate, held[3])) == "cooldown"
        hands.pass_(1)
        assert code(await say(gate, held[3])) == "done"


class TestPresence:
    def test_who_watches_is_there_and_for_a_while_after(self) -> None:
        hands = Hands()
        presence = Presence(hands.clock().steady)
        assert presence.here(["dana"]) == {"dana"}  # nobody can know yet
        hands.pass_(ABSENT_SEC)
        assert presence.here(["dana", "ana"]) == set()
        with presence.watching("dana"):
            hands.pass_(ABSENT_SEC)
            assert presence.here(["dana", "ana"]) == {"dana"}
        hands.pass_(ABSENT_SEC - 1)
        presence.seen("ana")
        assert presence.here(["dana", "ana"]) == {"dana", "ana"}
        hands.pass_(1)
        assert presence.here(["dana", "ana"]) == {"ana"}

    async def test_an_event_stream_says_who_watches(self, tmp_path: Path) -> None:
        hands = Hands()
        async with a_gate(tmp_path, settings=PEOPLE, clock=hands.clock()) as gate:
            hands.pass_(ABSENT_SEC)
            with await gate.do(gate.client.events, "dana"):
                assert gate.gate.presence.here(["ana", "dana"]) == {"dana"}
