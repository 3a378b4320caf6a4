"""Listening sockets: TCP of this machine's own, and local ones for this user alone."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path

from mcp_gate.model.config import Address, ConfigError, Place, Problem


def bind_local(path: Path, backlog: int) -> socket.socket:
    """A listening socket in the state directory, this user's alone from its first moment on. One that an earlier gate
    left there is taken away (the store's lock says that no other gate runs), and so is a link in its place.

    Raises:
        ConfigError: something else stands there.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        if path.is_symlink() or path.is_socket():
            path.unlink()
        sock.bind(os.fspath(path))
        sock.listen(backlog)  # at once: who sees the name may connect
    except OSError as e:
        sock.close()
        problem = Problem(Place(str(path), 1, 1), f"the socket cannot be made: {e.strerror or e}", "use --state DIR")
        raise ConfigError((problem,)) from None
    finally:
        os.umask(mask)
    sock.setblocking(False)
    return sock


def bind(name: str, wanted: Address) -> socket.socket:
    """A listening socket for `listen.<name>`.

    Raises:
        ConfigError: the address is another machine's business, or cannot be bound.
    """
    host, port = wanted.host, wanted.port
    address = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        own = ipaddress.ip_address(address).is_loopback
    except ValueError:
        own = False
    if not own:
        message = f"listen.{name}: '{host}' can be reached from other machines, and the gate speaks no TLS"
        hint = "use 127.0.0.1, with a proxy that does TLS in front of it"
        raise ConfigError((Problem(wanted.place, message, hint),))
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
        message = f"listen.{name}: {host}:{port} cannot be bound ({e.strerror})"
        raise ConfigError((Problem(wanted.place, message, hint),)) from None
    sock.setblocking(False)
    return sock


def address_of(sock: socket.socket) -> str:
    """`host:port` as a client writes it."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
