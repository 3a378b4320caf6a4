"""A client's streams on their way to the gate: two pipes or sockets, or nothing."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_gate.faces.mcp.handed import TOKEN, Coming

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


@pytest.mark.parametrize("what", ["nothing", "one", "three", "a file", "the end", "other bytes"])
async def test_whatever_else_comes_is_refused_and_kept_by_nobody(tmp_path: Path, what: str) -> None:
    pipes = [fd for _ in range(2) for fd in os.pipe()]
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    before = held()
    how: dict[str, Callable[[socket.socket], object]] = {
        "nothing": lambda sock: sock.send(TOKEN),
        "one": lambda sock: socket.send_fds(sock, [TOKEN], pipes[:1]),
        "three": lambda sock: socket.send_fds(sock, [TOKEN], pipes[:3]),
        "a file": lambda sock: socket.send_fds(sock, [TOKEN], [pipes[0], file]),
        "the end": lambda sock: sock.shutdown(socket.SHUT_WR),
        "other bytes": lambda sock: socket.send_fds(sock, [b"{"], pipes[:2]),
    }
    assert await sent(how[what]) is None
    assert held() == before
    for fd in (*pipes, file):
        os.close(fd)


def held() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
