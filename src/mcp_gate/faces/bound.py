"""Listening TCP sockets of this machine's own."""

from __future__ import annotations

import ipaddress
import socket

from mcp_gate.model.config import ConfigError, Place, Problem


def bind(name: str, host: str, port: int) -> socket.socket:
    """A listening socket for `listen.<name>`; port 0 takes a free one.

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
            f"listen.{name}: '{host}' can be reached from other machines, and the gate speaks no TLS",
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
        hint = "choose another port, or 0 for a free one"
        raise _wrong(f"listen.{name}: {host}:{port} cannot be bound ({e.strerror})", hint) from None
    sock.setblocking(False)
    return sock


def address_of(sock: socket.socket) -> str:
    """`host:port` as a client writes it."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _wrong(message: str, hint: str) -> ConfigError:
    return ConfigError((Problem(Place("gate.yaml", 1, 1), message, hint),))
