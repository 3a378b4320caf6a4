"""Serves the review API on its sockets, in the gate's own event loop."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn

from mcp_gate.faces.bound import address_of, bind, bind_local
from mcp_gate.faces.client import SOCKET
from mcp_gate.faces.http.app import make_app
from mcp_gate.faces.patient import MOST_HEADER_BYTES, Patient, Server, patient

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

MOST_CONNECTIONS: Final = 200
BACKLOG: Final = 128
HTTP_PORT: Final = 80
"""Browsers leave it out of the Host header."""
CLOSE_SEC: Final = 2
"""How long answers under way may take when the gate ends."""


@asynccontextmanager
async def serve_review(gate: Gate, state: Path) -> AsyncGenerator[None]:
    """Answer on `review.sock` in the state directory, and on `listen.review` where it is set.

    Raises:
        ConfigError: an address cannot be had.
    """
    path = state / SOCKET
    listen = gate.loaded.settings.listen_review
    async with AsyncExitStack() as stack:
        local = bind_local(path, BACKLOG)
        stack.callback(path.unlink, missing_ok=True)
        await stack.enter_async_context(_serving(gate, local))
        if listen is not None:
            remote = bind("review", listen)
            gate.faces.listening["review"] = address_of(remote)
            await stack.enter_async_context(_serving(gate, remote))
        yield


@asynccontextmanager
async def _serving(gate: Gate, sock: socket.socket) -> AsyncGenerator[None]:
    """Answer on a listening socket; at the end close it, end event streams and let short answers finish."""
    local = sock.family == socket.AF_UNIX
    closing = asyncio.Event()
    app = make_app(gate, hosts=None if local else _hosts(sock), closing=closing)
    protocol = patient(MOST_CONNECTIONS, _SameUser if local else Patient)
    config = uvicorn.Config(
        app, http=protocol, ws="none", lifespan="off", interface="asgi3",
        log_config=None, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES, timeout_graceful_shutdown=CLOSE_SEC,
    )  # fmt: skip
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    serving.add_done_callback(lambda task: _ended(gate, task, closing))
    try:
        yield
    finally:
        closing.set()
        server.should_exit = True
        await asyncio.wait([serving])


def _ended(gate: Gate, task: asyncio.Task[None], closing: asyncio.Event) -> None:
    """A gate that nobody can review ends in order instead of holding calls for ever."""
    if not closing.is_set():
        error = None if task.cancelled() else task.exception()
        log.error("the review API ended by itself: %s", error)
        gate.stop()


class _SameUser(Patient):
    """Takes connections of the user who runs the gate and of nobody else, root included."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not _is_mine(transport.get_extra_info("socket")):
            transport.abort()


def _is_mine(sock: socket.socket) -> bool:
    """Whether the process at the other end runs as our user. Where the system does not tell, the socket's mode must
    do: 0600 in a folder 0700."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(uid == os.geteuid())


def _hosts(sock: socket.socket) -> list[str]:
    """Host headers that mean this socket."""
    address, port = sock.getsockname()[:2]
    names = [f"[{address}]" if ":" in address else address]
    if address in ("127.0.0.1", "::1"):
        names.append("localhost")
    return [f"{name}:{port}" for name in names] + (names if port == HTTP_PORT else [])
