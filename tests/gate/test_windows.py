"""Amounts and counts over time, on a real store: what counts, from when, and until when."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate import reload
from mcp_gate.gate.gate import Gate
from mcp_gate.model.outcome import Delivered, Outcome, Refused, Status
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.store.database import Unavailable
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.peer import Lost
from support.agents import entry
from support.faults import faulty_writer
from support.gates import Client, Hands, Upstream, decide, job, loaded, open_gate, pending, perform
from support.lines import an_agent, verdict
from support.running import place, serving
from support.upstreams import Probe

pytestmark = pytest.mark.anyio

SUM = "sum(attributes.amount_usd, 24h)"
LIMITED = f"""\
version: v1
rules:
  - {{ id: large, match: {{ amount_usd_above: 100 }}, decision: require_approval, timeout_sec: 200000 }}
  - {{ id: much, match: {{ topics: ["job.shop.refund"], when: "{SUM} > 500" }}, decision: require_approval }}
  - {{ id: rest, match: {{ topics: ["*"] }}, decision: allow }}
"""
SETTINGS = "hold: { wait_sec: 1 }\n"


def pay(n: int, amount: Any = 99) -> Any:
    """One of many payments."""
    return job("refund", {"amount": amount, "order": n})


async def paid(gate: Gate, n: int, amount: Any = 99, **who: str) -> bool:
    """Whether a payment passed; else it is held."""
    outcome = await perform(gate, pay(n, amount), Upstream(), **who)
    assert isinstance(outcome, Delivered) or status(outcome) is Status.PENDING
    return isinstance(outcome, Delivered)


def _amount(request: Request) -> Any:
    return request.call.arguments["amount"]


def status(outcome: Outcome) -> Status | None:
    return outcome.status if isinstance(outcome, Refused) else None


async def total(gate: Gate, agent: str = "default") -> Any:
    """What the agent's window comes to with a payment of 0, which changes nothing."""
    await perform(gate, pay(0, 0), Upstream(), agent=agent)
    calls = await gate.store.records()
    last = [r["call_id"] for r in calls if r["event"] == "call.decided"][-1]
    found = await gate.store.call(last)
    assert found is not None
    return found["signals"]["windows"][SUM]


async def test_S048_of_twenty_payments_under_the_limit_of_one_those_within_the_limit_of_a_day_pass(
    tmp_path: Path,
) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LIMITED, SETTINGS, hands) as gate:
        assert [await paid(gate, n) for n in range(3)] == [True] * 3
    async with open_gate(tmp_path, LIMITED, SETTINGS, hands) as gate:
        assert [await paid(gate, n) for n in range(3, 7)] == [True, True, False, False]
        hands.pass_(86_401)
        assert await paid(gate, 99)


async def test_S048_two_calls_at_the_same_moment_do_not_both_see_the_old_total(tmp_path: Path) -> None:
    async with open_gate(tmp_path, LIMITED, SETTINGS) as gate:
        passed = await asyncio.gather(*(paid(gate, n) for n in range(20)))
        assert sum(passed) == 5


async def test_S050_what_was_never_sent_gives_its_part_back_and_what_may_have_been_keeps_it(tmp_path: Path) -> None:
    async def lost(sent: bool) -> Any:
        raise Lost("gone", sent=sent)

    async def refused() -> Any:
        raise RpcError(-32050, "no")

    denied = LIMITED + 'invariants:\n  - { id: i, match: { when: "args.order = 666" }, at_least: deny }\n'
    async with open_gate(tmp_path, denied, SETTINGS) as gate:
        assert status(await perform(gate, pay(666, 10), Upstream())) is Status.DENIED
        assert await total(gate) == 0
        assert status(await perform(gate, pay(1, 1), Upstream(lambda _: lost(False)))) is Status.FAILED
        assert await total(gate) == 0
        assert status(await perform(gate, pay(2, 2), Upstream(lambda _: lost(True)))) is Status.UNKNOWN
        assert await total(gate) == 2
        await perform(gate, pay(3, 4), Upstream(lambda _: refused()))
        assert await total(gate) == 6
        await perform(gate, pay(4, 8), Upstream({"content": [], "isError": True}))
        assert await total(gate) == 14
    async with open_gate(tmp_path, denied, SETTINGS) as gate:
        assert await total(gate) == 14


async def test_S050_a_held_call_counts_until_it_is_certain_that_it_will_not_be_sent(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LIMITED, SETTINGS, hands) as gate:
        for n, amount in enumerate([101, 102, 104, 108]):
            assert not await paid(gate, n, amount)
        assert await total(gate) == 415
        rejected, expired, cancelled, approved = sorted(await pending(gate, 4), key=_amount)
        await decide(gate, rejected, "deny")
        assert await total(gate) == 314
        await gate.store.requests.close(expired.id, RequestStatus.EXPIRED, [])
        assert await total(gate) == 212
        await gate.queue.cancel(cancelled, "client_gone")
        assert await total(gate) == 108
        await decide(gate, approved)
        assert await total(gate) == 108
    async with open_gate(tmp_path, LIMITED, SETTINGS, hands) as gate:
        assert await total(gate) == 108
        hands.pass_(80_000)
        assert await paid(gate, 3, 108)
        hands.pass_(80_000)
        assert await total(gate) == 108, "it counts from the moment it was sent"
    async with open_gate(tmp_path, LIMITED, SETTINGS, hands) as gate:
        assert await total(gate) == 108
        hands.pass_(6_401)
        assert await total(gate) == 0


async def test_a_call_that_is_one_too_many_or_cannot_be_recorded_gives_its_part_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SETTINGS + "limits: { pending_per_agent: 1 }\n"
    with faulty_writer(monkeypatch) as plan:
        async with open_gate(tmp_path, LIMITED, settings) as gate:
            assert not await paid(gate, 1, 101)
            assert status(await perform(gate, pay(2, 102), Upstream())) is Status.DENIED
            assert await total(gate) == 101
            await gate.settle(5)
            for n, amount in ((3, 5), (4, 105)):
                plan.break_down()
                assert status(await perform(gate, pay(n, amount), Upstream())) is Status.UNAVAILABLE
                plan.broken = False
            assert await total(gate) == 101


async def test_a_held_call_that_is_made_again_is_counted_once_and_collected(tmp_path: Path) -> None:
    never = f'rules:\n  - {{ id: never, match: {{ when: "{SUM} > 300" }}, decision: deny }}\n'
    strict = LIMITED.replace("rules:\n", never)
    hands = Hands()
    async with open_gate(tmp_path, strict, SETTINGS, hands) as gate:
        assert not await paid(gate, 1, 200)
        assert not await paid(gate, 1, 200)
        (request,) = await pending(gate)
        assert request.attempts == 2
    async with open_gate(tmp_path, strict, SETTINGS, hands) as gate:
        await decide(gate, request)
        assert await paid(gate, 1, 200)
        assert await total(gate) == 200
        assert status(await perform(gate, pay(1, 200), Upstream())) is Status.DENIED, "another one of the same"


async def test_S051_nothing_that_a_client_says_of_itself_starts_the_window_anew(tmp_path: Path) -> None:
    async with open_gate(tmp_path, LIMITED, SETTINGS) as gate:
        passed = []
        for n in range(8):
            wanted = job("refund", {"amount": 99, "order": n}, agent=f"a{n}", **{"dev.mcp-gate/agent": f"a{n}"})
            passed.append(isinstance(await perform(gate, wanted, Upstream(), session=f"s-{n}"), Delivered))
        assert passed == [True] * 5 + [False] * 3
        assert await paid(gate, 9, agent="other"), "another agent has a window of its own"


def test_S051_over_the_socket_under_new_names_connections_and_processes_of_the_gate(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    tools = {"*": {"topic": "job.shop.refund", "risk_tags": ["write"], "attributes": {"amount_usd": "args.amount"}}}
    passed = []
    with place({"shop": entry(probe, {"tools": tools})}, LIMITED, SETTINGS) as where:
        for start in range(2):
            with serving(where):
                for n in range(4):
                    with an_agent(where.state, name=f"client-{start}-{n}") as agent:
                        passed.append(not verdict(agent.call("shop_echo", amount=99, n=n + 10 * start)))
    assert passed == [True] * 5 + [False] * 3
    assert len(probe.calls()) == 5


@pytest.mark.parametrize("restart", [False, True])
async def test_S052_a_clock_that_is_set_back_or_forward_does_not_empty_the_window(
    tmp_path: Path, restart: bool
) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LIMITED, SETTINGS, hands) as gate:
        for n in range(4):
            assert await paid(gate, n)
        hands.wall -= 86_400
        assert await total(gate) == 396
        if not restart:
            hands.wall += 10 * 86_400
            assert await total(gate) == 396
            hands.pass_(86_401)
            assert await total(gate) == 0
    async with open_gate(tmp_path, LIMITED, SETTINGS, hands) as gate:
        assert await total(gate) == (396 if restart else 0)


async def test_an_amount_that_cannot_be_told_holds_what_follows(tmp_path: Path) -> None:
    async with open_gate(tmp_path, LIMITED, SETTINGS) as gate:
        assert not await paid(gate, 1, "99")
        assert not await paid(gate, 2, 1)
        (untold,) = [held for held in await pending(gate, 2) if _amount(held) == "99"]
        await decide(gate, untold, "deny")
        assert await paid(gate, 3, 1)


async def test_a_window_that_a_new_policy_asks_for_is_filled_from_the_record(tmp_path: Path) -> None:
    directory = tmp_path / "gate"
    (directory / "policies").mkdir(parents=True)
    (directory / "upstreams.yaml").write_bytes(loaded().snapshot.files["upstreams.yaml"])
    (directory / "gate.yaml").write_text(f"version: v1\n{SETTINGS}")
    rules = directory / "policies" / "rules.yaml"
    allow = 'version: v1\nrules:\n  - { id: all, match: { topics: ["*"] }, decision: allow }\n'
    hands = Hands()
    async with open_gate(tmp_path, allow, "", hands) as gate:
        assert await paid(gate, 1, 300)
        hands.pass_(3600)
        under_way = asyncio.ensure_future(paid(gate, 2, 150))
        await asyncio.sleep(0)
        rules.write_text(LIMITED.replace("24h", "30m"))
        await reload.Reloader(gate, directory).reload()
        assert await under_way
        assert [window.text for window in gate.loaded.policy.windows] == [SUM.replace("24h", "30m")]
        assert [await paid(gate, n, 90) for n in range(3, 8)] == [True, True, True, False, False]
        rules.write_text(LIMITED)
        await reload.Reloader(gate, directory).reload()
        outcome = await perform(gate, pay(9, 1), Upstream(), Client())
        assert status(outcome) is Status.PENDING, "300 before the first window opened, 150, 270 and 1"
        rules.write_text(allow)
        await reload.Reloader(gate, directory).reload()
        assert await paid(gate, 10, 90)
        await gate.upstreams.stop()


async def test_a_window_that_cannot_be_filled_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_gate(tmp_path, LIMITED, SETTINGS) as gate:
        assert await paid(gate, 1)
        longer = loaded(LIMITED.replace("24h", "48h"), SETTINGS)
        with monkeypatch.context() as patch:

            async def full(*_: object, **__: object) -> None:
                raise Unavailable("the disk is full")

            patch.setattr(gate.store._db, "write", full)
            with pytest.raises(Unavailable):
                await gate.store.windows.open(longer.policy.windows)
        await gate.store.windows.open(longer.policy.windows)
        gate.loaded = longer
        outcome = await perform(gate, pay(2, 402), Upstream())
        assert status(outcome) is Status.PENDING
        (request,) = await pending(gate)
        assert request.call.signals["windows"] == {SUM.replace("24h", "48h"): 501}
