"""Lean MCP clients: they cost next to nothing, so that the target is measured and not the client."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import orjson

INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}


class Client(Protocol):
    async def request(self, method: str, params: Any) -> dict[str, Any]: ...
    async def close(self) -> None: ...


class _Lines(asyncio.SubprocessProtocol):
    """The child's standard output as lines, straight into the table of requests."""

    def __init__(self) -> None:
        self.pending: dict[int, asyncio.Future[bytes]] = {}
        self._parts: list[bytes] = []
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.seen: list[bytes] = []
        """Messages that answer nothing."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd != 1:
            return
        *lines, rest = data.split(b"\n")
        if lines and self._parts:
            lines[0] = b"".join(self._parts) + lines[0]
            self._parts = []
        if rest:
            self._parts.append(rest)
        for line in lines:
            self._line(line)

    def _line(self, line: bytes) -> None:
        # The id is found at either end without parsing the whole: answers may be megabytes long.
        for part in (line[:80], line[-80:]):
            at = part.find(b'"id":')
            if at >= 0:
                digits = part[at + 5 :].lstrip().split(b",")[0].split(b"}")[0]
                if digits.isdigit() and (future := self.pending.pop(int(digits), None)) is not None:
                    if not future.done():
                        future.set_result(line)
                    return
        self.seen.append(line)

    def process_exited(self) -> None:
        self._end()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            self._end()

    def _end(self) -> None:
        for future in self.pending.values():
            if not future.done():
                future.set_exception(ConnectionError("the server ended"))
                future.exception()  # whoever waits still sees it
        self.pending.clear()
        if not self.gone.done():
            self.gone.set_result(None)


class Stdio:
    """A client of a server started by command."""

    def __init__(self, transport: asyncio.SubprocessTransport, lines: _Lines) -> None:
        self._transport = transport
        self._stdin: Any = transport.get_pipe_transport(0)
        self.lines = lines
        self._next = 0
        self.pid = transport.get_pid()

    @classmethod
    async def start(cls, command: list[str], env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Stdio:
        loop = asyncio.get_running_loop()
        transport, lines = await loop.subprocess_exec(
            _Lines, *command, stderr=None if os.environ.get("BENCH_STDERR") else asyncio.subprocess.DEVNULL,
            env={**os.environ, **(env or {})}, cwd=cwd,
        )  # fmt: skip
        return cls(transport, lines)

    async def initialize(self, capabilities: Mapping[str, Any] | None = None) -> dict[str, Any]:
        result = await self.request("initialize", {**INITIALIZE, "capabilities": dict(capabilities or {})})
        self.notify("notifications/initialized", None)
        return result

    async def request(self, method: str, params: Any) -> dict[str, Any]:
        answer: dict[str, Any] = orjson.loads(await self.raw(method, params))
        return answer

    def raw(self, method: str, params: Any) -> asyncio.Future[bytes]:
        """Send a request; the future gives the line of its answer."""
        self._next += 1
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.lines.pending[self._next] = future
        self._stdin.write(
            orjson.dumps({"jsonrpc": "2.0", "id": self._next, "method": method, "params": params or {}}) + b"\n"
        )
        return future

    def notify(self, method: str, params: Any) -> None:
        message = {"jsonrpc": "2.0", "method": method} | ({"params": params} if params else {})
        self._stdin.write(orjson.dumps(message) + b"\n")

    async def close(self) -> None:
        self._stdin.close()
        try:
            await asyncio.wait_for(self.lines.gone, 10)  # what is under way may still be answered for five seconds
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._transport.kill()
        self._transport.close()


class Http:
    """A client of a streamable HTTP server (2025 era), over kept-alive connections."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._port = port
        self._headers = dict(headers)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._next = 0

    @classmethod
    async def start(cls, port: int, headers: Mapping[str, str] | None = None) -> Http:
        client = cls(port, headers or {})
        status, sent, _ = await client._post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": INITIALIZE})
        if status != 200:
            raise ConnectionError(f"initialize answered {status}")
        if "mcp-session-id" in sent:
            client._headers["mcp-session-id"] = sent["mcp-session-id"]
        client._headers["mcp-protocol-version"] = "2025-11-25"
        await client._post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return client

    async def request(self, method: str, params: Any) -> dict[str, Any]:
        answer: dict[str, Any] = orjson.loads(await self.raw(method, params))
        return answer

    async def raw(self, method: str, params: Any) -> bytes:
        self._next += 1
        status, headers, body = await self._post(
            {"jsonrpc": "2.0", "id": self._next, "method": method, "params": params or {}}
        )
        if status != 200:
            raise ConnectionError(f"{method} answered {status}")
        if headers.get("content-type", "").startswith("text/event-stream"):
            return _last_data(body)
        return body

    async def _post(self, message: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self._free = [pair for pair in self._free if not pair[0].at_eof()]  # servers let go of idle connections
        reader, writer = self._free.pop() if self._free else await asyncio.open_connection("127.0.0.1", self._port)
        body = json.dumps(message, separators=(",", ":")).encode()
        head = {
            "host": f"127.0.0.1:{self._port}", "content-type": "application/json",
            "accept": "application/json, text/event-stream", "content-length": str(len(body)), **self._headers,
        }  # fmt: skip
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"POST /mcp HTTP/1.1\r\n{lines}\r\n".encode() + body)
        status, headers = await _head(reader)
        data = await _body(reader, headers)
        self._free.append((reader, writer))
        return status, headers, data

    async def close(self) -> None:
        for _, writer in self._free:
            writer.close()


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.split(":", 1) for line in rest if line)
    return int(first.split()[1]), {name.lower(): value.strip() for name, value in pairs}


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)


def _last_data(body: bytes) -> bytes:
    events = [line[5:].strip() for line in body.splitlines() if line.startswith(b"data:")]
    return [event for event in events if event][-1]
