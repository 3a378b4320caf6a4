"""Serves the review API on a bound socket, in the gate's own event loop."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mcp_gate.faces.http.app import make_app

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

MOST_CONNECTIONS: Final = 200
MOST_HEADER_BYTES: Final = 65_536
CLOSE_SEC: Final = 2
"""How long answers under way may take when the gate ends."""


async def serve_review(gate: Gate, sock: socket.socket, stop: Callable[[], None] | None = None) -> None:
    """Answer on a listening socket, local or TCP, until cancelled; then close it and end open event streams.

    Args:
        stop: what `POST /v1/stop` calls; without it that route is refused.
    """
    local = sock.family == socket.AF_UNIX
    closing = asyncio.Event()
    app = make_app(gate, hosts=None if local else _hosts(sock), closing=closing, stop=stop)
    config = uvicorn.Config(
        app, http=_SameUser if local else H11Protocol, ws="none", lifespan="off", interface="asgi3",
        log_config=None, access_log=False, server_header=False, proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS, h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        timeout_graceful_shutdown=CLOSE_SEC,
    )  # fmt: skip
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        closing.set()
        server.should_exit = True
        await serving
        raise


class _Server(uvicorn.Server):
    """Signals are the gate's business."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class _SameUser(H11Protocol):
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
    return [f"{name}:{port}" for name in names]
