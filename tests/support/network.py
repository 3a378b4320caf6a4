"""Listeners on loopback that stand for the hosts of a network: nothing leaves the machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mcp_gate.upstream.sandbox import hindrance

WHY = hindrance()
needs_sandbox = pytest.mark.skipif(bool(WHY), reason=f"no sandbox here: {WHY}")


class Listener:
    """Takes connections, keeps what was said, and answers each chunk with a page that quotes its first line."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.heard: list[str] = []
        self._socket = socket.create_server((host, 0))
        self.port = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def serve(self) -> None:
        while True:
            try:
                there, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(there,), daemon=True).start()

    def _talk(self, there: socket.socket) -> None:
        with there:
            while data := there.recv(65536):
                self.heard.append(data.decode())
                body = b"I am " + self.host.encode() + b"\n"
                there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[Listener]:
    found = Listener(host)
    thread = threading.Thread(target=found.serve, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.close()
        thread.join(5)
