"""An MCP server on standard streams that tells somebody's data in everything it says, in both eras. Run as a file."""

from __future__ import annotations

import json
import sys
from typing import Any

MAIL, CARD, KEY = "ada.lovelace@analytical.org", "4539 1488 0343 6467", "AKIAQ3EGRIKW7XZPLMNO"
SAID = f"{MAIL}, card {CARD}, aws {KEY}"
URI = f"crm://people/{MAIL}/{KEY}"
META: dict[str, Any] = {"x/y": SAID, MAIL: 1}
TEXT = {"type": "text", "text": SAID}
LINK = {"type": "resource_link", "uri": URI, "name": SAID, "description": SAID}
EMBEDDED = {"type": "resource", "resource": {"uri": URI, "text": SAID, "_meta": META}}
PROPERTY = {"type": "string", "title": SAID, "description": SAID, "default": MAIL, "examples": [CARD], "enum": [MAIL]}
SCHEMA = {"type": "object", "description": SAID, "properties": {"a": PROPERTY}, "x-extra": {"k": SAID}}
TOOLS = ("echo", "strict", "error", "ask", "failing", "task", "input")
TASK = {"taskId": "t-1", "status": "working", "statusMessage": SAID, "_meta": META}
RESULT = {
    "content": [{**TEXT, "annotations": {"audience": [MAIL]}, "_meta": META}, LINK, EMBEDDED],
    "structuredContent": {"a": MAIL, "b": {CARD: KEY}, "said": SAID}, "_meta": META, "extra": SAID,
}  # fmt: skip
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("elicitation/create", {"message": SAID, "requestedSchema": SCHEMA, "_meta": META}),
    ("elicitation/create", {"mode": "url", "message": SAID, "url": f"https://x.org/{MAIL}", "elicitationId": "e-1"}),
    ("sampling/createMessage", {
        "messages": [{"role": "user", "content": TEXT}], "systemPrompt": SAID, "maxTokens": 5,
        "metadata": {"u": SAID}, "stopSequences": [MAIL], "modelPreferences": {"hints": [{"name": MAIL}]},
    }),
    ("roots/list", {"_meta": META}),
]  # fmt: skip


class Leaky:
    def __init__(self) -> None:
        self.modern = False

    def say(self, **message: Any) -> None:
        print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

    def tell(self, method: str, **params: Any) -> None:
        self.say(method=method, params={"_meta": META, **params})

    def noise(self, params: dict[str, Any]) -> None:
        token = params.get("_meta", {}).get("progressToken")
        if token is not None:
            self.tell("notifications/progress", progressToken=token, progress=1, message=SAID)
        self.tell("notifications/message", level="error", logger=SAID, data={"said": SAID, MAIL: 2})
        self.tell("notifications/tools/list_changed")

    def serve(self) -> None:
        for line in sys.stdin:
            asked = json.loads(line)
            if "id" in asked and "method" in asked:
                self.answer(asked["id"], asked["method"], asked.get("params") or {})

    def answer(self, id: Any, method: str, params: dict[str, Any]) -> None:
        if method == "subscriptions/listen":
            return self.listened(id, params["notifications"])
        error: dict[str, Any] = {"code": -32050, "message": SAID, "data": {"row": SAID, MAIL: SAID}}
        result = self.called(params) if method == "tools/call" else self.plain(method, params)
        if result is None or "bad" in str(params.get("uri")):
            return self.say(id=id, error=error)
        if self.modern and method != "server/discover":
            result = {"resultType": "complete", **result}
        return self.say(id=id, result=result)

    def plain(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        capabilities = {
            "tools": {"said": SAID, MAIL: {"x": CARD}}, "resources": {"subscribe": True, MAIL: True}, "prompts": {},
            "completions": {KEY: {}}, "logging": {},
            "experimental": {"x": {"y": SAID}},
        }  # fmt: skip
        info = {"name": "leaky", "title": SAID, "version": "1", "websiteUrl": f"https://x.example/{MAIL}"}
        named = {"title": SAID, "description": SAID, "_meta": META}
        about = {"capabilities": capabilities, "serverInfo": info, "instructions": SAID, "_meta": META, "extra": SAID}
        match method:
            case "initialize":
                return {"protocolVersion": params["protocolVersion"], **about}
            case "server/discover":
                self.modern = True
                return {"supportedVersions": ["2026-07-28"], "ttlMs": 0, "cacheScope": "private", **about}
            case "tools/list":
                told = {"inputSchema": SCHEMA, "annotations": {"title": SAID}, **named}
                tools: list[dict[str, Any]] = [{"name": name, **told} for name in TOOLS]
                tools[1]["outputSchema"] = SCHEMA
                return {"tools": tools, "_meta": META}
            case "prompts/list":
                return {"prompts": [{"name": "greet", "arguments": [{"name": "who", "description": SAID}], **named}]}
            case "resources/list":
                return {"resources": [{"uri": URI, "name": SAID, **named}, {"uri": "crm://ok", "name": "ok"}]}
            case "resources/templates/list":
                return {"resourceTemplates": [{"uriTemplate": f"crm://{{id}}/{MAIL}", "name": SAID, **named}]}
            case "resources/read":
                self.noise(params)
                return {"contents": [{"uri": URI, "text": SAID, "_meta": META}], "_meta": META}
            case "prompts/get":
                self.noise(params)
                messages = [{"role": "user", "content": block} for block in (TEXT, LINK, EMBEDDED)]
                return {"description": SAID, "messages": messages, "_meta": META}
            case "completion/complete":
                return {"completion": {"values": [MAIL, CARD, KEY]}, "_meta": META}
            case "resources/subscribe":
                self.tell("notifications/resources/updated", uri=URI, title=SAID)
                return {"_meta": META}
            case "ping" | "logging/setLevel":
                return {"_meta": META}
            case "tasks/get":
                ended = {**TASK, "status": "completed"}
                return {**ended, "result": {"content": [TEXT]}} if self.modern else ended
            case "tasks/result":
                return {"content": [TEXT], "_meta": META}
        return None

    def called(self, params: dict[str, Any]) -> dict[str, Any] | None:
        self.noise(params)
        match params["name"]:
            case "error":
                return None
            case "failing":
                return {"content": [TEXT], "isError": True}
            case "task" if self.modern:
                return {"resultType": "task", **TASK}
            case "task":
                self.tell("notifications/tasks/status", **TASK)
                return {"task": TASK, "_meta": META}
            case "input" if self.modern:
                asked = {f"q {MAIL}": {"method": method, "params": asked} for method, asked in QUESTIONS}
                return {"resultType": "input_required", "requestState": "opaque", "inputRequests": asked}
            case "ask" if not self.modern:
                for number, (method, asked) in enumerate(QUESTIONS, 9000):
                    self.say(id=number, method=method, params=asked)
                    sys.stdin.readline()
                self.tell("notifications/elicitation/complete", elicitationId="e-1")
        return RESULT

    def listened(self, id: Any, asked: dict[str, Any]) -> None:
        mine = {**META, SUBSCRIPTION: id}
        self.tell("notifications/subscriptions/acknowledged", notifications=asked, said=SAID, _meta=mine)
        self.tell("notifications/resources/updated", uri=URI, title=SAID, _meta=mine)
        for task in asked.get("taskIds", ()):
            ended = {**TASK, "taskId": task, "status": "completed", "result": {"content": [TEXT]}}
            self.tell("notifications/tasks", **{**ended, "_meta": mine})


if __name__ == "__main__":
    Leaky().serve()
