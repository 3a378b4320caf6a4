"""The HTTP server under the endpoint, bound to this machine."""

from __future__ import annotations

import ipaddress
import logging
import socket
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from mcp_gate.faces.patient import MOST_HEADER_BYTES, Server, patient
from mcp_gate.model.config import ConfigError, Place, Problem

log = logging.getLogger(__name__)

MOST_CONNECTIONS: Final = 1_000
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
    config = uvicorn.Config(
        app, http=patient(MOST_CONNECTIONS), ws="none", lifespan="off", interface="asgi3",
        log_config=None, access_log=False, server_header=False, proxy_headers=False,
        timeout_keep_alive=KEEP_SEC, h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        timeout_graceful_shutdown=CLOSE_SEC,
    )  # fmt: skip
    return Server(config)
