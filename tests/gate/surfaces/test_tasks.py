"""Task handles: the gate's own for held calls, and those that upstreams give out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate import hold
from support.agents import ENVELOPE, TASKS, bench, entry
from support.gates import decide, pending
from support.upstreams import Probe

pytestmark = pytest.mark.anyio

HELD = "version: v1\nrules: [ { id: held, match: { topics: ['*'] }, decision: require_approval } ]\n"
QUICK = "hold: { wait_sec: 1 }\n"
CALL: dict[str, Any] = {"name": "shop_deploy", "arguments": {"env": "prod"}, "_meta": TASKS}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "TASK_WAIT_SEC", 0.1)


def look(task_id: Any) -> dict[str, Any]:
    return {"taskId": task_id, "_meta": TASKS}


async def test_a_held_call_is_a_task_that_completes_once_and_is_told_as_often_as_asked(tmp_path: Path) -> None:
    probe = Probe(tmp_path, modern=True)
    async with bench({"shop": entry(probe)}, HELD) as b, b.client() as client:
        handle = await client.result("tools/call", CALL)
        [request] = await pending(b.gate)
        assert handle["resultType"] == "task"
        assert (handle["taskId"], handle["status"]) == (request.id, "working")
        assert {"createdAt", "lastUpdatedAt", "ttlMs"} <= set(handle)
        assert handle["pollIntervalMs"] == 5000
        seen = await client.result("tasks/get", look(request.id))
        assert (seen["status"], seen["createdAt"]) == ("working", handle["createdAt"])
        await decide(b.gate, request)
        assert probe.calls() == []
        done = await client.result("tasks/get", look(request.id))
        assert done["status"] == "completed"
        assert done["result"]["structuredContent"]["arguments"] == {"env": "prod"}
        assert await client.result("tasks/get", look(request.id)) == done
        assert len(probe.calls()) == 1


async def test_a_client_that_did_not_declare_tasks_gets_none(tmp_path: Path) -> None:
    probe = Probe(tmp_path, modern=True)
    async with bench({"shop": entry(probe)}, HELD, QUICK) as b, b.client() as client:
        result = await client.result("tools/call", {**CALL, "_meta": ENVELOPE})
        assert result["resultType"] == "input_required"


async def test_a_rejected_call_completes_with_what_the_agent_is_told(tmp_path: Path) -> None:
    probe = Probe(tmp_path, modern=True)
    async with bench({"shop": entry(probe)}, HELD) as b, b.client() as client:
        handle = await client.result("tools/call", CALL)
        [request] = await pending(b.gate)
        await decide(b.gate, request, "deny", "not today")
        for _ in range(2):
            done = await client.result("tasks/get", look(handle["taskId"]))
            assert done["status"] == "completed"
            assert done["result"]["isError"] is True
            assert done["result"]["_meta"]["dev.mcp-gate/verdict"]["status"] == "rejected"
        assert probe.calls() == []


async def test_a_cancelled_task_never_runs(tmp_path: Path) -> None:
    probe = Probe(tmp_path, modern=True)
    async with bench({"shop": entry(probe)}, HELD) as b, b.client() as client:
        handle = await client.result("tools/call", CALL)
        assert await client.result("tasks/update", look(handle["taskId"])) == {"resultType": "complete"}
        assert await client.result("tasks/cancel", look(handle["taskId"])) == {"resultType": "complete"}
        assert (await client.result("tasks/get", look(handle["taskId"])))["status"] == "cancelled"
        assert await b.gate.store.requests.unsettled() == []
        assert probe.calls() == []


async def test_another_agents_task_is_as_unknown_as_one_that_never_was(tmp_path: Path) -> None:
    probe = Probe(tmp_path, modern=True)
    async with bench({"shop": entry(probe)}, HELD) as b, b.client("one") as one, b.client("two") as two:
        handle = await one.result("tools/call", CALL)
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            foreign = await two.error(method, look(handle["taskId"]))
            assert foreign == await two.error(method, look("R-AAAAAAAAAAAAAAAA"))
            assert foreign["code"] == -32602
        assert len(await b.gate.store.requests.unsettled()) == 1


async def test_a_task_of_an_upstream_is_known_to_its_client_alone(tmp_path: Path) -> None:
    task = {"resultType": "task", "taskId": "t1", "status": "working"}
    probe = Probe(tmp_path, modern=True, result=task)
    async with bench({"shop": entry(probe)}) as b, b.client("one") as one, b.client("two") as two:
        assert await one.result("tools/call", CALL) == task
        assert (await one.error("tasks/get", look("t1")))["code"] == -32601  # the probe's own answer
        assert [e["line"].count('"taskId":"t1"') for e in probe.entries("tasks/get")] == [1]
        assert (await two.error("tasks/get", look("t1")))["code"] == -32602
        assert len(probe.entries("tasks/get")) == 1
        assert (await one.error("tools/call", {**CALL, "_meta": ENVELOPE}))["code"] == -32603


async def test_two_upstreams_may_use_the_same_id(tmp_path: Path) -> None:
    result = {"resultType": "task", "taskId": "t1", "status": "working"}
    a, c = Probe(tmp_path, "a", modern=True, result=result), Probe(tmp_path, "c", modern=True, result=result)
    async with bench({"a": entry(a), "c": entry(c)}) as b, b.client() as client:
        first = await client.result("tools/call", {"name": "a_echo", "_meta": TASKS})
        second = await client.result("tools/call", {"name": "c_echo", "_meta": TASKS})
        assert first["taskId"] == "t1"
        assert second["taskId"] != "t1"
        await client.ask("tasks/get", look(second["taskId"]))
        assert a.entries("tasks/get") == []
        assert '"taskId":"t1"' in c.entries("tasks/get")[0]["line"]


async def test_a_task_of_the_handshake_era_belongs_to_its_connection(tmp_path: Path) -> None:
    probe = Probe(tmp_path, result={"task": {"taskId": "t1", "status": "working"}})
    async with bench({"shop": entry(probe)}) as b, b.legacy() as one, b.legacy() as two:
        result = await one.call("shop_echo", {}, task={"ttl": 1000})
        assert result["task"]["taskId"] == "t1"
        assert '"task":{"ttl":1000}' in probe.calls()[0]["line"]
        for method in ("tasks/get", "tasks/result", "tasks/cancel"):
            assert (await one.error(method, {"taskId": "t1"}))["code"] == -32601
            assert (await two.error(method, {"taskId": "t1"}))["code"] == -32602
        assert (await two.result("tasks/list")) == {"tasks": []}
