"""subscriptions/listen: one stream for the client, one of the gate's own at every upstream."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from support.agents import ENVELOPE, MAPPED, Lines, bench, entry
from support.upstreams import Probe

pytestmark = pytest.mark.anyio

KEY = "io.modelcontextprotocol/subscriptionId"
SERVER = """
from mcp.server.mcpserver import Context, MCPServer
server = MCPServer("notes", log_level="ERROR")
@server.resource("note://{id}")
def note(id: str) -> str:
    return "text"
@server.tool()
async def change(ctx: Context) -> str:
    await ctx.notify_tools_changed()
    await ctx.notify_prompts_changed()
    await ctx.notify_resource_updated("note://one")
    await ctx.notify_resource_updated("note://two")
    return "done"
server.run("stdio")
"""


def notes(tmp_path: Path, **more: Any) -> dict[str, Any]:
    script = tmp_path / "notes.py"
    script.write_text(SERVER)
    return {"command": sys.executable, "args": [str(script)], **MAPPED, **more}


def told(client: Lines) -> list[tuple[str, Any]]:
    """What came over streams: method and subscription id."""
    return [(m["method"], m["params"]["_meta"][KEY]) for m in client.heard if "method" in m]


async def test_a_client_hears_what_it_listens_for_under_its_own_id(tmp_path: Path) -> None:
    async with bench({"notes": notes(tmp_path)}) as b, b.client() as client:
        wanted = {"toolsListChanged": True, "resourceSubscriptions": ["note://one"]}
        params = {"notifications": wanted, "_meta": ENVELOPE}
        await client.send("subscriptions/listen", params, id="L1")
        acknowledged = await client.until("notifications/subscriptions/acknowledged")
        assert acknowledged["params"]["notifications"] == wanted
        await client.result("tools/call", {"name": "notes_change", "_meta": ENVELOPE})
        await client.until("notifications/tools/list_changed")
        updated = await client.until("notifications/resources/updated")
        assert updated["params"]["uri"] == "note://one"
        await client.result("tools/list", {"_meta": ENVELOPE})
        assert set(told(client)) == {
            ("notifications/subscriptions/acknowledged", "L1"),
            ("notifications/tools/list_changed", "L1"),
            ("notifications/resources/updated", "L1"),
        }
        assert [m["params"]["uri"] for m in client.heard if m.get("method") == "notifications/resources/updated"] == [
            "note://one"
        ]


TELLS = """
import json, sys
ANSWERS = {
    "initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}, "resources": {"subscribe": True}},
                   "serverInfo": {"name": "tells", "version": "1"}},
    "tools/list": {"tools": [{"name": "tell", "inputSchema": {"type": "object"}}]},
    "resources/list": {"resources": [{"uri": "note://one", "name": "one"}]},
    "tools/call": {"content": []},
}
for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "tools/call":
        told = {"method": "notifications/resources/updated", "params": {"uri": "note://one"}}
        print(json.dumps({"jsonrpc": "2.0", **told}), flush=True)
    if "id" in message:
        known = ANSWERS.get(message["method"])
        said = {"error": {"code": -32601, "message": "no"}} if known is None else {"result": known}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **said}), flush=True)
"""


async def test_a_subscription_that_is_refused_opens_no_way_for_what_a_server_says_of_resources(tmp_path: Path) -> None:
    rules = """\
version: v1
rules:
  - { id: none, match: { tools: ["note://*"] }, decision: deny }
  - { id: all, match: { topics: ["*"] }, decision: allow }
"""
    script = tmp_path / "tells.py"
    script.write_text(TELLS)
    upstream = {"command": sys.executable, "args": [str(script)], **MAPPED}
    async with bench({"notes": upstream}, rules) as b, b.legacy() as client:
        assert (await client.error("resources/subscribe", {"uri": "note://one"}))["data"]["status"] == "denied"
        await client.result("tools/call", {"name": "notes_tell"})
        assert [m["method"] for m in client.heard if "method" in m] == []


async def test_a_stream_ends_when_the_client_cancels_it(tmp_path: Path) -> None:
    async with bench({"notes": notes(tmp_path)}) as b, b.client() as client:
        params = {"notifications": {"toolsListChanged": True}, "_meta": ENVELOPE}
        await client.send("subscriptions/listen", params, id=9)
        await client.until("notifications/subscriptions/acknowledged")
        await client.notify("notifications/cancelled", {"requestId": 9})
        await client.result("tools/call", {"name": "notes_change", "_meta": ENVELOPE})
        await client.result("tools/list", {"_meta": ENVELOPE})
        assert [method for method, _ in told(client)] == ["notifications/subscriptions/acknowledged"]
        assert all(m.get("id") != 9 for m in client.heard)


async def test_a_resource_that_policy_denies_is_not_listened_for(tmp_path: Path) -> None:
    rules = """\
version: v1
rules:
  - { id: no, match: { tools: ["note://two"] }, decision: deny }
  - { id: all, match: { topics: ["*"] }, decision: allow }
"""
    async with bench({"notes": notes(tmp_path)}, rules) as b, b.client() as client:
        uris = ["note://one", "note://two", "note://a/../b"]
        params = {"notifications": {"resourceSubscriptions": uris}, "_meta": ENVELOPE}
        await client.send("subscriptions/listen", params)
        acknowledged = await client.until("notifications/subscriptions/acknowledged")
        assert acknowledged["params"]["notifications"] == {"resourceSubscriptions": ["note://one"]}


async def test_a_reload_is_told_on_the_stream(tmp_path: Path) -> None:
    probe = Probe(tmp_path, modern=True)
    async with bench({"shop": entry(probe)}) as b, b.client() as client:
        params = {"notifications": {"toolsListChanged": True, "promptsListChanged": True}, "_meta": ENVELOPE}
        await client.send("subscriptions/listen", params)
        await client.until("notifications/subscriptions/acknowledged")
        b.gate.hub.publish({"event": "policy.loaded"})
        await client.until("notifications/tools/list_changed")
        await client.until("notifications/prompts/list_changed")


@pytest.mark.parametrize("wanted", [{"resourceSubscriptions": "x"}, {"resourceSubscriptions": [1]}, [1], "x"])
async def test_a_malformed_wish_is_refused(tmp_path: Path, wanted: Any) -> None:
    probe = Probe(tmp_path, modern=True)
    async with bench({"shop": entry(probe)}) as b, b.client() as client:
        refused = await client.error("subscriptions/listen", {"notifications": wanted, "_meta": ENVELOPE})
        assert refused["code"] == -32602
