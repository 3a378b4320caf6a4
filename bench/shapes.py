"""Large results of every shape, and an upstream that answers with them.

    python bench/shapes.py MB spaced|compact [--http PORT [--events]]

It has written them before: what is measured is the gate, not its upstream.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MEGABYTE = 1_000_000
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "nobody", "sees", "what", "all"]


def said(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}


def twinned(data: dict[str, Any]) -> dict[str, Any]:
    """With the text that repeats the structured form, as the SDK's servers write it."""
    return {"content": [{"type": "text", "text": json.dumps(data)}], "structuredContent": data}


def rows_of(size: int) -> list[dict[str, Any]]:
    """Rows of data, one in a hundred of which tells of somebody."""
    notes = ("all is well and nothing to see here", "ask dana@example.org about it, said the customer")
    return [{"id": n, "note": notes[n % 100 == 0]} for n in range(size // 70)]


def lines_of(size: int) -> str:
    """Words without anybody's data."""
    dice = random.Random(1)
    block = ".\n".join(" ".join(dice.choice(WORDS) for _ in range(12)) for _ in range(2_000))
    return (block * (size // len(block) + 1))[:size]


def people(size: int, each: int = 340) -> list[dict[str, Any]]:
    """Rows every one of which tells of somebody, up to about as many as one result may hold findings."""
    return [
        {"id": n, "mail": f"dana{n}@example.org", "note": "wanted a refund " + "and nothing else " * 16}
        for n in range(min(size // each, 47_000))
    ]


def nested(size: int) -> dict[str, Any]:
    def deep(level: int) -> Any:
        return {"in": deep(level - 1), "note": "all is well"} if level else ["all", "is", "well"]

    return {"rows": [deep(100) for _ in range(size // 2_500)]}


def dense(size: int) -> str:
    dice = random.Random(2)
    return "\n".join(
        f"customer {n}: dana{n}@example.org, phone +1 415 555 {dice.randint(1000, 9999)}, wanted a refund"
        for n in range(min(size // 75, 48_000))
    )


def table(size: int) -> str:
    dice = random.Random(3)
    lines = (
        f"{n},{dice.choice(WORDS)} {dice.choice(WORDS)},2026-11-{n % 28 + 1:02},{n % 900}.50,ok,{n * 7919:08x}"
        for n in range(size // 50)
    )
    return "id,name,day,amount,state,digest\n" + "\n".join(lines)


SHAPES: dict[str, Callable[[int], dict[str, Any]]] = {
    "prose": lambda size: said(lines_of(size)),
    "printed": lambda size: said("\n".join(map(str, rows_of(size)))),
    "json": lambda size: said(json.dumps(rows_of(size))),
    "rows": lambda size: twinned({"rows": rows_of(size // 2)}),
    "numbers": lambda size: {"content": [], "structuredContent": {"n": [n * 7 for n in range(size // 8)]}},
    "words": lambda size: {"content": [], "structuredContent": {"w": [WORDS[n % 14] for n in range(size // 7)]}},
    "nested": lambda size: twinned(nested(size // 2)),
    "inside": lambda size: said(json.dumps({"body": json.dumps({"body": json.dumps(rows_of(int(size * 0.6)))})})),
    "people": lambda size: {"content": [], "structuredContent": {"rows": people(size)}},
    "dense": lambda size: said(dense(size)),
    "csv": lambda size: said(table(size)),
    "accents": lambda size: said("\n".join(f"{n}: Grüße aus Köln, alles in Ordnung" for n in range(size // 55))),
    "picture": lambda size: {"content": [{"type": "image", "data": "iVBO" * (size // 4), "mimeType": "image/png"}]},
    "withheld": lambda size: twinned({"rows": rows_of(size // 2)}),
    "tokens": lambda size: twinned({"rows": rows_of(size // 2)}),
}
"""By the name of the tool that gives it: a result of about that many bytes."""


class Shapes:
    """A server of MCP, one message at a time."""

    def __init__(self, mb: str, written: str) -> None:
        self._size = int(float(mb) * MEGABYTE)
        self._written = (",", ":") if written == "compact" else None
        self._kept: dict[str, bytes] = {}

    def answer(self, line: bytes) -> bytes:
        """The line that answers a message; nothing for one that wants no answer."""
        asked = json.loads(line)
        if "id" not in asked:
            return b""
        told = self._result(asked)
        what, told = ("result", told) if told else ("error", b'{"code": -32601, "message": "no"}')
        return b'{"jsonrpc":"2.0","id":%d,"%s":%s}' % (asked["id"], what.encode(), told)

    def _result(self, asked: dict[str, Any]) -> bytes | None:
        match asked["method"]:
            case "initialize":
                version = {"protocolVersion": asked["params"]["protocolVersion"]}
                hello = {"capabilities": {"tools": {}}, "serverInfo": {"name": "shapes", "version": "1"}}
                return json.dumps({**version, **hello}).encode()
            case "tools/list":
                listed = [*SHAPES, "small"]
                tools = [{"name": name, "description": name, "inputSchema": {"type": "object"}} for name in listed]
                return json.dumps({"tools": tools}).encode()
            case "tools/call":
                name = asked["params"]["name"]
                if name not in self._kept:
                    result = SHAPES[name](self._size) if name in SHAPES else said("ok")
                    self._kept[name] = json.dumps(result, ensure_ascii=False, separators=self._written).encode()
                return self._kept[name]
            case "ping":
                return b"{}"
            case _:
                return None


def serve(shapes: Shapes, port: int, events: bool) -> None:
    """Over HTTP, as JSON or as a stream of events."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = shapes.answer(self.rfile.read(int(self.headers["content-length"])))
            kind = "text/event-stream" if events and body else "application/json"
            body = b"data: " + body + b"\n\n" if events and body else body
            self.send_response(200 if body else 202)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send_error(405)

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("mb")
    parser.add_argument("written")
    parser.add_argument("--http", type=int, metavar="PORT")
    parser.add_argument("--events", action="store_true")
    options = parser.parse_args()
    shapes = Shapes(options.mb, options.written)
    if options.http:
        serve(shapes, options.http, options.events)
        return
    for line in sys.stdin.buffer:
        told = shapes.answer(line)
        if told:
            sys.stdout.buffer.write(told + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
