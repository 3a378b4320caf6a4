"""An MCP server on standard streams for tests, in plain standard library and raw bytes: it knows what it was really
sent, and misbehaves on request. Run as a file; tests start it through `support.upstreams`.

    python probe.py --log FILE [--control FILE] [--set NAME=JSON]...

Every line it receives becomes one JSON line in the log, on disk (fsync) BEFORE anything is answered:
`{"method", "name", "arguments", "line", "sha256", "pid", "monotonic"}`; `line` is the line as received
(`encode("utf-8", "surrogateescape")` gives the bytes), `sha256` the hex digest of those bytes. A first entry has the
method `start` and `env`, the whole environment. The answers to its own questions have the method `""`.

The settings below come from `--set` and from the control file (a JSON object that wins over `--set`; it is looked at
every 20 ms and before every message, so a running probe changes its ways when the file is replaced).

| setting | meaning (default) |
|---|---|
| `name` | server name (`probe`) |
| `modern` | speaks 2026-07-28 (`server/discover`) beside the handshake (false) |
| `discover` | on `server/discover` of a probe that is not modern: `error` (default), `silent`, `exit` |
| `start` | `ok`, `exit` (at once, 3), `silent` (never answers), `garbage` (1,000 lines, then nothing) |
| `tools` | list of tool objects; a change of it sends `notifications/tools/list_changed` |
| `resources`, `prompts` | what is listed of them (one of each) |
| `extra_tools` | so many more generated tools (0) |
| `page` | tools in a page (all) |
| `cursor` | `endless`: every page of tools/list has a next one |
| `result` | the result of every call, instead of an echo of its arguments |
| `delay` | seconds before a call is answered (0) |
| `call` | what happens on tools/call: one of the names below, or an object of such by tool name, `*` for the rest |
| `list` | what happens on tools/list, as `call` |
| `error` | the error of a call that ends in one |
| `task_result`, `task_error` | what the task of a call came to, for `tasks/get` and `tasks/result` |
| `listens` | takes `subscriptions/listen`, and says at once what the tasks came to that it names (false) |
| `bytes`, `count` | how much, for those below that take it |
| `stubborn` | ignores the end of its input and SIGTERM (false) |
| `goes_on` | reports progress of a call that hangs for ever, and heeds no cancellation (false) |
| `grandchild` | starts a process that sleeps; its pid is in the log's `grandchild` (false) |
| `pid_file` | where it writes its pid |

`answer` · `error` (JSON-RPC -32050 with data) · `is_error` · `exit` · `hang` · `garbage` (`count`
lines of no JSON, then the answer) · `long_line` (`bytes` without a line feed, then the answer) · `bad_utf8` (the answer
with a byte FF in it) · `surrogate` (the answer with `\\ud800`) · `duplicate` (the answer twice, the second another) ·
`wrong_id` (an answer to an id nobody used, then the answer) · `string_id` (the id as text) · `no_result` · `odd` (legal
JSON nobody expects) · `deep` (`count` levels) · `stderr` (`bytes` of ANSI and a secret on standard error, then the
answer) · `progress` (`count` progress notifications, then the answer) · `logs` (`count` log messages, then the answer)
· `drip` (the answer a byte a time) · `ask` (sampling, elicitation, roots, one after the other; the answers are in the
result) · `task` (a handle, and no result ever) · `input_required` · `crash_answer` (half an answer, then the end)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SECRET = "078-05-1120"
OBJECT = {"type": "object", "properties": {}}
TOOLS: list[dict[str, Any]] = [
    {"name": name, "description": f"{name} of the probe", "inputSchema": {"type": "object"}}
    for name in ("echo", "get_order", "refund_order", "deploy")
]
META = "io.modelcontextprotocol/"


class Probe:
    def __init__(self, log: str, control: str | None, settings: dict[str, Any]) -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.control = control
        self.given = settings
        self.stamp: object = None
        self.settings = dict(settings)
        self.buffer = b""
        self.modern = False
        self.questions = 0
        self.token: Any = None
        self.steps = 0

    # ---- settings and log

    def get(self, name: str, default: Any = None) -> Any:
        return self.settings.get(name, default)

    def reread(self) -> None:
        """Take over what the control file says now; tell the client when the tools changed by it."""
        if self.control is None:
            return
        try:
            stat = Path(self.control).stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if stamp == self.stamp:
                return
            found = json.loads(Path(self.control).read_text())
        except (OSError, ValueError):
            return
        first, before = self.stamp is None, self.tools()
        self.stamp = stamp
        self.settings = {**self.given, **found}
        if not first and self.tools() != before:
            self.send({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})

    def note(self, entry: dict[str, Any]) -> None:
        entry = {**entry, "pid": os.getpid(), "monotonic": time.monotonic()}
        os.write(self.log, json.dumps(entry).encode() + b"\n")
        os.fsync(self.log)

    # ---- lines

    def raw(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]

    def send(self, message: Any) -> None:
        self.raw(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def line(self) -> bytes | None:
        """The next line, or None at the end of input; looks at the control file meanwhile."""
        while b"\n" not in self.buffer:
            self.reread()
            ready, _, _ = select.select([0], [], [], 0.02 if self.control else None)
            if not ready:
                self.go_on()
                continue
            data = os.read(0, 1 << 20)
            if not data:
                return None
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def go_on(self) -> None:
        if self.get("goes_on") and self.token is not None:
            self.steps += 1
            params = {"progressToken": self.token, "progress": self.steps}
            self.send({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})

    def serve(self) -> None:
        while (line := self.line()) is not None:
            self.reread()
            self.receive(line)

    def receive(self, line: bytes) -> dict[str, Any]:
        try:
            message = json.loads(line)
        except ValueError:
            message = {}
        message = message if isinstance(message, dict) else {}
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        self.note(
            {
                "method": message.get("method", ""),
                "name": params.get("name", params.get("uri")),
                "arguments": params.get("arguments"),
                "line": line.decode("utf-8", "surrogateescape"),
                "sha256": hashlib.sha256(line).hexdigest(),
            }
        )
        if "id" in message and "method" in message:
            self.request(message["id"], message["method"], params)
        return message

    # ---- requests

    def request(self, id: Any, method: str, params: dict[str, Any]) -> None:
        if method == "tools/call":
            self.misbehave(self.way("call", params.get("name")), id, params, lambda: self.called(params))
        elif method == "tools/list":
            self.misbehave(self.way("list", None), id, params, lambda: self.listed(params))
        elif method == "server/discover" and not self.get("modern"):
            self.no_discover(id)
        elif method in ("tasks/get", "tasks/result") and (self.get("task_result") or self.get("task_error")):
            self.task(id, method, params)
        elif method == "subscriptions/listen" and self.get("listens"):
            self.listened(id, params["notifications"])
        elif (result := self.plain(method, params)) is not None:
            self.answer(id, result)
        else:
            self.send({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "Method not found"}})

    def task(self, id: Any, method: str, params: dict[str, Any]) -> None:
        result, error = self.get("task_result"), self.get("task_error")
        if method == "tasks/get":
            ended = {"status": "completed", "result": result} if error is None else {"status": "failed", "error": error}
            self.answer(id, {"taskId": params.get("taskId"), **ended})
        elif error is not None:
            self.send({"jsonrpc": "2.0", "id": id, "error": error})
        else:
            self.answer(id, dict(result))

    def listened(self, id: Any, asked: dict[str, Any]) -> None:
        meta = {"_meta": {META + "subscriptionId": id}}
        told = {"method": "notifications/subscriptions/acknowledged", "params": {"notifications": asked, **meta}}
        self.send({"jsonrpc": "2.0", **told})
        for task in asked.get("taskIds", ()):
            ended = {"taskId": task, "status": "completed", "result": self.get("task_result"), **meta}
            self.send({"jsonrpc": "2.0", "method": "notifications/tasks", "params": ended})

    def way(self, kind: str, tool: Any) -> str:
        ways = self.get(kind, "answer")
        return ways.get(tool, ways.get("*", "answer")) if isinstance(ways, dict) else ways

    def answer(self, id: Any, result: dict[str, Any]) -> None:
        self.send(self.answered(id, result))

    def answered(self, id: Any, result: dict[str, Any]) -> dict[str, Any]:
        if self.modern:
            result = {"resultType": "complete", **result}
        return {"jsonrpc": "2.0", "id": id, "result": result}

    def no_discover(self, id: Any) -> None:
        if self.get("discover") == "exit":
            sys.exit(4)
        if self.get("discover") != "silent":
            self.send({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "Method not found"}})

    def plain(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        info = {"name": self.get("name", "probe"), "version": "1"}
        capabilities = {
            "tools": {"listChanged": True}, "resources": {"subscribe": True, "listChanged": True},
            "prompts": {}, "completions": {}, "logging": {},
        }  # fmt: skip
        match method:
            case "initialize":
                version = params.get("protocolVersion", "2025-11-25")
                return {"protocolVersion": version, "capabilities": capabilities, "serverInfo": info,
                        "instructions": "Be kind.", "x-unknown": {"kept": True}}  # fmt: skip
            case "server/discover":
                self.modern = True
                return {"supportedVersions": ["2026-07-28"], "capabilities": capabilities, "serverInfo": info,
                        "ttlMs": 0, "cacheScope": "private"}  # fmt: skip
            case "ping" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe":
                return {}
            case "resources/list":
                return {"resources": self.get("resources", [{"uri": "probe://one", "name": "one"}])}
            case "resources/templates/list":
                return {"resourceTemplates": [{"uriTemplate": "probe://{id}", "name": "any"}]}
            case "resources/read":
                return {"contents": [{"uri": params.get("uri"), "text": f"text of {params.get('uri')}"}]}
            case "prompts/list":
                return {"prompts": self.get("prompts", [{"name": "greet", "arguments": [{"name": "who"}]}])}
            case "prompts/get":
                text = json.dumps(params.get("arguments"))
                return {"messages": [{"role": "user", "content": {"type": "text", "text": text}}]}
            case "completion/complete":
                return {"completion": {"values": ["one", "two"]}}
        return None

    def tools(self) -> list[dict[str, Any]]:
        extra = [{"name": f"extra_{i}", "inputSchema": {"type": "object"}} for i in range(self.get("extra_tools", 0))]
        return [*self.get("tools", TOOLS), *extra]

    def listed(self, params: dict[str, Any]) -> dict[str, Any]:
        tools = self.tools()
        start = int(params.get("cursor") or 0)
        size = self.get("page") or max(len(tools), 1)
        if self.get("cursor") == "endless":
            return {"tools": [], "nextCursor": str(start + 1)}
        page: dict[str, Any] = {"tools": tools[start : start + size]}
        if start + size < len(tools):
            page["nextCursor"] = str(start + size)
        return page

    def called(self, params: dict[str, Any]) -> dict[str, Any]:
        time.sleep(self.get("delay", 0))
        if (given := self.get("result")) is not None:
            return dict(given)
        told = {"tool": params.get("name"), "arguments": params.get("arguments")}
        return {"content": [{"type": "text", "text": json.dumps(told)}], "structuredContent": told}

    # ---- misbehaviour

    def misbehave(self, way: str, id: Any, params: dict[str, Any], good: Any) -> None:
        count, size = self.get("count", 1000), self.get("bytes", 50_000_000)
        token = params.get("_meta", {}).get("progressToken", "none")
        match way:
            case "exit":
                os._exit(5)
            case "hang":
                self.token = params.get("_meta", {}).get("progressToken")
                return
            case "error":
                told = {"code": -32050, "message": "No such order", "data": {"order": 7}, "x-more": 1}
                error = self.get("error", told)
                return self.send({"jsonrpc": "2.0", "id": id, "error": error})
            case "crash_answer":
                self.raw(json.dumps(self.answered(id, good())).encode()[:20])
                os._exit(6)
            case "bad_utf8":
                answer = json.dumps(self.answered(id, good())).encode()
                return self.raw(answer.replace(b'"result": {', b'"result": {"\xff":1,', 1) + b"\n")
            case "surrogate":
                return self.answer(id, {"content": [{"type": "text", "text": "a\ud800b"}]})
            case "string_id":
                return self.answer(str(id), good())
            case "no_result":
                return self.send({"jsonrpc": "2.0", "id": id, "result": None})
            case "odd":
                return self.answer(id, ODD)
            case "deep":
                depth = count
                return self.raw(b'{"jsonrpc":"2.0","id":%d,"result":{"d":%s1%s}}\n' % (id, b"[" * depth, b"]" * depth))
            case "drip":
                for byte in json.dumps(self.answered(id, good())).encode() + b"\n":
                    self.raw(bytes([byte]))
                    time.sleep(0.001)
                return None
            case "ask":
                return self.answer(id, {"content": [], "structuredContent": {"answers": self.ask()}})
            case "task":
                task = {"taskId": "t-1", "status": "working", "ttl": None, "createdAt": "2026-11-28T00:00:00Z"}
                return self.answer(id, {**task, "resultType": "task"} if self.modern else {"task": task})
            case "input_required":
                asked = {"q": {"method": "elicitation/create", "params": {"message": "Password?"}}}
                required = {"resultType": "input_required", "inputRequests": asked, "requestState": "opaque"}
                return self.send({"jsonrpc": "2.0", "id": id, "result": required})
        self.noise(way, token, count, size)
        result = good()
        self.answer(id, result)
        if way == "duplicate":
            self.answer(id, {"content": [{"type": "text", "text": "the second answer"}]})
        return None

    def noise(self, way: str, token: Any, count: int, size: int) -> None:
        match way:
            case "garbage":
                self.raw(b"".join(b"garbage %s %d\n" % (SECRET.encode(), i) for i in range(count)))
            case "long_line":
                for _ in range(0, size, 1 << 20):
                    self.raw(b"x" * (1 << 20))
                self.raw(b"\n")
            case "wrong_id":
                self.answer(987_654_321, {"content": [{"type": "text", "text": "for nobody"}]})
            case "stderr":
                chunk = (b"\x1b[2J\x1b]0;owned\x07 " + SECRET.encode() + b"\n") * 4096
                for _ in range(0, size, len(chunk)):
                    os.write(2, chunk)
            case "progress":
                for i in range(count):
                    params = {"progressToken": token, "progress": i, "message": "x" * 100}
                    self.send({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})
            case "logs":
                for i in range(count):
                    params = {"level": "info", "data": i}
                    self.send({"jsonrpc": "2.0", "method": "notifications/message", "params": params})

    def ask(self) -> list[Any]:
        """Put the three questions to the client, one at a time; other messages are served meanwhile."""
        answers = []
        for method in ("sampling/createMessage", "elicitation/create", "roots/list"):
            self.questions += 1
            id = f"q{self.questions}"
            self.send({"jsonrpc": "2.0", "id": id, "method": method, "params": {"message": "?"}})
            while (line := self.line()) is not None:
                message = self.receive(line)
                if message.get("id") == id and "method" not in message:
                    answers.append({k: v for k, v in message.items() if k in ("result", "error")})
                    break
        return answers


ODD: dict[str, Any] = {
    "content": [
        {"type": "hologram", "payload": SECRET, "n": 10**400},
        {"type": "text", "text": "", "annotations": None},
    ],
    "isError": False,
    "structuredContent": [1, None, {"é": "\u202e"}],
    "x-unknown": {"a": [[]]},
    "_meta": {"com.example/trace": "t"},
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", required=True)
    parser.add_argument("--control")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON")
    options = parser.parse_args()
    settings = {name: json.loads(value) for name, _, value in (one.partition("=") for one in options.set)}
    probe = Probe(options.log, options.control, settings)
    probe.reread()
    started: dict[str, Any] = {"method": "start", "env": dict(os.environ), "sid": os.getsid(0)}
    if probe.get("grandchild"):
        sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        started["grandchild"] = sleeper.pid
    if pid_file := probe.get("pid_file"):
        Path(pid_file).write_text(str(os.getpid()))
    if probe.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    probe.note(started)
    match probe.get("start", "ok"):
        case "exit":
            os.write(2, b"\x1b[31mcannot open the database\x1b[0m\n")
            sys.exit(3)
        case "silent":
            time.sleep(600)
        case "garbage":
            probe.raw(b"this is no JSON\n" * 1000)
            time.sleep(600)
    probe.serve()
    if probe.get("stubborn"):
        time.sleep(600)


if __name__ == "__main__":
    main()
