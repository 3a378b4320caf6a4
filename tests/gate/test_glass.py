"""Break-glass: two signed words let one agent's calls of one topic pass, and nothing more than that."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate.gate import Gate
from mcp_gate.gate.glass import Answer, NoSuchGlass
from mcp_gate.gate.reviewers import Session
from mcp_gate.gate.samples import look_at_lost
from mcp_gate.gate.sweep import sweep
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.judged import Refused
from mcp_gate.model.outcome import Delivered, Outcome
from mcp_gate.model.outcome import Refused as Told
from mcp_gate.review.glass import NAMESPACE, Wanted, Word, statement
from support.gates import Hands, Upstream, job, loaded, names, open_gate, pending, perform
from support.keys import Key, ed25519_key

pytestmark = pytest.mark.anyio

DANA, ANA, LEE = (ed25519_key(seed) for seed in (1, 2, 3))
SETTINGS = f"""\
hold: {{ wait_sec: 0.01 }}
agents: {{ bot: {{ owner: lee }}, other: {{}} }}
reviewers:
  dana: {{ keys: ["{DANA.public}"] }}
  ana: {{ keys: ["{ANA.public}"] }}
  lee: {{ keys: ["{LEE.public}"] }}
"""
RULES = """\
version: v1
rules:
  - { id: never, match: { topics: ["job.shop.destroy"] }, decision: deny }
  - { id: refunds, match: { topics: ["job.shop.refund"] }, decision: require_approval,
      constraints: { max_amount_usd: 1000 } }
  - { id: reads, match: { topics: ["job.shop.read"] }, decision: require_approval }
"""
FLOOR = """\
invariants: [ { id: floor, match: { topics: ["job.shop.refund"] }, at_least: require_approval } ]
"""
TOPICS = {"refund": "job.shop.refund", "get": "job.shop.read", "destroy": "job.shop.destroy"}


@asynccontextmanager
async def a_gate(folder: Path, rules: str = RULES, hands: Hands | None = None) -> AsyncIterator[tuple[Gate, Upstream]]:
    async with open_gate(folder, rules, SETTINGS, hands) as gate:
        yield gate, Upstream()


def wanted(gate: Gate, **changes: Any) -> Wanted:
    values = {"agent": "bot", "topic": "job.shop.refund", "minutes": 60, "reason": "the queue is down"}
    return Wanted(**{**values, "policy_snapshot": gate.loaded.snapshot.id, **changes})


def word(gate: Gate, what: Wanted, by: str, key: Key, id: str = "", namespace: str = NAMESPACE) -> Word:
    ts = rfc3339(gate.clock.wall())
    return Word(by, ts, key.sign(statement(what, by, ts, gate.id, id), namespace))


async def asked(gate: Gate, by: str = "dana", key: Key = DANA, **changes: Any) -> Answer:
    what = wanted(gate, **changes)
    return await gate.glass.ask(what, word(gate, what, by, key), Session())


async def confirmed(gate: Gate, id: str, by: str = "ana", key: Key = ANA, **changes: Any) -> Answer:
    return await gate.glass.confirm(id, word(gate, wanted(gate, **changes), by, key, id), Session())


async def broken(gate: Gate, **changes: Any) -> str:
    first = await asked(gate, **changes)
    assert isinstance(first, dict)
    second = await confirmed(gate, first["id"], **changes)
    assert isinstance(second, dict)
    assert second["status"] == "broken"
    assert second["people"] == ["dana", "ana"]
    return str(first["id"])


async def call(
    gate: Gate, upstream: Upstream, tool: str = "refund", agent: str = "bot", amount: int = 10, **more: Any
) -> Outcome:
    return await perform(gate, job(tool, {"amount": amount, **more}), upstream, agent=agent)


def code(answer: Answer) -> str:
    assert isinstance(answer, Refused)
    return answer.code


async def test_two_words_let_one_agents_calls_of_one_topic_pass_and_each_is_looked_at(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as (gate, upstream):
        id = await broken(gate)
        assert isinstance(await call(gate, upstream), Delivered)
        for agent, tool in (("other", "refund"), ("bot", "get"), ("bot", "destroy")):
            assert not isinstance(await call(gate, upstream, tool, agent), Delivered)
        assert not isinstance(await call(gate, upstream, amount=1001), Delivered), "constraints bind"
        assert len(upstream.sent) == 1
        await gate.settle(5)
        records = await gate.store.records()
        (dispatched,) = [r for r in records if r["event"] == "call.dispatched"]
        assert dispatched["data"]["break_glass"] == id
        (selected,) = [r for r in records if r["event"] == "sample.selected"]
        assert selected["data"]["why"] == "mandatory"
        (began,) = [r for r in records if r["event"] == "security.break_glass"]
        assert (began["approver_id"], began["data"]["asked"]["approver_id"]) == ("ana", "dana")
        assert (began["agent"], began["topic"], began["reason"]) == ("bot", "job.shop.refund", "the queue is down")


async def test_what_becomes_of_a_call_does_not_keep_it_from_being_looked_at(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as (gate, _):
        await broken(gate)

        async def fails(arguments: dict[str, Any]) -> dict[str, Any]:
            raise RuntimeError("no answer")

        await call(gate, Upstream(fails))
        assert (await names(gate))[-2:] == ["call.unknown", "sample.selected"]


async def test_a_call_that_a_gate_left_behind_is_looked_at_once_the_next_one_starts(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as (gate, _):
        await broken(gate)
        never = asyncio.Event()

        async def hangs(arguments: dict[str, Any]) -> dict[str, Any]:
            await never.wait()
            return {}

        waits = asyncio.create_task(call(gate, Upstream(hangs)))
        while "call.dispatched" not in await names(gate):
            await asyncio.sleep(0.005)
        (tmp_path / "left").mkdir()
        for file in tmp_path.glob("gate.db*"):
            shutil.copy(file, tmp_path / "left")  # as a power cut leaves it
        never.set()
        await waits
    async with a_gate(tmp_path / "left") as (gate, _):
        await look_at_lost(gate, await gate.store.recover())
        assert (await names(gate))[-2:] == ["call.unknown", "sample.selected"]
        assert [request.kind for request in await gate.store.requests.unsettled()] == ["sample"]


async def test_what_an_invariant_holds_and_what_nobody_mapped_stays_held(tmp_path: Path) -> None:
    async with a_gate(tmp_path, RULES + FLOOR) as (gate, upstream):
        await broken(gate)
        held = await pending_call(gate, upstream)
        assert upstream.sent == []
        assert held in [request.id for request in await pending(gate)]
    async with a_gate(tmp_path / "two") as (gate, upstream):
        await broken(gate, topic="unmapped.shop.odd")
        assert not isinstance(await call(gate, upstream, "odd"), Delivered)


async def pending_call(gate: Gate, upstream: Upstream) -> str:
    assert not isinstance(await call(gate, upstream), Delivered)
    (request,) = await pending(gate)
    return request.id


async def test_a_call_that_waits_goes_on_once_the_glass_is_broken(tmp_path: Path) -> None:
    async with open_gate(tmp_path, RULES, SETTINGS.replace("0.01", "20")) as gate:
        upstream = Upstream()
        waits = asyncio.create_task(call(gate, upstream))
        await pending(gate)
        await broken(gate)
        assert isinstance(await asyncio.wait_for(waits, 10), Delivered)
        assert len(upstream.sent) == 1
        assert {r.kind for r in await gate.store.requests.unsettled()} <= {"sample"}


async def test_it_is_over_after_its_time_and_by_anybodys_word(tmp_path: Path) -> None:
    hands = Hands()
    async with a_gate(tmp_path, hands=hands) as (gate, upstream):
        id = await broken(gate, minutes=5)
        hands.pass_(299)
        assert isinstance(await call(gate, upstream, amount=1), Delivered)
        hands.pass_(1)
        assert not isinstance(await call(gate, upstream, amount=2), Delivered)
        await sweep(gate)
        assert "security.break_glass_over" in await names(gate)
        id = await broken(gate)
        assert isinstance(await gate.glass.end(id, "lee", Session()), dict)
        assert not isinstance(await call(gate, upstream, amount=3), Delivered)
        assert isinstance(await gate.glass.end(id, "lee", Session()), NoSuchGlass)


async def test_another_policy_or_a_revoked_key_ends_it(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as (gate, upstream):
        await broken(gate)
        gate.loaded = loaded(RULES, SETTINGS.replace(str(ANA.public), str(ed25519_key(7).public)))
        assert not isinstance(await call(gate, upstream), Delivered)
        assert gate.glass.listed() == []


async def test_nothing_of_it_outlives_the_gate(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as (gate, _):
        await broken(gate)
    async with a_gate(tmp_path) as (gate, upstream):
        assert not isinstance(await call(gate, upstream), Delivered)


async def test_words_that_do_not_count(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as (gate, upstream):
        what = wanted(gate)
        plain = Word("dana", rfc3339(gate.clock.wall()), "")
        assert code(await gate.glass.ask(what, plain, Session())) == "bad_signature"
        other = word(gate, what, "dana", DANA, namespace="mcp-gate-decision@v1")
        assert code(await gate.glass.ask(what, other, Session())) == "bad_signature"
        assert code(await asked(gate, "dana", ANA)) == "bad_signature"
        assert code(await asked(gate, "eve", DANA)) == "unknown_reviewer"
        assert code(await asked(gate, "lee", LEE)) == "self_approval"
        assert code(await asked(gate, minutes=61)) == "too_far"
        assert code(await asked(gate, reason=" ")) == "evidence_incomplete"
        assert code(await asked(gate, topic="job.*")) == "bad_request"
        assert code(await asked(gate, agent="nobody")) == "bad_request"
        assert code(await asked(gate, policy_snapshot="v1:000000000000")) == "policy_changed"
        first = await asked(gate)
        assert isinstance(first, dict)
        assert code(await confirmed(gate, first["id"], "dana", DANA)) == "second_person_needed"
        assert code(await confirmed(gate, first["id"], "lee", LEE)) == "self_approval"
        assert code(await confirmed(gate, first["id"], minutes=59)) == "bad_signature", "not what was asked for"
        assert isinstance(await confirmed(gate, "G-none"), NoSuchGlass)
        told = await call(gate, upstream)
        assert isinstance(told, Told)
        assert upstream.sent == []
        assert (await names(gate)).count("security.break_glass_refused") >= 8


async def test_a_request_for_it_waits_a_quarter_of_an_hour(tmp_path: Path) -> None:
    hands = Hands()
    async with a_gate(tmp_path, hands=hands) as (gate, _):
        first = await asked(gate)
        assert isinstance(first, dict)
        assert [one["status"] for one in gate.glass.listed()] == ["asked"]
        hands.pass_(901)
        assert isinstance(await confirmed(gate, first["id"]), NoSuchGlass)
        assert gate.glass.listed() == []
