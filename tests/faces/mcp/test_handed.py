"""A client's streams on their way to the gate: two pipes or sockets, or nothing."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mcp_gate.faces.mcp.handed import TOKEN, Coming, Streams

pytestmark = pytest.mark.anyio


async def sent(how: Callable[[socket.socket], object]) -> list[int] | None:
    """What comes of it; None: it is refused."""
    mine, theirs = socket.socketpair()
    mine.setblocking(False)
    with mine, theirs:
        told: asyncio.Future[list[int] | None] = asyncio.get_running_loop().create_future()
        coming = Coming(mine.fileno(), lambda *fds: told.set_result(list(fds)), lambda: told.set_result(None))
        try:
            how(theirs)
            return await asyncio.wait_for(told, 5)
        finally:
            coming.cancel()


async def test_two_pipes_come_and_no_child_inherits_them() -> None:
    source, sink = os.pipe()
    fds = await sent(lambda sock: socket.send_fds(sock, [TOKEN], [source, sink]))
    assert fds is not None
    assert not any(os.get_inheritable(fd) for fd in fds)
    assert [os.fstat(fd).st_ino for fd in fds] == [os.fstat(fd).st_ino for fd in (source, sink)]
    for fd in (source, sink, *fds):
        os.close(fd)


@pytest.mark.parametrize(
    "what",
    ["nothing", "one", "three", "a file", "a pipe with a name", "a socket to elsewhere", "the end", "other bytes"],
)
async def test_whatever_else_comes_is_refused_and_kept_by_nobody(tmp_path: Path, what: str) -> None:
    pipes = [fd for _ in range(2) for fd in os.pipe()]
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    os.mkfifo(tmp_path / "named")
    named = os.open(tmp_path / "named", os.O_RDWR)
    elsewhere = socket.socket()
    before = held()
    how: dict[str, Callable[[socket.socket], object]] = {
        "nothing": lambda sock: sock.send(TOKEN),
        "one": lambda sock: socket.send_fds(sock, [TOKEN], pipes[:1]),
        "three": lambda sock: socket.send_fds(sock, [TOKEN], pipes[:3]),
        "a file": lambda sock: socket.send_fds(sock, [TOKEN], [pipes[0], file]),
        "a pipe with a name": lambda sock: socket.send_fds(sock, [TOKEN], [pipes[0], named]),
        "a socket to elsewhere": lambda sock: socket.send_fds(sock, [TOKEN], [elsewhere.fileno(), pipes[1]]),
        "the end": lambda sock: sock.shutdown(socket.SHUT_WR),
        "other bytes": lambda sock: socket.send_fds(sock, [b"{"], pipes[:2]),
    }
    assert await sent(how[what]) is None
    assert held() == before
    elsewhere.close()
    for fd in (*pipes, file, named):
        os.close(fd)


class Ear:
    """Hears a client, and notes what becomes of it."""

    def __init__(self) -> None:
        self.said = b""
        self.told: list[str] = []

    def heard(self, data: bytes) -> None:
        self.said += data

    def ended(self) -> None:
        self.told.append("ended")

    def lost(self) -> None:
        self.told.append("lost")

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")


@asynccontextmanager
async def streams(kind: str) -> AsyncIterator[tuple[Ear, Streams, int, int]]:
    """Streams in use, and the descriptors by which their client speaks and hears. As they were handed over, both are
    still held by somebody else, in whose mode they block."""
    loop = asyncio.get_running_loop()
    given, theirs, closing = [-1, -1], [-1, -1], []
    if kind == "pipes":
        (given[0], theirs[0]), (theirs[1], given[1]) = os.pipe(), os.pipe()
    else:
        pairs = [socket.socketpair() for _ in range(1 if kind == "one socket" else 2)]
        closing = [end for pair in pairs for end in pair]
        given, theirs = [pairs[0][0].fileno(), pairs[-1][0].fileno()], [pairs[0][1].fileno(), pairs[-1][1].fileno()]
    before = held()
    mine, other = socket.socketpair()
    mine.setblocking(False)
    ear = Ear()
    with mine, other:
        arrived: asyncio.Future[tuple[int, int]] = loop.create_future()
        coming = Coming(mine.fileno(), lambda *fds: arrived.set_result(fds), lambda: arrived.cancel())
        socket.send_fds(other, [TOKEN], given)
        source, sink = await asyncio.wait_for(arrived, 5)
        coming.cancel()
    transport = Streams(ear)
    await transport.open(source, sink)
    for fd in given:
        os.set_blocking(fd, True)
    try:
        yield ear, transport, theirs[0], theirs[1]
    finally:
        transport.abort()
        await until(lambda: "lost" in ear.told)
        await asyncio.sleep(0)
        assert held() == before
        for end in closing:
            end.close()
        for fd in set(given + theirs) if not closing else ():
            os.close(fd)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.001)


KINDS = ["pipes", "two sockets", "one socket"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_client_is_heard_and_answered_through_streams_of_every_kind(kind: str) -> None:
    async with streams(kind) as (ear, transport, mouth, ears):
        for n in range(3):
            os.write(mouth, b"%d" % n)
            await until(lambda n=n: len(ear.said) == n + 1)  # type: ignore[misc]
            transport.write(b"answer")
            assert os.read(ears, 100) == b"answer"
        assert (ear.said, ear.told) == (b"012", [])


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_who_holds_a_stream_too_can_make_the_gate_wait_for_it(kind: str) -> None:
    size = 3_000_000
    async with streams(kind) as (ear, transport, _, ears):
        for _ in range(3):
            transport.write(b"x" * (size // 3))
        await until(lambda: "pause" in ear.told)
        left = transport.get_write_buffer_size()
        assert left > size // 2
        got = 0
        os.set_blocking(ears, False)
        transport.close()
        while got < size:
            try:
                got += len(os.read(ears, 1 << 20))
            except BlockingIOError:
                await asyncio.sleep(0)
        assert got == size
        await until(lambda: "lost" in ear.told)


async def test_a_client_that_said_all_on_its_one_socket_still_hears() -> None:
    async with streams("one socket") as (ear, transport, mouth, ears):
        os.write(mouth, b"last")
        with socket.socket(fileno=os.dup(mouth)) as client:
            client.shutdown(socket.SHUT_WR)
        await until(lambda: ear.told == ["ended"])
        transport.write(b"answer")
        assert os.read(ears, 100) == b"answer"


def held() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
