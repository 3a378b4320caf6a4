"""The client's own streams, handed over by `mcp-gate connect`: what it says comes without a stop on the way.

A process between client and gate costs every call two wake-ups and every byte two copies. So `connect` gives the gate
the streams themselves, over the local socket, and only watches from then on whether they and the gate are still there.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import sys
from array import array
from collections.abc import Callable
from typing import BinaryIO, Final, Protocol

from mcp_gate.faces.mcp import socket_streams

TOKEN: Final = b"\n"
"""What is sent along with the two descriptors, which cannot travel alone."""
_CLOEXEC: Final = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class Listener(Protocol):
    """Who is told of the streams. Everything is called in the order of the wire."""

    def heard(self, data: bytes) -> None: ...

    def ended(self) -> None:
        """The client will say no more. Called once at most."""

    def lost(self) -> None:
        """Both streams are closed, by whichever side. Called once."""

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


class Coming:
    """Waits for the client's standard input and output on a local socket that nothing else reads meanwhile."""

    def __init__(self, connection: int, arrived: Callable[[int, int], None], failed: Callable[[], None]) -> None:
        """
        Args:
            connection: descriptor of the socket; it stays whose it is.
            arrived: gets both descriptors, which are its own from then on.
            failed: something else came.
        """
        self._arrived = arrived
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._twin = socket.socket(fileno=os.dup(connection))  # the loop watches a descriptor once
        self._loop.add_reader(self._twin, self._ready)

    def cancel(self) -> None:
        if self._twin.fileno() >= 0:
            self._loop.remove_reader(self._twin)
            self._twin.close()

    def _ready(self) -> None:
        try:
            data, fds = _received(self._twin)
        except BlockingIOError:
            return
        except OSError:
            data, fds = b"", []
        self.cancel()
        ours: list[int] = []
        try:
            if data == TOKEN and len(fds) == 2:
                ours += (_ours(fd, mode) for fd, mode in zip(fds, (os.O_RDONLY, os.O_WRONLY), strict=True))
        except OSError:
            pass
        for fd in fds if len(ours) == 2 else [*fds, *ours]:
            os.close(fd)
        if len(ours) == 2:
            self._arrived(ours[0], ours[1])
        else:
            self._failed()


def _received(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Like `socket.recv_fds`, which drops its flags: a child that is started inherits none of them."""
    fds = array("i")
    data, beside, flags, _ = connection.recvmsg(len(TOKEN), socket.CMSG_LEN(2 * fds.itemsize), _CLOEXEC)
    for level, kind, body in beside:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(body[: len(body) - len(body) % fds.itemsize])
    for fd in fds:
        os.set_inheritable(fd, False)  # where the flag is not known
    return b"" if flags & socket.MSG_CTRUNC else data, list(fds)


def _ours(fd: int, mode: int) -> int:
    """A descriptor of what another one leads to, by which nobody else can make the gate wait: the mode of one that was
    handed over is its sender's too.

    Raises:
        OSError: it is neither a pipe nor a socket of this machine.
    """
    found = os.fstat(fd).st_mode
    if stat.S_ISSOCK(found):
        with socket.socket(fileno=os.dup(fd)) as one:
            if (one.family, one.type) == (socket.AF_UNIX, socket.SOCK_STREAM):
                return one.detach()  # written and read without waiting: see `socket_streams`
    elif stat.S_ISFIFO(found):
        if sys.platform != "linux":
            return os.dup(fd)
        path = f"/proc/self/fd/{fd}"
        if os.readlink(path).startswith("pipe:"):  # noqa: PTH115 -- the end of one with a name is not seen by polling
            return os.open(path, mode | os.O_NONBLOCK | os.O_CLOEXEC)
    raise OSError("neither a pipe nor a socket")


def _is_socket(file: BinaryIO) -> bool:
    return stat.S_ISSOCK(os.fstat(file.fileno()).st_mode)


class Streams(asyncio.WriteTransport):
    """Both streams as one transport: what the client says goes to the listener, what is written goes to the client."""

    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener
        self._source: asyncio.ReadTransport | None = None
        self._sink: asyncio.WriteTransport | None = None
        self._ended = False
        self._lost = False

    async def open(self, source: int, sink: int) -> None:
        """Take the descriptors over, whatever comes of it, and begin to listen.

        Raises:
            OSError: the loop cannot use them.
        """
        reading, writing = os.fdopen(source, "rb", 0), os.fdopen(sink, "wb", 0)
        try:
            self._sink = await self._into(writing)
            self._source = await self._out_of(reading)
        except BaseException:
            self.abort()
            reading.close()
            writing.close()
            raise

    async def _into(self, file: BinaryIO) -> asyncio.WriteTransport:
        if _is_socket(file):
            with file:
                return socket_streams.Sink(os.dup(file.fileno()), self._listener, self.sink_lost)
        loop = asyncio.get_running_loop()
        return (await loop.connect_write_pipe(lambda: _Sink(self._listener, self), file))[0]

    async def _out_of(self, file: BinaryIO) -> asyncio.ReadTransport:
        if _is_socket(file):
            with file:
                return socket_streams.Source(os.dup(file.fileno()), self._listener.heard, self.source_ended)
        loop = asyncio.get_running_loop()
        return (await loop.connect_read_pipe(lambda: _Source(self._listener, self), file))[0]

    # ---- asyncio.WriteTransport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._sink is not None and not self._sink.is_closing():
            self._sink.write(data)

    def get_write_buffer_size(self) -> int:
        return 0 if self._sink is None or self._sink.is_closing() else self._sink.get_write_buffer_size()

    def is_closing(self) -> bool:
        return self._sink is None or self._sink.is_closing()

    def close(self) -> None:
        """What was written still goes out."""
        self._stop_reading()
        if self._sink is not None:
            self._sink.close()

    def abort(self) -> None:
        self._stop_reading()
        if self._sink is not None and not self._lost:
            self._sink.abort()

    # ---- the other direction

    def pause_reading(self) -> None:
        if self._source is not None and not self._source.is_closing():
            self._source.pause_reading()

    def resume_reading(self) -> None:
        if self._source is not None and not self._source.is_closing():
            self._source.resume_reading()

    def _stop_reading(self) -> None:
        if self._source is not None:
            self._source.close()

    # ---- what its two ends say

    def source_ended(self) -> None:
        if not self._ended and not self.is_closing():
            self._ended = True
            self._listener.ended()

    def sink_lost(self) -> None:
        if not self._lost:
            self._lost = True
            self._stop_reading()
            self._listener.lost()


class _Source(asyncio.Protocol):
    def __init__(self, listener: Listener, streams: Streams) -> None:
        self._streams = streams
        self.data_received = listener.heard  # type: ignore[method-assign]  # a call less for each message

    def connection_lost(self, exc: Exception | None) -> None:
        self._streams.source_ended()


class _Sink(asyncio.BaseProtocol):
    def __init__(self, listener: Listener, streams: Streams) -> None:
        self._listener = listener
        self._streams = streams

    def pause_writing(self) -> None:
        self._listener.pause_writing()

    def resume_writing(self) -> None:
        self._listener.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._streams.sink_lost()
