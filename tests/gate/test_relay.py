"""What upstreams say of their own accord, as a client of a real gate hears it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from mcp_gate.gate.front import Front
from mcp_gate.gate.governing import Said
from mcp_gate.gate.owners import Owners
from mcp_gate.gate.relay import Client, Relay
from mcp_gate.gate.reviewers import Session, operator
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.errors import RpcError
from support.agents import ENVELOPE, bench, entry
from support.gates import open_gate
from support.upstreams import Probe, until

pytestmark = pytest.mark.anyio


def positions(client: Any, method: str) -> list[int]:
    return [i for i, message in enumerate(client.heard) if message.get("method") == method]


async def test_progress_comes_under_the_clients_token_rising_and_before_the_answer(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call="progress", count=20)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        params = {"name": "shop_echo", "arguments": {}, "_meta": {"progressToken": "mine"}}
        id = await client.send("tools/call", params)
        await client.answer(id)
        told = [m["params"] for m in client.heard if m.get("method") == "notifications/progress"]
        assert [p["progress"] for p in told] == list(range(20))
        assert {p["progressToken"] for p in told} == {"mine"}
        assert "method" not in client.heard[-1]
        sent = json.loads(probe.calls()[0]["line"])
        assert isinstance(sent["params"]["_meta"]["progressToken"], int)


async def test_progress_nobody_asked_for_is_dropped(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call="progress", count=5)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        await client.call("shop_echo")
        await client.ask("ping")
        assert positions(client, "notifications/progress") == []


async def test_logs_arrive_in_order_before_the_answer_that_followed_them(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call="logs", count=30)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        id = await client.send("tools/call", {"name": "shop_echo"})
        await client.answer(id)
        assert [m["params"]["data"] for m in client.heard if m.get("method") == "notifications/message"] == [*range(30)]
        assert "method" not in client.heard[-1]


async def test_logs_of_a_shared_upstream_reach_only_who_asked_for_them(tmp_path: Path) -> None:
    probe = Probe(tmp_path, modern=True, call="logs", count=3)
    async with bench({"shop": entry(probe)}) as b, b.client("one") as one, b.client("two") as two:
        await one.result("tools/call", {"name": "shop_echo", "_meta": ENVELOPE})
        assert positions(one, "notifications/message") == []
        meta = {**ENVELOPE, "io.modelcontextprotocol/logLevel": "info"}
        await one.result("tools/call", {"name": "shop_echo", "_meta": meta})
        assert len(positions(one, "notifications/message")) == 3
        assert two.heard == []


async def test_questions_reach_a_client_that_offered_to_answer_them(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call="ask")
    capabilities: dict[str, Any] = {"sampling": {}, "elicitation": {}, "roots": {}}
    async with bench({"shop": entry(probe)}) as b, b.legacy(capabilities) as client:
        id = await client.send("tools/call", {"name": "shop_echo"})
        for method in ("sampling/createMessage", "elicitation/create", "roots/list"):
            question = await client.until(method)
            assert question["params"] == {"message": "?"}
            if method == "elicitation/create":
                error = {"code": -1, "message": "no", "data": 5}
                await client.send_line(json.dumps({"jsonrpc": "2.0", "id": question["id"], "error": error}).encode())
            else:
                result = {"asked": method, "x": 1}
                await client.send_line(json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": result}).encode())
        answers = (await client.answer(id))["result"]["structuredContent"]["answers"]
        assert answers == [
            {"result": {"asked": "sampling/createMessage", "x": 1}},
            {"error": {"code": -1, "message": "no", "data": 5}},
            {"result": {"asked": "roots/list", "x": 1}},
        ]


async def test_what_a_stopped_agent_answers_does_not_reach_the_server(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call="ask")
    async with bench({"shop": entry(probe)}) as b, b.legacy({"sampling": {}, "elicitation": {}, "roots": {}}) as client:
        await client.send("tools/call", {"name": "shop_echo"})
        question = await client.until("sampling/createMessage")
        await b.gate.governing.stop(Said("default", operator(), "It runs wild"), Session())
        said = {"jsonrpc": "2.0", "id": question["id"], "result": {"said": "pay him"}}
        await client.send_line(json.dumps(said).encode())
        await until(lambda: any('"id":"q3"' in entry["line"] for entry in probe.entries("")))
        assert not any("pay him" in entry["line"] for entry in probe.entries(""))
        assert client.methods() == ["sampling/createMessage"]


async def test_questions_a_client_did_not_offer_to_answer_are_refused_and_recorded(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call="ask")
    async with bench({"shop": entry(probe)}) as b, b.legacy({"roots": {}}) as client:
        id = await client.send("tools/call", {"name": "shop_echo"})
        question = await client.until("roots/list")
        await client.send_line(json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": []}}).encode())
        answers = (await client.answer(id))["result"]["structuredContent"]["answers"]
        assert [a.get("error", {}).get("code") for a in answers] == [-32601, -32601, None]
        noted = await b.records("security.question_refused")
        assert [r["data"]["method"] for r in noted] == ["sampling/createMessage", "elicitation/create"]


async def test_questions_that_are_still_looked_at_count_among_the_most_there_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forever(method: str, params: JsonObject) -> JsonObject:
        await asyncio.Event().wait()
        return params

    async with open_gate(tmp_path) as gate:
        monkeypatch.setattr(gate, "egress", forever)
        relay = Relay(gate, Owners(), "s-1", Client(Mock(spec=Front), {"sampling": {}}, "bot", ready=True))
        asked = [asyncio.create_task(relay.request("shop", "sampling/createMessage", {})) for _ in range(33)]
        done, waiting = await asyncio.wait(asked, timeout=0.05)
        assert [isinstance(task.exception(), RpcError) for task in done] == [True]
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


async def test_a_cancelled_call_is_cancelled_upstream_with_the_clients_reason_and_not_answered(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call="hang")
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        id = await client.send("tools/call", {"name": "shop_echo"})
        await until(lambda: len(probe.calls()) == 1)
        await client.notify("notifications/cancelled", {"requestId": id, "reason": "changed my mind"})
        await until(lambda: len(probe.entries("notifications/cancelled")) == 1)
        told = json.loads(probe.entries("notifications/cancelled")[0]["line"])["params"]
        assert told["reason"] == "changed my mind"
        assert told["requestId"] == json.loads(probe.calls()[0]["line"])["id"]
        await client.ask("ping")
        assert [m["id"] for m in client.heard if "id" in m].count(id) == 0


async def test_a_call_cancelled_while_it_is_held_never_reaches_the_upstream(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    rules = "version: v1\nrules: []\n"
    async with bench({"shop": entry(probe)}, rules) as b, b.legacy() as client:
        id = await client.send("tools/call", {"name": "shop_echo"})
        await until(lambda: b.gate.waiters._count)
        await client.notify("notifications/cancelled", {"requestId": str(id), "reason": "another id"})
        await client.notify("notifications/cancelled", {"requestId": id})
        await client.ask("ping")
        await until(lambda: not b.gate.waiters._count)
        assert probe.entries("notifications/cancelled") == []
        assert probe.calls() == []


async def test_S251_unknown_notifications_are_counted_and_not_forwarded(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}) as b:
        async with b.legacy() as client:
            for _ in range(500):
                await client.notify("notifications/evil", {"x": 1})
            assert "result" in await client.ask("ping")
        await until(lambda: b.gate.faces.clients == 0)
        assert {e["method"] for e in probe.entries()} <= {
            "start", "initialize", "server/discover", "notifications/initialized"
        }  # fmt: skip
        [noted] = await b.records("security.notifications_dropped")
        assert noted["data"]["count"] == 500


async def test_roots_that_changed_are_told_to_every_upstream(tmp_path: Path) -> None:
    a, c = Probe(tmp_path, "a"), Probe(tmp_path, "c")
    async with bench({"a": entry(a), "c": entry(c)}) as b, b.legacy({"roots": {"listChanged": True}}) as client:
        await client.notify("notifications/roots/list_changed")
        for probe in (a, c):
            await until(lambda p=probe: len(p.entries("notifications/roots/list_changed")) == 1)
