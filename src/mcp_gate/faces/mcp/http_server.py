"""The HTTP server under the endpoint: bound to this machine, patient with nobody who only holds a connection."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from mcp_gate.faces.strict import StrictConnection
from mcp_gate.model.config import ConfigError, Place, Problem

log = logging.getLogger(__name__)

MOST_CONNECTIONS: Final = 1_000
MOST_HEADER_BYTES: Final = 65_536
HEADER_SEC: Final = 10.0
"""From the first byte of a connection, or of its next request, to the end of the headers."""
KEEP_SEC: Final = 60
CLOSE_SEC: Final = 2


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on this machine's own address.

    Raises:
        ConfigError: the address is another machine's business, or cannot be bound.
    """
    address = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        own = ipaddress.ip_address(address).is_loopback
    except ValueError:
        own = False
    if not own:
        raise _wrong(
            f"listen.mcp: '{host}' can be reached from other machines, and the gate speaks no TLS",
            "use 127.0.0.1, with a proxy that does TLS in front of it",
        )
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # With the protocol named: the event loop turns off Nagle's algorithm only where it is, which is 40 ms an answer.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(512)
    except OSError as e:
        sock.close()
        raise _wrong(f"listen.mcp: {host}:{port} cannot be bound ({e.strerror})", "choose another port") from None
    sock.setblocking(False)
    return sock


def _wrong(message: str, hint: str) -> ConfigError:
    return ConfigError((Problem(Place("gate.yaml", 1, 1), message, hint),))


def address_of(sock: socket.socket) -> str:
    """`host:port` as a client writes it."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def make_server(app: ASGIApp) -> uvicorn.Server:
    """A server for one application; it leaves signals to the gate."""
    idle: dict[_Patient, None] = {}

    def protocol(*args: Any, **kwargs: Any) -> _Patient:
        return _Patient(idle, *args, **kwargs)

    config = uvicorn.Config(
        app, http=protocol, ws="none", lifespan="off", interface="asgi3",  # type: ignore[arg-type]
        log_config=None, access_log=False, server_header=False, proxy_headers=False,
        timeout_keep_alive=KEEP_SEC, h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        timeout_graceful_shutdown=CLOSE_SEC,
    )  # fmt: skip
    return _Server(config)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class _Patient(H11Protocol):
    """A connection whose headers have to come in time, and that makes room for others while it has no request."""

    def __init__(self, idle: dict[_Patient, None], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = StrictConnection(h11.SERVER, MOST_HEADER_BYTES)
        self._idle = idle
        """All connections without a request, longest first."""
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._idle[self] = None
        self._expect()
        if len(self.connections) > MOST_CONNECTIONS:
            oldest = next(iter(self._idle), self)
            oldest.drop()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and not self._busy:
            self._expect()
        super().data_received(data)
        if self._busy:
            self._idle.pop(self, None)
            self._expect_nothing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._busy and not self.transport.is_closing():
            self._idle[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._idle.pop(self, None)
        self._expect_nothing()
        super().connection_lost(exc)

    def drop(self) -> None:
        """Close at once."""
        self._idle.pop(self, None)
        if self.transport is not None:
            self.transport.abort()

    @property
    def _busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _expect(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SEC, self.drop)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
