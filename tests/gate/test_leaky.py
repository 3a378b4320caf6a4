"""A server that tells somebody's data in all it says, in both eras: none of it reaches a client or the record."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.model.outcome import VERDICT_KEY
from support import leaky
from support.agents import MAPPED, TASKS, Lines, bench

pytestmark = pytest.mark.anyio

ALLOWED = "version: v1\nrules: [ { id: all, match: { topics: ['*'] }, decision: allow } ]\n"
PARTS = ("lovelace", "analytical", "4539 1488", "0343 6467", "AKIAQ3")
OFFERED: dict[str, Any] = {"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}, "tasks": {}}
COMPLETING = {"ref": {"type": "ref/prompt", "name": "shop_greet"}, "argument": {"name": "who", "value": ""}}
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("tools/list", {}),
    ("prompts/list", {}),
    ("resources/list", {}),
    ("resources/templates/list", {}),
    ("resources/read", {"uri": "crm://ok"}),
    ("resources/read", {"uri": "crm://bad"}),
    ("prompts/get", {"name": "shop_greet", "arguments": {}}),
    ("completion/complete", COMPLETING),
    *(("tools/call", {"name": f"shop_{name}", "arguments": {}}) for name in leaky.TOOLS if name != "task"),
]


async def answer(client: Lines, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request; what is asked meanwhile is answered."""
    id = await client.send(method, params)
    while True:
        message = await client.message()
        if message.get("id") == id and "method" not in message:
            return message
        if "id" in message and "method" in message:
            word: dict[str, Any] = {"roots": []} if message["method"] == "roots/list" else {"action": "decline"}
            await client.send_line(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": word}).encode())


def leaked(told: Any) -> list[str]:
    text = json.dumps(told, ensure_ascii=False)
    return [part for part in PARTS if part in text]


async def test_S190_S191_S192_S193_nothing_of_it_leaves_in_either_era() -> None:
    upstream = {"command": sys.executable, "args": [str(Path(leaky.__file__))], **MAPPED}
    async with bench({"shop": upstream}, ALLOWED) as b:
        async with b.client() as legacy:
            await legacy.initialize(OFFERED)
            for method, params in ASKED:
                found = await answer(legacy, method, {**params, "_meta": {"progressToken": "p"}})
                assert ("error" in found) == (params in ({"uri": "crm://bad"}, {"name": "shop_error", "arguments": {}}))
            await answer(legacy, "resources/subscribe", {"uri": "crm://ok"})
            await answer(legacy, "tools/call", {"name": "shop_task", "arguments": {}, "task": {"ttl": 1}})
            for method in ("tasks/get", "tasks/result", "tasks/list"):
                assert "result" in await answer(legacy, method, {"taskId": "t-1"})
            await legacy.until("notifications/resources/updated")
            assert {"elicitation/create", "sampling/createMessage", "roots/list"} <= set(legacy.methods())
            assert {"notifications/progress", "notifications/message"} <= set(legacy.methods())
            assert leaked(legacy.heard) == []
        async with b.client() as modern:
            meta = {**TASKS, "progressToken": "p", "io.modelcontextprotocol/logLevel": "debug"}
            for method, params in [("server/discover", {}), *ASKED]:
                found = await answer(modern, method, {**params, "_meta": meta})
                if params.get("name") == "shop_echo":
                    assert found["result"]["_meta"][VERDICT_KEY]["status"] == "redacted"
            await answer(modern, "tools/call", {"name": "shop_task", "arguments": {}, "_meta": meta})
            listening = {"notifications": {"resourceSubscriptions": ["crm://ok"], "taskIds": ["t-1"]}, "_meta": meta}
            await modern.send("subscriptions/listen", listening)
            await modern.until("notifications/tasks")
            await answer(modern, "tasks/get", {"taskId": "t-1", "_meta": meta})
            assert leaked(modern.heard) == []
        assert leaked(await b.records()) == []
