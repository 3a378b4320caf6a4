"""Real HTTP on real sockets: an application served, a server that answers from a script, bytes as they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

from mcp_gate.faces.bound import bind
from mcp_gate.faces.mcp.http_server import make_server
from mcp_gate.model.config import Address


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """An application on a port of this machine; gives the port."""
    sock = bind("mcp", Address("127.0.0.1", 0))
    port: int = sock.getsockname()[1]
    server = make_server(app)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[sock])  # without its main loop, which ends a fifth of a second late
    try:
        yield port
    finally:
        for one in server.servers:
            one.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        if tasks := list(server.server_state.tasks):
            await asyncio.wait(tasks, timeout=5)
        await asyncio.sleep(0)
        sock.close()


async def exchange(port: int, data: bytes, *, close: bool = False) -> bytes:
    """Write bytes, and read until the server closes or one answer of known length is there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        await writer.drain()
        if close:
            writer.write_eof()
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    return head + await reader.readexactly(int(line.split(b":")[1]))
            return head + await reader.read()
    finally:
        writer.close()


@dataclass
class Asked:
    """One request as it came."""

    method: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Script:
    """A server whose answers the test writes, byte for byte; one request a connection unless `keep`."""

    answer: Answer
    keep: bool = False
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.strip().split("\r\n")
                pairs = [line.split(": ", 1) for line in lines]
                headers = {name.lower(): value for name, value in pairs}
                assert len(headers) == len(pairs), "a header was sent twice"
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                asked = Asked(first.split(" ")[0], headers, body)
                self.asked.append(asked)
                await self.answer(asked, writer)
                await writer.drain()
                if not self.keep:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def scripted(answer: Answer, *, keep: bool = False) -> AsyncIterator[tuple[str, Script]]:
    """A scripted server; gives its url."""
    script = Script(answer, keep)
    server = await asyncio.start_server(script.connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp", script
    finally:
        server.close()


def plain(body: bytes, status: str = "200 OK", kind: str = "application/json", **headers: str) -> bytes:
    """A whole answer."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{more}content-length: {len(body)}\r\n\r\n".encode() + body


def stream(*events: bytes) -> bytes:
    """The beginning of a stream of events, ended by the end of the connection."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + b"".join(events)


@dataclass
class Ears:
    """Implements `Inbound`: writes down what an upstream says, in order, and answers its questions."""

    said: list[tuple[str, Any]] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    reply: dict[str, Any] = field(default_factory=lambda: {"roots": []})

    def notification(self, upstream: str, method: str, params: dict[str, Any] | None) -> None:
        self.said.append((method, params))

    async def request(self, upstream: str, method: str, params: dict[str, Any] | None) -> dict[str, Any]:
        self.said.append((method, params))
        return self.reply

    def closed(self, upstream: str) -> None:
        self.over.set()
