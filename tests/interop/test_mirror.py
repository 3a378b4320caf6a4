"""The mirror: every method against an upstream full of odd but legal JSON, once direct and once through the gate. What
the client hears, and what the upstream hears of the client, must be equal field for field."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.agents import ENVELOPE, MAPPED, Lines, bench

pytestmark = pytest.mark.anyio

SERVER = [sys.executable, "-I", str(Path(__file__).parents[1] / "support" / "odd.py")]
Tape = dict[str, Any]
"""By step: every message the client heard, in the order of the wire."""

TOKEN = "007"
META = {"progressToken": TOKEN, "com.example/trace": ["", None, 2**70], "": {"deep": [[[]]]}}
ARGUMENTS: dict[str, Any] = {
    "": "", "null": None, "empty": [], "none": {}, "big": 2**80 + 1, "least": -(2**63) - 1, "hundred": 1e2,
    "zero": -0.0, "tenth": 0.1, "one": 1.0, "true": True, "astral": "\U0001f600 \U00010348",
    "controls": "\x00\x1b[2J\u202e\x7f",    "\U0001f600 key": [[], {}, [None, {"": []}]], "approved": True,
}  # fmt: skip
deep: Any = []
for _ in range(28):
    deep = [deep]
ARGUMENTS["deep"] = deep


# ---- what is meant to differ, and nothing else

DIFFERENCES: dict[str, tuple[str, Callable[[str, Any], Any]]] = {}


def difference(why: str) -> Callable[[Callable[[str, Any], Any]], Callable[[str, Any], Any]]:
    """One line of the table: why the gate differs, and how a step's messages look without the difference."""

    def keep(levelled: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
        DIFFERENCES[levelled.__name__] = (why, levelled)
        return levelled

    return keep


@difference("The gate introduces itself, in its own words, and offers only what it passes on")
def hello(step: str, messages: Any) -> Any:
    if step not in ("initialize", "discover"):
        return messages
    result = messages[-1]["result"]
    offered = {k: v for k, v in result["capabilities"].items() if k not in ("experimental", "extensions")}
    common = {k: result[k] for k in ("protocolVersion", "supportedVersions") if k in result}
    return [{**messages[-1], "result": {**common, "capabilities": offered}}]


@difference("Cursors are the gate's own: they say which upstream goes on")
def cursors(step: str, messages: Any) -> Any:
    return everywhere(messages, "nextCursor", lambda _: "a cursor")


@difference("Icons that lead a client elsewhere, or are none, are left out")
def icons(step: str, messages: Any) -> Any:
    kept = everywhere(messages, "icons", lambda all: [i for i in all or [] if not i["src"].startswith("http:")])
    return dropped(kept, lambda name, value: name == "icons" and not value)


@difference("tools/list is one list of all upstreams' pages: what stood beside the tools of one page does not")
def tool_pages(step: str, messages: Any) -> Any:
    if not step.startswith("tools/list"):
        return messages
    return [tool for message in messages for tool in message["result"]["tools"]]


@difference("A definition with half a surrogate pair has no digest, so nobody can approve it: it is left out")
def half(step: str, messages: Any) -> Any:
    if not step.startswith("prompts/list"):
        return messages
    return everywhere(messages, "prompts", lambda all: [one for one in all if one["name"] != "half"])


@difference("A merged list's life and scope are the gate's: no longer than the shortest, private where anything is")
def scope(step: str, messages: Any) -> Any:
    return dropped(messages, lambda name, _: name in ("ttlMs", "cacheScope")) if "list" in step else messages


@difference("tasks/list is merged of all upstreams")
def task_list(step: str, messages: Any) -> Any:
    return [message["result"]["tasks"] for message in messages] if step == "tasks/list" else messages


@difference(
    "Progress tokens on the other side are the gate's own, for several upstreams share a client; lists bear none"
)
def tokens(step: str, messages: Any) -> Any:
    def without(params: Any) -> Any:
        meta = {k: v for k, v in params["_meta"].items() if k != "progressToken"} if params else {}
        return {**(params or {}), "_meta": meta}

    levelled = everywhere(messages, "x-received", without)
    return everywhere(levelled, "progressToken", lambda token: token if token == TOKEN else "a token")


@difference("Members that a request does not have are not judged, and therefore not sent")
def unknown_members(step: str, messages: Any) -> Any:
    return everywhere(messages, "x-received", lambda p: {k: v for k, v in p.items() if not k.startswith("x-")})


@difference("A request that goes on at the gate's cursor tells the upstream its own; which was checked there")
def received_of_pages(step: str, messages: Any) -> Any:
    return dropped(messages, lambda name, value: name == "x-received" and value == {"_meta": {}})


@difference("logging/setLevel and subscriptions/listen go to every upstream: the answer is the gate's")
def fanned_out(step: str, messages: Any) -> Any:
    if step == "logging/setLevel":
        return [{**messages[-1], "result": {}}]
    if step == "listen":
        return [{**messages[0], "params": {"notifications": messages[0]["params"]["notifications"]}}]
    return messages


def everywhere(value: Any, name: str, change: Callable[[Any], Any]) -> Any:
    """The value with every member of a name changed."""
    if isinstance(value, list):
        return [everywhere(one, name, change) for one in value]
    if isinstance(value, dict):
        return {k: change(v) if k == name else everywhere(v, name, change) for k, v in value.items()}
    return value


def dropped(value: Any, drop: Callable[[str, Any], bool]) -> Any:
    if isinstance(value, list):
        return [dropped(one, drop) for one in value]
    if isinstance(value, dict):
        return {k: dropped(v, drop) for k, v in value.items() if not drop(k, v)}
    return value


def compared(direct: Tape, gated: Tape) -> list[str]:
    """Steps that are not equal, with both sides as text. JSON text tells 1 from 1.0 and 0.0 from -0.0."""
    found = []
    assert list(direct) == list(gated)
    for step in direct:
        sides = []
        for messages in (direct[step], gated[step]):
            for _, level in DIFFERENCES.values():
                messages = level(step, messages)
            sides.append(json.dumps(messages, sort_keys=True))
        if sides[0] != sides[1]:
            at = next((i for i, (a, b) in enumerate(zip(*sides, strict=False)) if a != b), min(map(len, sides)))
            near = slice(max(at - 200, 0), at + 200)
            found.append(f"{step}\n  direct: {sides[0][near]}\n  gated:  {sides[1][near]}")
    return found


# ---- a client that keeps a tape


class Client:
    """Makes requests and answers questions, and keeps everything it hears."""

    def __init__(self, lines: Lines, *, modern: bool) -> None:
        self.lines = lines
        self.tape: Tape = {}
        self.envelope = ENVELOPE if modern else {}

    async def step(self, step: str, method: str, params: dict[str, Any], id: Any) -> dict[str, Any]:
        """One request; its step holds all that came up to its answer."""
        await self.send(method, params, id)
        return await self.hear(step, id)

    async def send(self, method: str, params: dict[str, Any], id: Any) -> None:
        params = {**params, "_meta": {**self.envelope, **META, **params.get("_meta", {})}, "x-odd": [None, 2**70]}
        await self.lines.send(method, params, id)

    async def hear(self, step: str, id: Any) -> dict[str, Any]:
        heard = self.tape.setdefault(step, [])
        while True:
            message = await self.lines.message()
            if "method" in message and "id" in message:
                await self.answer(message)
                message = {**message, "id": "a question"}
            heard.append(message)
            if "method" not in message and message["id"] == id and type(message["id"]) is type(id):
                return message

    async def answer(self, question: dict[str, Any]) -> None:
        token = question["params"]["_meta"]["progressToken"]
        progress = {"progressToken": token, "progress": 1e-9, "x-odd": ARGUMENTS}
        await self.lines.notify("notifications/progress", progress)
        answers: dict[str, dict[str, Any]] = {
            "sampling/createMessage": {"result": {"role": "", "content": [], "model": None, "x-odd": ARGUMENTS}},
            "elicitation/create": {"error": {"code": -1, "message": "", "data": ARGUMENTS, "x-odd": None}},
            "roots/list": {"result": {"roots": [], "_meta": {"": ARGUMENTS}}},
        }
        answer = {"jsonrpc": "2.0", "id": question["id"], **answers[question["method"]]}
        await self.lines.send_line(json.dumps(answer).encode())

    async def call(self, step: str, name: str, id: Any, **more: Any) -> dict[str, Any]:
        return await self.step(step, "tools/call", {"name": name, "arguments": ARGUMENTS, **more}, id)

    async def pages(self, method: str, id: str) -> None:
        """All pages of a list; each page is a step, those of tools/list are one."""
        cursor: dict[str, Any] = {}
        for number in range(3):
            step = method if method == "tools/list" else f"{method} {number}"
            answer = await self.step(step, method, cursor, f"{id}{number}")
            if "nextCursor" not in answer["result"]:
                return
            cursor = {"cursor": answer["result"]["nextCursor"]}
        raise AssertionError(f"{method} does not end")


@asynccontextmanager
async def direct() -> AsyncIterator[Lines]:
    process = await asyncio.create_subprocess_exec(
        *SERVER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=64 << 20
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Lines(process.stdout, process.stdin)
    finally:
        process.kill()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]


@asynccontextmanager
async def gated() -> AsyncIterator[Lines]:
    upstream = {"command": SERVER[0], "args": SERVER[1:], "prefix": "", **MAPPED}
    async with bench({"odd": upstream}) as b, b.client() as lines:
        yield lines


async def told(story: Callable[[Client], Any], *, modern: bool) -> list[str]:
    tapes = []
    for way in (direct, gated):
        async with way() as lines:
            client = Client(lines, modern=modern)
            await story(client)
            tapes.append(client.tape)
    return compared(*tapes)


# ---- the stories


async def both_eras(client: Client) -> None:
    """What is the same in the two protocols."""
    for number, method in enumerate(("tools/list", "resources/list", "resources/templates/list", "prompts/list")):
        await client.pages(method, f"0{number}")
    for number, uri in enumerate(("odd://r/1", "odd://t/%C3%BC/a/b?c=%2B", "odd://elsewhere")):
        await client.step(f"read {uri}", "resources/read", {"uri": uri}, f"1.{number}")
    prompt = {"name": "odd prompt \u00fc", "arguments": {"": "", "big": 2**80}}
    await client.step("prompts/get", "prompts/get", prompt, "1e2")
    argument = {"name": "", "value": "\U0001f600", "x-odd": None}
    for number, ref in enumerate(
        (
            {"type": "ref/prompt", "name": "plain", "title": None},
            {"type": "ref/resource", "uri": "odd://t/{id}/{+rest}"},
        )
    ):
        asked = {"ref": ref, "argument": argument, "context": {"arguments": {"": ""}}}
        await client.step(f"complete {ref['type']}", "completion/complete", asked, -number)
    ids = {"echo": 1, "bare": "", "fail": 2**53 + 1, "progress": "\u202e", "log": -5}
    for name, id in (("echo", "1"), *ids.items()):
        await client.call(f"{name} {id!r}", name, id)
    await client.send("tools/call", {"name": "slow", "arguments": {}}, "slow")
    slow = await client.lines.message()
    client.tape["slow"] = [slow]
    await client.lines.notify("notifications/cancelled", {"requestId": "slow", "reason": "\U0001f600 \x00", "x-odd": 1})
    await client.call("cancelled", "cancelled", "after")


async def handshake_era(client: Client) -> None:
    capabilities = {"sampling": {"": None}, "elicitation": {}, "roots": {"listChanged": True}, "x-odd": ARGUMENTS}
    hello = {"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": {"name": "", "version": ""}}
    await client.step("initialize", "initialize", hello, "")
    await client.lines.notify("notifications/initialized", {"_meta": {"": None}})
    await client.step("ping", "ping", {}, 0)
    await client.step("logging/setLevel", "logging/setLevel", {"level": "debug"}, 2**70)
    await both_eras(client)
    await client.step("subscribe", "resources/subscribe", {"uri": "odd://r/1"}, "s")
    await client.call("announce", "announce", "an")
    await client.step("unsubscribe", "resources/unsubscribe", {"uri": "odd://r/1"}, "u")
    await client.call("ask", "ask", "as")
    begun = await client.call("task", "task", "t", task={"ttl": None, "x-odd": ARGUMENTS})
    id = begun["result"]["task"]["taskId"]
    for method in ("tasks/get", "tasks/result", "tasks/list", "tasks/cancel"):
        await client.step(method, method, {} if method == "tasks/list" else {"taskId": id}, method)
    await client.step("unknown", "foo/bar", {}, "un")


async def stateless_era(client: Client) -> None:
    envelope = {**ENVELOPE, "io.modelcontextprotocol/logLevel": "debug"}
    capabilities = {"extensions": {"io.modelcontextprotocol/tasks": {}}, "sampling": {}, "elicitation": {}, "x-odd": {}}
    client.envelope = {**envelope, "io.modelcontextprotocol/clientCapabilities": capabilities}
    await client.step("discover", "server/discover", {}, "")
    await both_eras(client)
    wanted = dict.fromkeys(("toolsListChanged", "promptsListChanged", "resourcesListChanged"), True)
    notifications = {**wanted, "resourceSubscriptions": ["odd://r/1"]}
    await client.send("subscriptions/listen", {"notifications": notifications}, "li")
    client.tape["listen"] = [await client.lines.message()]
    await client.call("announce", "announce", "an")
    await client.lines.notify("notifications/cancelled", {"requestId": "li"})
    asked = await client.call("input", "input", "in")
    answers = {"": {"action": "", "x-odd": ARGUMENTS}}
    again = {"requestState": asked["result"]["requestState"], "inputResponses": answers}
    await client.call("input again", "input", "in2", **again)
    id = (await client.call("task", "task", "t"))["result"]["taskId"]
    for method in ("tasks/get", "tasks/update", "tasks/cancel"):
        more = {"inputResponses": {"": None}} if method == "tasks/update" else {}
        await client.step(method, method, {"taskId": id, **more}, method)


async def test_the_handshake_era_is_the_same_through_the_gate() -> None:
    differing = await told(handshake_era, modern=False)
    assert differing == [], "\n".join(differing)


async def test_the_stateless_era_is_the_same_through_the_gate() -> None:
    differing = await told(stateless_era, modern=True)
    assert differing == [], "\n".join(differing)


def test_the_comparison_sees_small_differences() -> None:
    for a, b in ((1, 1.0), (0.0, -0.0), (None, 0), ("1", 1), ([], {}), ("\ud800", "\ufffd"), (2**70, 2.0**70)):
        assert compared({"x": [{"result": {"a": a}}]}, {"x": [{"result": {"a": b}}]})
    assert compared({"x": [{"a": 1}]}, {"x": [{"a": 1, "b": None}]})
    assert compared({"x": [{"a": 1}]}, {"x": [{"a": 1}]}) == []
