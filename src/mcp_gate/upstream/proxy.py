"""The one way out of a sandbox: a proxy of the gate that goes to the listed hosts and nowhere else."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Final

from mcp_gate.lang.hostnames import canonical
from mcp_gate.upstream.proxy_request import Unreadable, Wanted, read_request
from mcp_gate.upstream.reach import Forbidden, Reach, dial, may_reach

log = logging.getLogger(__name__)

HEAD_BYTES: Final = 32_768
HEAD_SEC: Final = 10.0
CHUNK: Final = 65_536
MOST_CONNECTIONS: Final = 256
NOT_LISTED: Final = "it is not on the allowlist"
ESTABLISHED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Proxy:
    """Serves one process."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def serve(self, listener: socket.socket) -> None:
        """Take what arrives at a socket that listens inside the sandbox, until `close`."""
        self._server = await asyncio.start_server(self._accept, sock=listener, limit=HEAD_BYTES)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= MOST_CONNECTIONS:
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_SEC):
                head = await reader.readuntil(b"\r\n\r\n")
            await self._go(read_request(head), reader, writer)
        except Unreadable as error:
            self._answer(writer, "400 Bad Request", str(error))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked went away, or never asked
        except Exception:
            log.exception("the proxy of a sandbox failed")
        finally:
            writer.close()

    async def _go(self, wanted: Wanted, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = canonical(wanted.host)
        try:
            if host is None or host not in self._reach.hosts():
                raise Forbidden(NOT_LISTED)
            there, out, address = await dial(host, wanted.port, self._reach.hosts())
        except Forbidden as why:
            self._reach.refused(wanted.host, wanted.port, str(why))
            self._answer(writer, "403 Forbidden", f"{wanted.host}: {why}")
            return
        except OSError:
            self._answer(writer, "502 Bad Gateway", f"{wanted.host} cannot be reached")
            return

        def check() -> None:
            if not may_reach(host, address, self._reach.hosts()):
                raise ConnectionAbortedError

        try:
            check()  # finding and reaching it took its time
            if wanted.head:
                out.write(wanted.head)
            else:
                writer.write(ESTABLISHED)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, out, check))
                both.create_task(_pump(there, writer, check))
        except* OSError:
            pass  # one of the two went away, or the host from the list
        finally:
            out.close()

    def _answer(self, writer: asyncio.StreamWriter, status: str, text: str) -> None:
        body = f"mcp-gate: {text}\n".encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, check: Callable[[], None]) -> None:
    """Pass bytes on to the end, or until a check fails: what is connected is on the list no more."""
    try:
        while data := await source.read(CHUNK):
            check()
            sink.write(data)
            await sink.drain()
    finally:
        if sink.can_write_eof() and not sink.is_closing():
            sink.write_eof()
