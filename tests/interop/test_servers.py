"""Servers of other makers behind the gate: what they do alone, they do behind it."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.agents import ENVELOPE, MAPPED, Lines, bench
from support.gates import decide, pending
from support.peers import node, package, python_server

pytestmark = pytest.mark.anyio

WRITES = """\
version: v1
rules:
  - id: writes
    match: { topics: ["job.write_file", "job.git_commit"] }
    decision: require_approval
    reason: "Writes need a person"
  - { id: all, match: { topics: ["*"] }, decision: allow }
"""


def clock() -> dict[str, Any]:
    return {"command": python_server("mcp-server-time"), **MAPPED}


def git(repository: Path) -> dict[str, Any]:
    return {"command": python_server("mcp-server-git"), "args": ["--repository", str(repository)], **MAPPED}


def filesystem(folder: Path) -> dict[str, Any]:
    script = package("@modelcontextprotocol/server-filesystem/dist/index.js")
    return {"command": node(), "args": [str(script), str(folder)], **MAPPED}


def everything(**more: Any) -> dict[str, Any]:
    script = package("@modelcontextprotocol/server-everything/dist/index.js")
    return {"command": node(), "args": [str(script)], **MAPPED, **more}


def a_repository(at: Path) -> Path:
    at.mkdir()
    for command in (["init", "-q"], ["config", "user.name", "A"], ["config", "user.email", "a@example.com"]):
        subprocess.run(["git", "-C", str(at), *command], check=True)
    (at / "a.txt").write_text("one\n")
    return at


async def names(client: Lines, **params: Any) -> set[str]:
    return {tool["name"] for tool in (await client.result("tools/list", params))["tools"]}


def text(result: dict[str, Any]) -> str:
    found: str = result["content"][0]["text"]
    return found


async def test_four_servers_stand_side_by_side_under_their_prefixes(tmp_path: Path) -> None:
    upstreams = {
        "time": clock(), "git": git(a_repository(tmp_path / "repo")), "fs": filesystem(tmp_path), "all": everything()
    }  # fmt: skip
    async with bench(upstreams) as b, b.legacy() as client:
        listed = (await client.result("tools/list"))["tools"]
        counts = {prefix: sum(tool["name"].startswith(f"{prefix}_") for tool in listed) for prefix in upstreams}
        assert counts == {"time": 2, "git": 12, "fs": 14, "all": 13}
        assert len(listed) == sum(counts.values())
        assert all("outputSchema" in tool for tool in listed if tool["name"].startswith("fs_"))
        told = await client.call("time_get_current_time", {"timezone": "Asia/Tokyo"})
        assert "Asia/Tokyo" in json.dumps(told)
        assert text(await client.call("all_echo", {"message": "hello"})) == "Echo: hello"


async def test_the_time_server_answers_the_stateless_era(tmp_path: Path) -> None:
    async with bench({"time": clock()}) as b, b.client() as client:
        assert await names(client, _meta=ENVELOPE) == {"time_get_current_time", "time_convert_time"}
        arguments = {"timezone": "Asia/Tokyo"}
        params = {"name": "time_get_current_time", "arguments": arguments, "_meta": ENVELOPE}
        result = await client.result("tools/call", params)
        assert result["resultType"] == "complete"
        assert "+09:00" in json.dumps(result)


async def test_a_commit_waits_for_a_person_and_is_made_once(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "repo")
    path = {"repo_path": str(repository)}
    async with bench({"git": git(repository)}, WRITES) as b, b.legacy() as client:
        await client.call("git_git_add", {**path, "files": ["a.txt"]})
        id = await client.send("tools/call", {"name": "git_git_commit", "arguments": {**path, "message": "First"}})
        [request] = await pending(b.gate)
        assert "a.txt" in text(await client.call("git_git_status", path))
        log = ["git", "-C", str(repository), "log", "--format=%s"]
        assert (await asyncio.to_thread(subprocess.run, log, capture_output=True, text=True)).stdout == ""
        await decide(b.gate, request)
        assert "committed successfully" in text((await client.answer(id))["result"])
        assert (await asyncio.to_thread(subprocess.run, log, capture_output=True, text=True)).stdout == "First\n"


async def test_a_file_is_written_when_it_was_approved_and_not_when_it_was_denied(tmp_path: Path) -> None:
    async with bench({"fs": filesystem(tmp_path)}, WRITES) as b, b.legacy() as client:
        for name, word in (("yes", "approve"), ("no", "deny")):
            arguments = {"path": str(tmp_path / name), "content": "hi"}
            id = await client.send("tools/call", {"name": "fs_write_file", "arguments": arguments})
            [request] = await pending(b.gate)
            assert not (tmp_path / name).exists()
            await decide(b.gate, request, word)
            result = (await client.answer(id))["result"]
            assert ("Successfully wrote" in text(result)) == (word == "approve")
        assert (tmp_path / "yes").read_text() == "hi"
        assert not (tmp_path / "no").exists()
        listed = await client.call("fs_list_directory", {"path": str(tmp_path)})
        assert listed["structuredContent"] == {"content": text(listed)}
        refused = await client.call("fs_read_text_file", {"path": "/etc/passwd"})
        assert refused["isError"] is True
        assert text(refused).startswith("Access denied")


async def test_the_everything_servers_progress_structure_and_errors_arrive(tmp_path: Path) -> None:
    async with bench({"all": everything()}) as b, b.legacy() as client:
        structured = await client.call("all_get-structured-content", {"location": "Chicago"})
        assert json.loads(text(structured)) == structured["structuredContent"]
        long = {"duration": 0.4, "steps": 4}
        await client.call("all_trigger-long-running-operation", long, _meta={"progressToken": "p-1"})
        said = [message["params"] for message in client.heard if message.get("method") == "notifications/progress"]
        assert [(one["progress"], one["total"], one["progressToken"]) for one in said] == [
            (n, 4, "p-1") for n in (1, 2, 3, 4)
        ]
        refused = await client.call("all_get-sum", {"a": "x"})
        assert refused["isError"] is True
        linked = await client.call("all_get-resource-links", {"count": 2})
        assert [block["type"] for block in linked["content"]] == ["text", "resource_link", "resource_link"]
        image = await client.call("all_get-tiny-image")
        assert "image" in {block["type"] for block in image["content"]}


async def test_the_everything_servers_resources_prompts_and_completions_arrive(tmp_path: Path) -> None:
    async with bench({"all": everything()}) as b, b.legacy() as client:
        resources = (await client.result("resources/list"))["resources"]
        assert len(resources) == 7
        read = await client.result("resources/read", {"uri": resources[0]["uri"]})
        assert read["contents"][0]["uri"] == resources[0]["uri"]
        templates = (await client.result("resources/templates/list"))["resourceTemplates"]
        assert len(templates) == 2
        filled = await client.result("resources/read", {"uri": "demo://resource/dynamic/text/3"})
        assert "Resource 3" in filled["contents"][0]["text"]
        assert await client.result("resources/subscribe", {"uri": resources[0]["uri"]}) == {}
        prompts = [prompt["name"] for prompt in (await client.result("prompts/list"))["prompts"]]
        assert prompts == [
            f"all_{n}" for n in ("simple-prompt", "args-prompt", "completable-prompt", "resource-prompt")
        ]
        greeting = await client.result("prompts/get", {"name": "all_args-prompt", "arguments": {"city": "Bergen"}})
        assert "Bergen" in greeting["messages"][0]["content"]["text"]
        reference = {"type": "ref/prompt", "name": "all_completable-prompt"}
        asked = {"ref": reference, "argument": {"name": "department", "value": "E"}}
        assert (await client.result("completion/complete", asked))["completion"]["values"] == ["Engineering"]


async def test_the_everything_servers_tools_grow_with_what_the_client_can_do(tmp_path: Path) -> None:
    async with bench({"all": everything()}) as b, b.legacy() as plain:
        bare = await names(plain)
        capabilities = {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {}}
        async with b.legacy(capabilities, agent="able") as able:
            answering = asyncio.create_task(answer_questions(able))
            try:
                async with asyncio.timeout(15):
                    while len(more := await listed_aside(able)) <= len(bare) + 2:
                        await asyncio.sleep(0.05)
            finally:
                answering.cancel()
        assert more > bare
        assert {"all_trigger-sampling-request", "all_trigger-elicitation-request", "all_get-roots-list"} <= more - bare
        assert await names(plain) == bare


async def answer_questions(client: Lines) -> None:
    """Answer what the upstream asks; everything else is kept in `heard` by the reader."""
    while True:
        message = await client.message(60)
        if message.get("method") == "roots/list":
            result = {"roots": [{"uri": "file:///somewhere", "name": "somewhere"}]}
            await client.send_line(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode())


async def listed_aside(client: Lines) -> set[str]:
    """tools/list while `answer_questions` reads the wire."""
    id = await client.send("tools/list")
    while True:
        for message in client.heard:
            if "method" not in message and message.get("id") == id:
                return {tool["name"] for tool in message["result"]["tools"]}
        await asyncio.sleep(0.01)


async def test_a_question_of_the_everything_server_reaches_the_client_and_its_answer_the_server(tmp_path: Path) -> None:
    async with bench({"all": everything()}) as b, b.legacy({"sampling": {}}) as client:
        await client.until("notifications/tools/list_changed")
        id = await client.send(
            "tools/call", {"name": "all_trigger-sampling-request", "arguments": {"prompt": "Hello?", "maxTokens": 10}}
        )
        asked = await client.until("sampling/createMessage")
        assert "Hello?" in json.dumps(asked["params"])
        told = {"role": "assistant", "model": "m", "content": {"type": "text", "text": "a word from the model"}}
        await client.send_line(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": told}).encode())
        assert "a word from the model" in json.dumps((await client.answer(id))["result"])
