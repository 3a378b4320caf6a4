"""The same call again joins what waits, but never rides on less than its own facts ask for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mcp_gate.gate.gate import Gate
from mcp_gate.history.again import difference
from mcp_gate.model.decision import Assurance
from mcp_gate.model.outcome import Delivered, Outcome, Refused, Status
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.store import history
from support.gates import Upstream, decide, job, names, open_gate, pending, perform

pytestmark = pytest.mark.anyio

REFUND = {"amount": 4200}
RULES = """\
version: v1
rules:
  - { id: worst, match: { confidence_below: 0.1 }, decision: deny, reason: "Not so" }
  - { id: unsure, match: { confidence_below: 0.5 }, decision: require_approval, %s }
  - { id: all, match: { topics: ["*"] }, decision: require_approval, %s }
"""
PEOPLE = """\
reviewers: { dana: { groups: [a, b] }, ana: { groups: [a, b] } }
"""
CONFIDENCE = "dev.mcp-gate/confidence"


def rules(unsure: str, usual: str = "route: a") -> str:
    return RULES % (unsure, usual)


def called(gate: Gate, upstream: Upstream, confidence: float, session: str = "s-1") -> asyncio.Task[Outcome]:
    wanted = job("refund", dict(REFUND), **{CONFIDENCE: confidence})
    return asyncio.create_task(perform(gate, wanted, upstream, session=session))


async def settled(gate: Gate, request: Request, status: RequestStatus) -> None:
    async with asyncio.timeout(5):
        while (await gate.store.requests.find(request.id)).status is not status:  # type: ignore[union-attr]
            await asyncio.sleep(0.002)


async def fresh(gate: Gate, before: Request) -> Request:
    """The one request that waits in the place of another."""
    await settled(gate, before, RequestStatus.SUPERSEDED)
    (request,) = await pending(gate)
    assert request.id != before.id
    return request


async def joined(gate: Gate, request: Request, attempts: int) -> None:
    async with asyncio.timeout(5):
        while (await gate.store.requests.find(request.id)).attempts < attempts:  # type: ignore[union-attr]
            await asyncio.sleep(0.002)


@pytest.mark.parametrize(
    ("unsure", "needed", "assurance", "group"),
    [
        ("route: a, approvals: 2", 2, Assurance.SESSION, "a"),
        ("route: a, min_assurance: signed", 1, Assurance.SIGNED, "a"),
        ("route: b", 1, Assurance.SESSION, "b"),
    ],
)
async def test_a_repeat_whose_facts_ask_for_more_raises_what_people_are_asked(
    tmp_path: Path, unsure: str, needed: int, assurance: Assurance, group: str
) -> None:
    async with open_gate(tmp_path, rules(unsure), PEOPLE) as gate:
        upstream = Upstream()
        first = called(gate, upstream, 0.9)
        (before,) = await pending(gate)
        second = called(gate, upstream, 0.3, session="s-2")
        after = await fresh(gate, before)
        assert (after.needed, after.min_assurance, after.group) == (needed, assurance, group)
        assert set(after.verdict["rule_ids"]) == {"unsure", "all"}
        assert after.verdict["terms_of"] == before.id
        past = await gate.store._db.read(lambda tx: history.calls(tx, "", None))
        assert [difference(one, lambda _: gate.loaded) for one in past] == ["", ""]
        await joined(gate, after, 2)  # whoever waited goes on waiting, on the new one
        third = called(gate, upstream, 0.9, session="s-3")
        await joined(gate, after, 3)  # and asks for no other anew
        assert await pending(gate) == [await gate.store.requests.find(after.id)]
        assert upstream.sent == []
        assert "request.cancelled" in await names(gate, request_id=before.id)
        for call in (first, second, third):
            call.cancel()
        await asyncio.gather(first, second, third, return_exceptions=True)


async def test_an_approval_of_less_is_void_for_a_repeat_that_asks_for_more(tmp_path: Path) -> None:
    async with open_gate(tmp_path, rules("route: a, approvals: 2"), PEOPLE) as gate:
        upstream = Upstream()
        first = called(gate, upstream, 0.9)
        (before,) = await pending(gate)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await decide(gate, before)
        second = called(gate, upstream, 0.3)
        after = await fresh(gate, before)
        assert upstream.sent == []
        await decide(gate, after)
        assert isinstance(await asyncio.wait_for(second, 5), Delivered)
        assert upstream.sent == [REFUND]


async def test_what_raises_in_two_ways_is_both_and_nobody_goes_to_and_fro(tmp_path: Path) -> None:
    """One asks for two people, the other for a signature."""
    async with open_gate(tmp_path, rules("route: b, approvals: 2", "route: a, min_assurance: signed"), PEOPLE) as gate:
        upstream = Upstream()
        calls = [called(gate, upstream, 0.9)]
        (before,) = await pending(gate)
        calls.append(called(gate, upstream, 0.3))
        after = await fresh(gate, before)
        assert (after.needed, after.min_assurance, after.group) == (2, Assurance.SIGNED, "b")
        for n in range(6):
            calls.append(called(gate, upstream, (0.9, 0.3)[n % 2], session=f"s-{n}"))
            await joined(gate, after, 3 + n)
        assert len(await gate.store.requests.page()) == 2
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


async def test_a_repeat_that_the_policy_denies_is_denied_and_uses_no_approval(tmp_path: Path) -> None:
    async with open_gate(tmp_path, rules("route: a, approvals: 2"), PEOPLE) as gate:
        upstream = Upstream()
        first = called(gate, upstream, 0.9)
        (before,) = await pending(gate)
        denied = await called(gate, upstream, 0.01)
        assert isinstance(denied, Refused)
        assert (denied.status, denied.rule_id) == (Status.DENIED, "worst")
        await decide(gate, before)
        assert isinstance(await asyncio.wait_for(first, 5), Delivered)
        assert upstream.sent == [REFUND]
