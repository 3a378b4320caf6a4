"""An MCP server on standard streams that speaks both eras and answers everything with odd but legal JSON: unknown
members everywhere, nulls, empty things, integers of any size, floats in every spelling, half surrogate pairs, deep
nesting. Every answer to a client's request shows under `x-received` the params that came. Run as a file.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

HERE = '"@@odd@@"'
WHOLE = '"@@whole@@"'
ODD = (
    '{"":"","null":null,"empty":[],"none":{},"big":36893488147419103232123,"small":-9223372036854775809,'
    '"hundred":1e2,"zero":-0.0,"tenth":0.1,"least":5e-324,"one":1.0,"yes":true,'
    '"astral":"\\ud83d\\ude00 \U00010348","controls":"\\u0000\\u001b[2J\\u202e\\u007f","half":"a\\ud800b",'
    '"\\ud83d\\ude00 key":[[],{},[null,{"":[]}]],"deep":' + "[" * 100 + "1e-7" + "]" * 100 + "}"
)
"""As it stands on the wire; a placeholder in a message is replaced by it. For definitions without half a pair."""
ITEM: dict[str, Any] = {"x-odd": "@@odd@@", "_meta": {"com.example/odd": "@@odd@@", "": None}}
DEFINED: dict[str, Any] = {"x-odd": "@@whole@@", "_meta": {"com.example/odd": "@@whole@@", "": None}}
CURSOR = 'a "long" cursor \U0001f600 \u0000 ' + "c" * 3000
ICONS = [
    {"src": "https://example.com/i.png", "x-odd": "@@whole@@"},
    {"src": "http://127.0.0.1/i.png"},
    {"src": "data:image/png;base64,AAAA", "sizes": []},
]
TASK = {"taskId": "task 1/\u00fc", "status": "working", "createdAt": "2026-01-01T00:00:00Z", "ttl": None, **ITEM}
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
RELATED = "io.modelcontextprotocol/related-task"


def tool(name: str, **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"": {}, "a": {"x-odd": "@@whole@@"}}, "x-odd": None}
    return {"name": name, "title": "", "description": "", "inputSchema": schema, "icons": ICONS, **DEFINED, **more}


TOOLS = [
    tool(name) for name in ("echo", "fail", "progress", "log", "announce", "ask", "slow", "cancelled", "task", "input")
] + [tool("bare", title=None, annotations=None, outputSchema={"type": "object", "$defs": {}}, icons=None)]
RESOURCES = [
    {"uri": f"odd://r/{n}", "name": "", "icons": ICONS, "size": 2**70, "mimeType": None, **ITEM} for n in range(3)
]
TEMPLATES = [{"uriTemplate": "odd://t/{id}/{+rest}", "name": "\u202e", "annotations": {"priority": 1e-9}, **ITEM}]
PROMPTS = [
    {"name": "odd prompt \u00fc", "description": None, "arguments": [{"name": "", "x": None}], **DEFINED},
    {"name": "plain", "arguments": [], "icons": [], **DEFINED},
    {"name": "half", "description": "@@odd@@"},
]
CONTENT = [
    {"type": "hologram", "payload": "@@odd@@", "": 10**400},
    {"type": "text", "text": "", "annotations": None, **ITEM},
    {"type": "resource_link", "uri": "odd://r/1", "name": None},
]


class Odd:
    """One connection."""

    def __init__(self) -> None:
        self.modern = False
        self.cancelled: list[Any] = []
        self.asked = 0
        self.streams: list[tuple[Any, dict[str, Any]]] = []

    def send(self, message: dict[str, Any]) -> None:
        line = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":"))
        line = line.replace(HERE, ODD).replace(WHOLE, ODD.replace("\\ud800", ""))
        data = memoryview(line.encode() + b"\n")
        while data:
            data = data[os.write(1, data) :]

    def notify(self, method: str, params: dict[str, Any] | None = None) -> None:
        self.send({"method": f"notifications/{method}", **({} if params is None else {"params": params})})

    def result(self, id: Any, **result: Any) -> None:
        kind = {"resultType": "complete"} if self.modern and "resultType" not in result else {}
        self.send({"id": id, "result": {**ITEM, **kind, **result}})

    def serve(self) -> None:
        for line in sys.stdin.buffer:
            self.receive(json.loads(line))

    def receive(self, message: dict[str, Any]) -> None:
        params = message.get("params") or {}
        match message.get("method"):
            case None:
                return
            case "notifications/cancelled":
                self.cancelled.append(params)
                self.streams = [one for one in self.streams if one[0] != params.get("requestId")]
            case str(method) if "id" in message:
                self.request(message["id"], method, params)

    def request(self, id: Any, method: str, params: dict[str, Any]) -> None:
        capabilities = {
            "tools": {"listChanged": True}, "resources": {"subscribe": True, "listChanged": True},
            "prompts": {"listChanged": True}, "completions": {}, "logging": {},
        }  # fmt: skip
        info = {"name": "odd", "version": "", **ITEM}
        match method:
            case "initialize":
                tasks = {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}}
                more = {"capabilities": {**capabilities, "tasks": tasks, "experimental": {"x": {}}}, "serverInfo": info}
                self.result(id, protocolVersion=params["protocolVersion"], instructions="", **more)
            case "server/discover":
                self.modern = True
                more = {"capabilities": {**capabilities, "extensions": {"io.modelcontextprotocol/tasks": {}}}}
                self.result(id, supportedVersions=["2026-07-28"], ttlMs=0, cacheScope="private", **more)
            case "ping":
                self.send({"id": id, "result": {}})
            case "tools/call":
                self.call(id, params)
            case "resources/subscribe" | "resources/unsubscribe" | "logging/setLevel":
                self.result(id, **{"x-received": params})
            case "subscriptions/listen":
                self.streams.append((id, params))
                self.notify("subscriptions/acknowledged", {"notifications": params["notifications"], **self.stamp(id)})
            case _ if method.endswith("list"):
                self.list(id, method, params)
            case _ if method.startswith("tasks/"):
                self.task(id, method, params)
            case _:
                self.plain(id, method, params)

    def stamp(self, id: Any) -> dict[str, Any]:
        return {"_meta": {SUBSCRIPTION: id, "com.example/odd": "@@odd@@"}}

    def list(self, id: Any, method: str, params: dict[str, Any]) -> None:
        scope = {"ttlMs": 5, "cacheScope": "private"} if self.modern else {}
        found: dict[str, list[Any]] = {
            "tools/list": ["tools", TOOLS], "resources/list": ["resources", RESOURCES],
            "resources/templates/list": ["resourceTemplates", TEMPLATES], "prompts/list": ["prompts", PROMPTS],
            "tasks/list": ["tasks", [TASK]],
        }  # fmt: skip
        member, items = found[method]
        seen = {} if method in ("tools/list", "tasks/list") else {"x-received": params}
        if method == "tasks/list" or len(items) == 1:
            self.result(id, **{member: items, **seen, **scope})
        elif params.get("cursor") is None:
            self.result(id, **{member: items[:1], "nextCursor": CURSOR, **seen, **scope})
        else:
            assert params["cursor"] == CURSOR
            self.result(id, **{member: items[1:], **{**seen, "x-received": None}, **scope})

    def plain(self, id: Any, method: str, params: dict[str, Any]) -> None:
        scope = {"ttlMs": 5, "cacheScope": "private"} if self.modern and method == "resources/read" else {}
        results: dict[str, dict[str, Any]] = {
            "resources/read": {"contents": [{"uri": "odd://r/1", "blob": "", "mimeType": "", **ITEM}, {"uri": ""}]},
            "prompts/get": {"description": None, "messages": [{"role": "user", "content": one} for one in CONTENT]},
            "completion/complete": {"completion": {"values": [""], "total": 2**65, "hasMore": None, **ITEM}},
        }
        if method in results:
            self.result(id, **{"x-received": params, **scope, **results[method]})
        else:
            self.send({"id": id, "error": {"code": -32601, "message": "Method not found"}})

    # ---- calls

    def call(self, id: Any, params: dict[str, Any]) -> None:
        meta = params.get("_meta") or {}
        token = meta.get("progressToken")
        answer: dict[str, Any] = {"content": CONTENT, "structuredContent": [None, "@@odd@@"], "x-received": params}
        match params["name"]:
            case "fail":
                error = {"code": -(2**40), "message": "", "data": [None, "@@odd@@"], "x-odd": "@@odd@@"}
                return self.send({"id": id, "error": error})
            case "progress":
                for value in (-1, 0.1, 100.0, 2**70):
                    said = {"progressToken": token, "progress": value, "total": None, "message": "", **ITEM}
                    self.notify("progress", said)
            case "log":
                for level in ("debug", "emergency"):
                    self.notify("message", {"level": level, "logger": "", "data": [None, "@@odd@@"], **ITEM})
            case "announce":
                self.announce()
            case "ask":
                answer["structuredContent"] = self.ask()
            case "slow":
                return self.notify("progress", {"progressToken": token, "progress": 1})
            case "cancelled":
                answer["structuredContent"] = [one.get("reason") for one in self.cancelled]
            case "task" if self.modern:
                answer = {**TASK, "resultType": "task", "ttlMs": None}
            case "task":
                return self.result(id, task=TASK, **{"x-received": params})
            case "input" if "inputResponses" not in params:
                asked = {"": {"method": "elicitation/create", "params": {"message": "", "x-odd": "@@odd@@"}}}
                return self.result(id, resultType="input_required", inputRequests=asked, requestState=CURSOR)
        return self.result(id, **answer)

    def announce(self) -> None:
        """Everything that is told without being asked."""
        for kind in ("tools", "resources", "prompts"):
            self.tell(f"{kind}/list_changed", {**ITEM})
        self.tell("resources/updated", {"uri": "odd://r/1", "title": None, **ITEM})

    def tell(self, method: str, params: dict[str, Any]) -> None:
        if not self.modern:
            return self.notify(method, params)
        updated = method == "resources/updated"
        flag = "resourceSubscriptions" if updated else method.split("/")[0] + "ListChanged"
        for id, asked in self.streams:
            if asked["notifications"].get(flag):
                meta = {**params["_meta"], SUBSCRIPTION: id}
                self.notify(method, {**params, "_meta": meta})
        return None

    def ask(self) -> list[Any]:
        """Put three questions to the client, one after the other; what it says of them is the answer."""
        heard: list[Any] = []
        for method in ("sampling/createMessage", "elicitation/create", "roots/list"):
            self.asked += 1
            id = f"q{self.asked}"
            meta = {"progressToken": f"mine {id}", "com.example/odd": "@@odd@@"}
            self.send({"id": id, "method": method, "params": {"messages": [], "x-odd": "@@odd@@", "_meta": meta}})
            for line in sys.stdin.buffer:
                message = json.loads(line)
                if message.get("method") == "notifications/progress":
                    heard.append(message["params"])
                elif message.get("id") == id and "method" not in message:
                    heard.append({k: v for k, v in message.items() if k in ("result", "error")})
                    break
        return heard

    # ---- tasks

    def task(self, id: Any, method: str, params: dict[str, Any]) -> None:
        mine = {**params, "taskId": params["taskId"] == TASK["taskId"]}
        match method:
            case "tasks/result":
                related = {**ITEM["_meta"], RELATED: {"taskId": TASK["taskId"]}}
                self.result(id, content=CONTENT, _meta=related, **{"x-received": mine})
            case "tasks/get" if self.modern:
                self.result(id, **{**TASK, "status": "completed", "result": {"content": CONTENT}, "x-received": mine})
            case "tasks/update":
                self.result(id, **{"x-received": mine})
            case _:
                if method == "tasks/get":
                    self.notify("tasks/status", TASK)
                self.result(id, **{**TASK, "x-received": mine})


if __name__ == "__main__":
    Odd().serve()
