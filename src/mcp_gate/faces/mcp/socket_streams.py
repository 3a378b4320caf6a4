"""A client's streams where they are sockets: read and written without ever waiting, whatever mode their other holders
set. The loop's own transports trust in that mode, and listen on what they write to: they would take what a client says
for its end where it hears and speaks through one socket.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final, Protocol

CHUNK: Final = 65_536
HIGH: Final = 65_536
"""Bytes that wait to be written, before whoever writes is told to pause; at a quarter of it he may go on."""
_NOW: Final = socket.MSG_DONTWAIT


class Flow(Protocol):
    """Who writes."""

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


class Source(asyncio.ReadTransport):
    """Reads until the end."""

    def __init__(self, fd: int, heard: Callable[[bytes], None], ended: Callable[[], None]) -> None:
        """
        Args:
            fd: owned from now on.
            ended: called once, unless this side closes.
        """
        super().__init__()
        self._socket = socket.socket(fileno=fd)
        self._fd = fd
        self._heard = heard
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._reading = False
        self._closed = False
        self.resume_reading()

    def is_closing(self) -> bool:
        return self._closed

    def is_reading(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def resume_reading(self) -> None:
        if not self._reading and not self._closed:
            self._reading = True
            self._loop.add_reader(self._fd, self._ready)

    def close(self) -> None:
        self.pause_reading()
        self._closed = True
        self._socket.close()

    def _ready(self) -> None:
        try:
            data = self._socket.recv(CHUNK, _NOW)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._heard(data)
        else:
            self.close()
            self._ended()


class Sink(asyncio.WriteTransport):
    """Writes in its time, and never reads."""

    def __init__(self, fd: int, flow: Flow, lost: Callable[[], None]) -> None:
        """
        Args:
            fd: owned from now on.
            lost: called once, in a later turn of the loop.
        """
        super().__init__()
        self._socket = socket.socket(fileno=fd)
        self._fd = fd
        self._flow = flow
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._waiting = bytearray()
        self._paused = False
        self._closing = False

    def is_closing(self) -> bool:
        return self._closing

    def get_write_buffer_size(self) -> int:
        return len(self._waiting)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing:
            return
        if not self._waiting:
            taken = self._send(data)
            if taken is None or taken == len(data):
                return
            data = memoryview(data)[taken:]
            self._loop.add_writer(self._fd, self._ready)
        self._waiting += data
        if len(self._waiting) > HIGH and not self._paused:
            self._paused = True
            self._flow.pause_writing()

    def close(self) -> None:
        """What was written still goes out."""
        if not self._closing:
            self._closing = True
            if not self._waiting:
                self._end()

    def abort(self) -> None:
        self._closing = True
        self._end()

    def _ready(self) -> None:
        taken = self._send(self._waiting)
        if taken is None:
            return
        del self._waiting[:taken]
        if self._paused and len(self._waiting) <= HIGH // 4:
            self._paused = False
            self._flow.resume_writing()
        if not self._waiting:
            self._loop.remove_writer(self._fd)
            if self._closing:
                self._end()

    def _send(self, data: bytes | bytearray | memoryview) -> int | None:
        """How many bytes were taken; None: the other side is gone."""
        try:
            return self._socket.send(data, _NOW)
        except BlockingIOError:
            return 0
        except OSError:
            self.abort()
            return None

    def _end(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_writer(self._fd)
            self._waiting.clear()
            self._socket.close()
            self._loop.call_soon(self._lost)
