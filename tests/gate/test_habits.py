"""The anomaly score over a real store: what is learned, what is remembered, what people and the record are told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.cli.request_text import full
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.gate.gate import Gate
from mcp_gate.model.outcome import Delivered, Refused, Status
from mcp_gate.store import habits
from mcp_gate.store.database import Unavailable
from support.gates import Hands, Upstream, decide, job, open_gate, pending, perform

pytestmark = pytest.mark.anyio

ODD = """\
version: v1
rules:
  - { id: odd, match: { anomaly_score_above: 0.8 }, decision: require_approval, reason: "Unusual" }
  - { id: rest, match: { topics: ["*"] }, decision: allow }
"""
SETTINGS = "hold: { wait_sec: 1 }\n"


async def pay(gate: Gate, hands: Hands, amount: float, **who: str) -> bool:
    """Whether a payment passed; a minute goes by before each."""
    hands.pass_(61)
    outcome = await perform(gate, job("refund", {"amount": amount}), Upstream(), **who)
    assert isinstance(outcome, Delivered) or (isinstance(outcome, Refused) and outcome.status is Status.PENDING)
    return isinstance(outcome, Delivered)


async def get_used_to(gate: Gate, hands: Hands, calls: int = 120) -> None:
    for n in range(calls):
        assert await pay(gate, hands, 10 + n % 7)


async def signals(gate: Gate) -> dict[str, Any]:
    """What the gate knew of the call that was decided last."""
    await gate.settle(5)
    (*_, last) = [record for record in await gate.store.records(0, 10**6) if record["event"] == "call.decided"]
    call = await gate.store.call(last["call_id"])
    assert call is not None
    found: dict[str, Any] = call["signals"]
    return found


async def test_an_unusual_call_is_held_and_people_and_the_record_are_told_why(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, ODD, SETTINGS, hands) as gate:
        await get_used_to(gate, hands)
        assert not await pay(gate, hands, 4400)
        (request,) = await pending(gate)
        kept = request.call.signals
        assert kept["anomaly"] == [
            {"feature": "args.amount", "value": 4400, "p": 0.0083},
            {"feature": "bytes of arguments", "value": 15, "p": 0.0083},
        ]
        assert kept["anomaly_score"] > 0.8
        assert kept["measured"] == {"calls_in_last_minute": 1, "argument_bytes": 15}
        shown = request_json(request)
        assert shown["call"]["signals"] == kept
        assert f"unusual      {kept['anomaly_score']}: args.amount 4400 (1 in 120), bytes of" in full(shown, 0.0)
        (record,) = [r for r in await gate.store.records(0, 10**6) if r.get("data", {}).get("anomaly")]
        assert record["event"] == "call.decided"
        told = [{"feature": name, "p": 0.0083} for name in ("args.amount", "bytes of arguments")]
        assert record["data"]["anomaly"] == told, "no value of an argument"
        assert record["data"]["anomaly_score"] == kept["anomaly_score"]


async def test_only_what_was_executed_is_learned(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, ODD, SETTINGS, hands) as gate:
        await get_used_to(gate, hands)
        for n in range(10):
            assert not await pay(gate, hands, 4400 + n)
            (request,) = await pending(gate)
            await decide(gate, request, "deny")
        for n in range(10):
            assert not await pay(gate, hands, 5400 + n), "what was refused ten times is no more usual for that"
            (request,) = await pending(gate)
            await decide(gate, request)
            assert await pay(gate, hands, 5400 + n)
        assert await pay(gate, hands, 5000), "what people approved is"


async def test_an_agents_past_is_its_own_and_survives_a_restart(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, ODD, SETTINGS, hands) as gate:
        await get_used_to(gate, hands)
        assert await pay(gate, hands, 4400, agent="new")
        assert (await signals(gate))["anomaly_score"] == 0
    async with open_gate(tmp_path, ODD, SETTINGS, hands) as gate:
        assert not await pay(gate, hands, 4400)
        assert (await signals(gate))["anomaly"][0]["value"] == 4400


async def test_the_score_after_a_restart_is_the_one_without(tmp_path: Path) -> None:
    async def scores(folder: Path, restarts: bool) -> list[Any]:
        hands = Hands()
        found: list[Any] = []
        for part in range(3):
            async with open_gate(folder, ODD.replace("0.8", "1"), SETTINGS, hands) as gate:
                for n in range(60 if restarts else 180):
                    number = part * 60 + n
                    hands.pass_(1 + number % 5)
                    tool = "get" if number % 3 else "refund"
                    await perform(gate, job(tool, {"amount": number * 37 % 101, "x": {"y": -number}}), Upstream())
                    await gate.settle(5)
                    found.append(await signals(gate))
            if not restarts:
                break
        return found

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with_restarts, without = await scores(tmp_path / "a", True), await scores(tmp_path / "b", False)
    assert with_restarts == without
    assert {one["anomaly_score"] for one in without} > {0}


async def test_many_calls_in_a_minute_are_unusual_for_who_makes_few(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, ODD, SETTINGS, hands) as gate:
        for n in range(120):
            hands.pass_(20 + n % 3)
            await perform(gate, job("refund", {"amount": 11}), Upstream())
        hands.pass_(20)
        passed = []
        for _ in range(9):
            hands.pass_(0.5)
            passed.append(isinstance(await perform(gate, job("refund", {"amount": 11}), Upstream()), Delivered))
        assert passed[0]
        assert not passed[-1]
        assert (await signals(gate))["anomaly"][0]["feature"] == "calls in the last minute"


@pytest.mark.parametrize("error", [Unavailable("the disk cannot be read"), ValueError("no JSON")])
async def test_S057_a_past_that_cannot_be_read_makes_every_call_unusual_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    hands = Hands()
    async with open_gate(tmp_path, ODD, SETTINGS, hands) as gate:
        with monkeypatch.context() as patch:

            def broken(*_: object, **__: object) -> None:
                raise error

            patch.setattr(habits, "_read", broken)
            assert not await pay(gate, hands, 10)
            (request,) = await pending(gate)
            assert request.call.signals["anomaly_score"] == {"unknown": True}
            assert "unusual      it cannot be told" in full(request_json(request), 0.0)
        await decide(gate, request, "deny")
        assert await pay(gate, hands, 11)


async def test_S057_a_score_that_cannot_be_computed_is_above_for_what_restricts_and_for_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = ODD.replace("  - { id: rest", "  - { id: calm, match: { when: \"attributes.anomaly_score < 0.9\" }, "
        "decision: allow }\n  - { id: rest").replace("decision: require_approval", "decision: deny")  # fmt: skip
    hands = Hands()
    for restricts, rule in ((True, "odd"), (False, "rest")):
        async with open_gate(tmp_path, rules if restricts else rules.replace("  - { id: odd", "  # - {", 1)) as gate:
            monkeypatch.setattr(habits, "numbers_of", lambda _: 1 / 0)
            outcome = await perform(gate, job("refund", {"amount": 1}), Upstream())
            assert isinstance(outcome, Refused) is restricts
            (*_, record) = [r for r in await gate.store.records() if r["event"] == "call.decided"]
            assert record["rule_ids"] == [rule]
            hands.pass_(1)


async def test_the_agents_that_called_last_are_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(habits, "AGENTS", 3)
    hands = Hands()
    async with open_gate(tmp_path, ODD, SETTINGS, hands) as gate:
        await get_used_to(gate, hands)
        for agent in "abc":
            assert await pay(gate, hands, 1, agent=agent)
        assert list(gate.store.habits._known) == ["a", "b", "c"]
        assert not await pay(gate, hands, 4400), "what was forgotten is read again"


async def test_an_agents_past_is_read_once_for_all_of_its_first_calls(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, ODD, SETTINGS, hands) as gate:
        await get_used_to(gate, hands, 60)
    async with open_gate(tmp_path, ODD, SETTINGS, hands) as gate:
        before = gate.store.commits
        await asyncio.gather(*(gate.store.habits.acquaint("default") for _ in range(20)))
        assert gate.store.commits == before + 1
        assert len(gate.store.habits._known["default"].profile) == 60


async def test_what_happens_while_the_past_is_read_is_not_lost_and_not_learned_twice(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, ODD.replace("0.8", "1"), SETTINGS, hands) as gate:
        await get_used_to(gate, hands, 60)
        known = gate.store.habits._known.pop("default")
        hands.pass_(61)
        calls = (perform(gate, job("refund", {"amount": n}), Upstream()) for n in range(5))
        await asyncio.gather(*calls, gate.store.habits.acquaint("default"))
        await gate.settle(5)
        fresh = gate.store.habits._known["default"]
        assert (len(known.profile), len(fresh.profile), len(fresh.times)) == (60, 65, 5)
