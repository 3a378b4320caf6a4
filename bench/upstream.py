"""The upstream that everything is measured against: the official SDK, as lean as it gets.

    python bench/upstream.py --stdio [--extra-tools N]
    python bench/upstream.py --http PORT [--extra-tools N]

Tools: `echo` (its text), `make_text` (as many bytes as asked for), `records` (50 rows, text and structured, about
33 kB), `sleep` (milliseconds), and as many more as asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server


def records(first: int) -> dict[str, Any]:
    """Fifty rows from one on, as servers return them: as a text and structured."""
    rows = [
        {
            "id": f"cus_{i:04d}",
            "name": f"Person Number {i}",
            "mail": f"person{i}@example.com",
            "phone": f"+1 555 01{i % 100:02d} {i // 100 % 100:02d}",
            "address": {"street": f"{i} Long Street", "city": "Springfield", "zip": f"{10000 + i}"},
            "orders": [{"id": f"ord_{i}_{k}", "amount": k * 17.5, "note": "left at the door"} for k in range(3)],
        }
        for i in range(first, first + 50)
    ]
    text = json.dumps({"rows": rows})
    return {"content": [{"type": "text", "text": text}], "structuredContent": {"rows": rows}, "isError": False}


SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}, "size": {"type": "integer"}}}


def tools(extra: int) -> list[dict[str, Any]]:
    names = ["echo", "make_text", "records", "sleep"] + [f"extra_{i:04d}" for i in range(extra)]
    return [
        {"name": name, "description": f"The tool {name} does what its name says, and little else.",
         "inputSchema": SCHEMA}
        for name in names
    ]  # fmt: skip


def build(extra: int) -> Server:
    listed = tools(extra)

    async def list_tools(ctx: Any, params: Any) -> Any:
        return {"tools": listed, "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}

    async def call_tool(ctx: Any, params: Any) -> Any:
        args = params.arguments or {}
        if params.name == "records":
            return {**records(int(args.get("size", 0))), "resultType": "complete"}
        if params.name == "sleep":
            await asyncio.sleep(float(args.get("size", 0)) / 1000)
        text = "x" * int(args.get("size", 0)) if params.name == "make_text" else str(args.get("text", ""))
        return {"content": [{"type": "text", "text": text}], "isError": False, "resultType": "complete"}

    async def set_level(ctx: Any, params: Any) -> Any:
        return {"resultType": "complete"}

    server: Server = Server(
        "bench", version="1", on_list_tools=list_tools, on_call_tool=call_tool, on_set_logging_level=set_level,
        get_tool_input_schema=lambda n: None,
    )  # fmt: skip
    server.middleware = []
    return server


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stdio", action="store_true")
    parser.add_argument("--http", type=int)
    parser.add_argument("--extra-tools", type=int, default=0)
    options = parser.parse_args()
    server = build(options.extra_tools)
    if options.http:
        import uvicorn

        config = uvicorn.Config(
            server.streamable_http_app(), host="127.0.0.1", port=options.http, log_level="warning", access_log=False
        )
        await uvicorn.Server(config).serve()
        return
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    asyncio.run(main())
