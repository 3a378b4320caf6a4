"""Moves bytes between a client's streams and the gate, where the gate cannot have the streams themselves."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable

CHUNK = 65_536


def pump(connection: socket.socket, rest: bytes, source: int, sink: int, drain_sec: float) -> bool:
    """Move bytes, in bounded memory, until one side ends. Pipes and sockets are not to block.

    Args:
        rest: what the gate said already.
        drain_sec: after the client's end of input: how long its answers may take.

    Returns:
        Whether it was the client that ended.
    """
    connection.setblocking(False)
    return _Pump(connection, rest, source, sink, drain_sec).run()


class _Pump:
    def __init__(self, connection: socket.socket, rest: bytes, source: int, sink: int, drain_sec: float) -> None:
        self._gate = connection
        self._fd = connection.fileno()
        self._source = source
        self._sink = sink
        self._drain_sec = drain_sec
        self._up = b""
        """Read from the client, not yet taken by the gate."""
        self._down = rest
        self._ended = False
        """Whether the client said its last word."""
        self._gate_ended = False
        self._broken = False
        """Whether the gate stopped reading before the client stopped writing."""
        self._masks: dict[int, int | None] = {}

    def run(self) -> bool:
        poll = select.poll()
        deadline = None
        while True:
            if self._ended and not self._up and deadline is None:
                self._half_close()
                deadline = time.monotonic() + self._drain_sec
            if self._gate_ended and not self._down:
                return self._ended
            self._register(poll)
            left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            events = dict(poll.poll(left))
            if deadline is not None and time.monotonic() >= deadline:
                return True
            if not self._move(events):
                return True

    def _register(self, poll: select.poll) -> None:
        """Wait for room before waiting for more: neither side can fill this process."""
        wanted: dict[int, int | None] = {
            self._source: None if self._ended or self._broken or self._up else select.POLLIN,
            self._sink: select.POLLOUT if self._down else 0,
            self._fd: (0 if self._down else select.POLLIN) | (select.POLLOUT if self._up else 0),
        }
        if self._gate_ended or wanted[self._fd] == 0:
            wanted[self._fd] = None  # else its end would wake us all the time
        for fd, mask in wanted.items():
            if self._masks.get(fd, None) == mask:
                continue
            if mask is None:
                poll.unregister(fd)
            else:
                poll.register(fd, mask)
            self._masks[fd] = mask

    def _move(self, events: dict[int, int]) -> bool:
        """Whether the client still takes what we write."""
        gate, sink = events.get(self._fd, 0), events.get(self._sink, 0)
        if self._source in events:
            self._up = self._read_client()
            gate |= select.POLLOUT if self._up else 0
        if self._up and gate & (select.POLLOUT | select.POLLERR):
            self._write_gate()
        if not self._down and gate & (select.POLLIN | select.POLLHUP | select.POLLERR):
            self._down = self._read_gate()
            sink |= select.POLLOUT if self._down else 0
        if sink & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
            return False
        return not self._down or not sink & select.POLLOUT or self._write_client()

    def _read_client(self) -> bytes:
        data = _there(lambda: os.read(self._source, CHUNK))
        self._ended = data == b""
        return data or b""

    def _read_gate(self) -> bytes:
        data = _there(lambda: self._gate.recv(CHUNK))
        self._gate_ended = data == b""
        return data or b""

    def _write_gate(self) -> None:
        try:
            self._up = self._up[self._gate.send(self._up) :]
        except BlockingIOError:
            pass
        except OSError:
            self._up, self._broken = b"", True  # what it still had to say is read next

    def _write_client(self) -> bool:
        try:
            # A pipe that poll calls writable takes so much without blocking, whatever its mode.
            size = CHUNK if not os.get_blocking(self._sink) else select.PIPE_BUF
            self._down = self._down[os.write(self._sink, self._down[:size]) :]
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    def _half_close(self) -> None:
        try:
            self._gate.shutdown(socket.SHUT_WR)
        except OSError:
            self._gate_ended = True


def _there(read: Callable[[], bytes]) -> bytes | None:
    """What is there to be read; nothing at the end, which a failure is too; None: not yet."""
    try:
        return read()
    except BlockingIOError:
        return None
    except OSError:
        return b""
