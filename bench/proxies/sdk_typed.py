"""A proxy that does nothing, written the obvious way on the official SDK: typed handlers, typed client.

python bench/proxies/sdk_typed.py --stdio -- CMD ARGS...
python bench/proxies/sdk_typed.py --http PORT --url http://127.0.0.1:PORT/mcp
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stdio", action="store_true")
    parser.add_argument("--http", type=int)
    parser.add_argument("--url")
    parser.add_argument("cmd", nargs="*")
    options = parser.parse_args()
    if options.url:
        transport: Any = streamable_http_client(options.url, max_sse_event_size=None)
    else:
        transport = stdio_client(StdioServerParameters(command=options.cmd[0], args=options.cmd[1:]))
    async with Client(transport, mode="legacy", cache=None) as client:

        async def list_tools(ctx: Any, params: Any) -> Any:
            return await client.session.list_tools(params=params)

        async def call_tool(ctx: Any, params: Any) -> Any:
            return await client.session.call_tool(params.name, params.arguments)

        async def set_level(ctx: Any, params: Any) -> Any:
            return await client.session.set_logging_level(params.level)

        server: Server = Server(
            "typed", version="1", on_list_tools=list_tools, on_call_tool=call_tool, on_set_logging_level=set_level,
            get_tool_input_schema=lambda n: None,
        )  # fmt: skip
        server.middleware = []
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
