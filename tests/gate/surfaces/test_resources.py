"""Resources, prompts, completion and logging through the same gate as tools."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.upstream import report
from support.agents import MAPPED, bench, entry
from support.directories import ALLOW_ALL
from support.gates import decide, pending
from support.upstreams import Probe

pytestmark = pytest.mark.anyio

UNMAPPED: dict[str, Any] = {"tools": MAPPED["tools"]}
DENY = "version: v1\ndefault_decision: deny\nrules: []\n"
ONE_FILE = """\
version: v1
default_decision: deny
rules:
  - { id: one, match: { tools: ["file:///allowed/*"] }, decision: allow }
"""


async def test_a_mapped_resource_is_read_as_the_upstream_gives_it(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        listed = await client.result("resources/list")
        assert listed == {"resources": [{"uri": "probe://one", "name": "one"}]}
        read = await client.result("resources/read", {"uri": "probe://one"})
        assert read == {"contents": [{"uri": "probe://one", "text": "text of probe://one"}]}


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd", "file:///allowed/../etc/passwd", "file:///allowed/%2e%2e/x", "file:///allowed/%2E./x",
        "file:///allowed/%252e%252e/x", "file:///allowed/..", "file:///allowed/.%2e", "FILE:///allowed/x",
        "file:///allowed\\..\\x", "file:///allowed/%2fetc", "file:///allowed/x%00", "file:///allowed/\n", "/allowed/x",
        "file:///allowed/./x", "file:///Allowed/x", "file:///allowed/%61", "",
    ],
)  # fmt: skip
async def test_S248_a_uri_is_judged_in_one_form_and_sent_in_no_other(tmp_path: Path, uri: str) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}, ONE_FILE) as b, b.legacy() as client:
        assert (await client.error("resources/read", {"uri": uri}))["code"] in (-32602, -32003)
        assert probe.entries("resources/read") == []
        assert "contents" in await client.result("resources/read", {"uri": "file:///allowed/x"})


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("resources/read", {"uri": "probe://one"}),
        ("resources/subscribe", {"uri": "probe://one"}),
        ("prompts/get", {"name": "shop_greet"}),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": "shop_greet"}, "argument": {}}),
        ("completion/complete", {"ref": {"type": "ref/resource", "uri": "probe://{id}"}, "argument": {}}),
    ],
)
async def test_S249_what_the_admin_did_not_map_is_denied_or_held(
    tmp_path: Path, method: str, params: dict[str, Any]
) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe, UNMAPPED)}, DENY) as b, b.legacy() as client:
        refused = await client.error(method, params)
        assert refused["code"] == -32003
        assert refused["data"]["status"] == "denied"
        assert probe.entries(method) == []
    wait = "hold: { wait_sec: 1 }\n"
    async with bench({"shop": entry(probe, UNMAPPED)}, settings=wait) as b, b.legacy() as client:
        refused = await client.error(method, params)
        assert refused["data"]["status"] == "pending"
        assert "unmapped" in str(await b.records("call.decided"))
        assert probe.entries(method) == []


async def test_S249_what_would_be_denied_anyway_is_not_listed(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    rules = """\
version: v1
rules:
  - { id: no, match: { tools: ["probe://*", "greet"] }, decision: deny }
"""
    async with bench({"shop": entry(probe)}, rules) as b, b.legacy() as client:
        assert (await client.result("resources/list"))["resources"] == []
        assert (await client.result("resources/templates/list"))["resourceTemplates"] == []
        assert (await client.result("prompts/list"))["prompts"] == []


async def test_a_held_resource_is_read_after_a_persons_word(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe, UNMAPPED)}) as b, b.legacy() as client:
        id = await client.send("resources/read", {"uri": "probe://one"})
        [request] = await pending(b.gate)
        assert request.call.tool == "probe://one"
        assert probe.entries("resources/read") == []
        await decide(b.gate, request)
        assert "contents" in (await client.answer(id))["result"]


async def test_a_word_on_reading_a_resource_is_none_on_subscribing_to_it(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe, UNMAPPED)}) as b, b.legacy() as client:
        reading = await client.send("resources/read", {"uri": "probe://one"})
        [first] = await pending(b.gate)
        await client.send("resources/subscribe", {"uri": "probe://one"})
        assert len(await pending(b.gate, 2)) == 2
        await decide(b.gate, first)
        assert "contents" in (await client.answer(reading))["result"]
        assert probe.entries("resources/subscribe") == []


async def test_prompts_are_listed_with_the_prefix_and_got_under_their_own_name(tmp_path: Path) -> None:
    a, c = Probe(tmp_path, "a"), Probe(tmp_path, "c")
    async with bench({"a": entry(a), "c": entry(c)}) as b, b.legacy() as client:
        got = await client.result("prompts/get", {"name": "c_greet", "arguments": {"who": "you"}})
        assert json.loads(got["messages"][0]["content"]["text"]) == {"who": "you"}
        assert a.entries("prompts/get") == []
        assert [e["name"] for e in c.entries("prompts/get")] == ["greet"]
        listed = await client.result("prompts/list")
        assert [prompt["name"] for prompt in listed["prompts"]] == ["a_greet", "c_greet"]
        assert (await client.error("prompts/get", {"name": "greet"}))["code"] == -32602


SSN, MAIL = "536-22-1234", "ada.lovelace@analytical.org"


@pytest.mark.parametrize(("kind", "name"), [("prompts", "name"), ("resources", "uri")])
async def test_one_whose_words_may_not_leave_takes_no_other_from_the_list(tmp_path: Path, kind: str, name: str) -> None:
    items = [
        {"name": "good", "uri": "note://good", "description": f"of {MAIL}"},
        {"name": "bad", "uri": "note://bad", "description": f"such as {SSN}"},
        {"name": "fine", "uri": "note://fine"},
    ]
    review = "output_review:\n  rules:\n    - { id: q, entities: [US_SSN], decision: quarantine }\n"
    review += "    - { id: r, entities: [EMAIL_ADDRESS], decision: redact }\n"
    probe = Probe(tmp_path, **{kind: items})
    async with bench({"shop": entry(probe)}, f"version: v1\n{ALLOW_ALL}{review}") as b, b.legacy() as client:
        found = (await client.result(f"{kind}/list"))[kind]
        assert [one["name"].removeprefix("shop_") for one in found] == ["good", "fine"]
        assert found[0]["description"] == "of [REDACTED:EMAIL_ADDRESS#1]"
        (told,) = await b.records("security.description_withheld")
        assert told["data"] == {"of": kind, "count": 1}


async def test_a_prompt_whose_words_were_taken_out_of_the_list_is_got_after_a_persons_word(tmp_path: Path) -> None:
    probe = Probe(tmp_path, prompts=[{"name": "greet", "description": f"greets {MAIL}"}])
    async with bench({"shop": entry(probe, UNMAPPED)}) as b, b.legacy() as client:
        [shown] = (await client.result("prompts/list"))["prompts"]
        assert MAIL not in json.dumps(shown)
        id = await client.send("prompts/get", {"name": "shop_greet"})
        [request] = await pending(b.gate)
        await decide(b.gate, request)
        assert "messages" in (await client.answer(id))["result"]


async def test_S250_what_policy_removes_is_taken_out_of_resources_and_prompts_too(tmp_path: Path) -> None:
    script = tmp_path / "notes.py"
    script.write_text(NOTES)
    rules = """\
version: v1
rules: [ { id: all, match: { topics: ["*"] }, decision: allow } ]
output_review:
  rules: [ { id: hidden, fields: ["**.internal_notes"], action: remove, reason: "Internal" } ]
"""
    upstream = {"command": sys.executable, "args": [str(script)], **MAPPED}
    async with bench({"shop": upstream}, rules) as b, b.legacy() as client:
        for method, params in (
            ("resources/read", {"uri": "note://one"}),
            ("prompts/get", {"name": "shop_note"}),
            ("tools/call", {"name": "shop_note"}),
        ):
            result = await client.result(method, params)
            assert "pays late" not in json.dumps(result)
            assert "Ada" in json.dumps(result)


async def test_S250_a_prompt_that_changed_while_it_was_held_is_not_got(tmp_path: Path) -> None:
    script = tmp_path / "notes.py"
    script.write_text(NOTES)
    upstream = {"command": sys.executable, "args": [str(script)], "tools": MAPPED["tools"]}
    async with bench({"shop": upstream}) as b, b.legacy() as client:
        id = await client.send("prompts/get", {"name": "shop_note"})
        [request] = await pending(b.gate)
        await client.call("shop_rename")
        await decide(b.gate, request)
        refused = (await client.answer(id))["error"]
        assert (refused["code"], refused["data"]["rule_id"]) == (-32003, "tool_changed")


async def test_S250_a_prompt_whose_definition_changed_is_withheld_until_somebody_accepts_it(tmp_path: Path) -> None:
    script = tmp_path / "notes.py"
    script.write_text(NOTES)
    upstream = {"command": sys.executable, "args": [str(script)], **MAPPED}
    async with bench({"shop": upstream}) as b, b.legacy() as client:
        assert [p["name"] for p in (await client.result("prompts/list"))["prompts"]] == ["shop_note"]
        await client.call("shop_rename")
        assert (await client.result("prompts/list"))["prompts"] == []
        assert (await client.error("prompts/get", {"name": "shop_note"}))["code"] == -32602
        shown = [one for one in await report.tools(b.gate, "shop") if one.get("kind") == "prompt"]
        assert [(one["listed_name"], one["pin"]) for one in shown] == [("shop_note", "changed")]
        digests = {"note": shown[0]["tool_hash"]}
        assert await report.pin(b.gate, "shop", {"prompts": digests}) == {"pinned": ["note"]}
        assert "messages" in await client.result("prompts/get", {"name": "shop_note"})


NOTES = """
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.prompts import Prompt
from mcp.types import EmbeddedResource, TextResourceContents
server = MCPServer("notes", log_level="ERROR")
TEXT = '{"name": "Ada", "internal_notes": "pays late"}'
@server.resource("note://one")
def one() -> str:
    return TEXT
@server.prompt(name="note")
def prompt() -> str:
    return TEXT
@server.tool()
def note() -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri="note://one", text=TEXT))
@server.tool()
def rename() -> str:
    server._prompt_manager._prompts["note"] = Prompt.from_function(prompt, name="note", description="other")
    return "done"
server.run("stdio")
"""


async def test_the_earlier_upstream_answers_for_a_uri_of_both(tmp_path: Path) -> None:
    a, c = Probe(tmp_path, "a"), Probe(tmp_path, "c")
    async with bench({"a": entry(a), "c": entry(c)}) as b, b.legacy() as client:
        await client.result("resources/read", {"uri": "probe://one"})
        assert len(a.entries("resources/read")) == 1
        assert c.entries("resources/read") == []
        assert (await client.error("resources/read", {"uri": "other://one"}))["code"] == -32602


async def test_completion_goes_where_the_prompt_is(tmp_path: Path) -> None:
    a, c = Probe(tmp_path, "a"), Probe(tmp_path, "c")
    async with bench({"a": entry(a), "c": entry(c)}) as b, b.legacy() as client:
        argument = {"name": "who", "value": "y"}
        params = {"ref": {"type": "ref/prompt", "name": "c_greet"}, "argument": argument}
        assert (await client.result("completion/complete", params))["completion"]["values"] == ["one", "two"]
        sent = json.loads(c.entries("completion/complete")[0]["line"])["params"]
        assert sent == {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": argument}
        for ref in (
            {"type": "ref/prompt", "name": "x"},
            {"type": "ref/other"},
            {"type": "ref/resource", "uri": "x://y"},
        ):
            assert (await client.error("completion/complete", {"ref": ref, "argument": argument}))["code"] == -32602


async def test_S251_the_log_level_goes_to_every_upstream_and_ping_to_none(tmp_path: Path) -> None:
    a, c = Probe(tmp_path, "a"), Probe(tmp_path, "c")
    async with bench({"a": entry(a), "c": entry(c)}) as b, b.legacy() as client:
        assert await client.result("logging/setLevel", {"level": "warning"}) == {}
        assert (await client.error("logging/setLevel", {"level": "loud"}))["code"] == -32602
        assert await client.result("ping") == {}
        for probe in (a, c):
            assert len(probe.entries("logging/setLevel")) == 1
            assert probe.entries("ping") == []


async def test_a_subscription_is_taken_back_at_its_upstream(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        assert await client.result("resources/subscribe", {"uri": "probe://one"}) == {}
        assert await client.result("resources/unsubscribe", {"uri": "probe://one"}) == {}
        assert [e["name"] for e in probe.entries("resources/subscribe")] == ["probe://one"]
        assert [e["name"] for e in probe.entries("resources/unsubscribe")] == ["probe://one"]
