"""`agent.sock`: where `mcp-gate connect` brings stdio clients. One connection, one agent, one conversation."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final, cast

from mcp_gate.faces.bound import bind_local
from mcp_gate.faces.mcp.handed import Coming, Streams
from mcp_gate.faces.mcp.talk import Talk
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.identity import NotAdmitted
from mcp_gate.wire.errors import INVALID_REQUEST, NOT_ADMITTED, RpcError

log = logging.getLogger(__name__)

NAME: Final = "agent.sock"
HELLO_BYTES: Final = 4096
HELLO_SEC: Final = 10.0
MOST_CLIENTS: Final = 512
BACKLOG: Final = 128
LAST_WORD_SEC: Final = 1.0
"""How long answers may take to get out when the gate ends."""
LAST_WORD: Final = b'{"ended":true}\n'
"""Tells `connect` that its client ended, not the gate."""
DRAIN_SEC: Final = 5.0
"""How long a client that closed its side may still take answers."""


@asynccontextmanager
async def serve_agents(gate: Gate, state: Path) -> AsyncIterator[None]:
    """Listen on `agent.sock` in the state directory while the context lasts.

    Raises:
        ConfigError: the socket cannot be bound.
    """
    path = state / NAME
    listener = bind_local(path, BACKLOG)
    doors: set[_Door] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: _Door(gate, doors), sock=listener, backlog=BACKLOG)
    ending: set[asyncio.Task[None]] = set()

    def show_out(agents: frozenset[str]) -> None:
        for door in [door for door in doors if door.agent in agents]:
            task = asyncio.create_task(door.end())
            ending.add(task)
            task.add_done_callback(ending.discard)

    gate.faces.shown_out.append(show_out)
    try:
        yield
    finally:
        gate.faces.shown_out.remove(show_out)
        server.close()
        path.unlink(missing_ok=True)
        await asyncio.gather(*(door.end() for door in list(doors)), return_exceptions=True)


class _Door(asyncio.Protocol):
    """One connection: a line that says who is there, then plain MCP; or the client's own streams, which carry it."""

    def __init__(self, gate: Gate, doors: set[_Door]) -> None:
        self._gate = gate
        self._doors = doors
        self.agent = ""
        """Who came in; "" until he is known."""
        self._early = b""
        self._talk: Talk | None = None
        self._transport: asyncio.Transport | None = None
        self._coming: Coming | None = None
        self._streams: Streams | None = None
        self._opening: asyncio.Task[None] | None = None
        self._said_all = False
        self._timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._doors.add(self)
        if not same_user(transport.get_extra_info("socket")):
            self._refuse(NOT_ADMITTED, "only the user who runs the gate may connect")
        elif len(self._doors) > MOST_CLIENTS:
            self._refuse(NOT_ADMITTED, "too many clients")
        else:
            self._timer = asyncio.get_running_loop().call_later(HELLO_SEC, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._streams is not None:
            return  # `connect` has nothing more to say
        if self._talk is not None:
            self._talk.peer.feed(data)
            return
        self._early += data
        line, newline, rest = self._early.partition(b"\n")
        if newline:
            self._hello(line, rest)
        elif len(self._early) > HELLO_BYTES:
            self._refuse(INVALID_REQUEST, "the first line has to say who is there")

    def eof_received(self) -> bool:
        if self._talk is None or self._streams is not None:
            return False
        self.ended()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._coming is not None:
            self._coming.cancel()
        if self._streams is not None:
            self._streams.abort()
        if self._talk is not None:
            self._talk.peer.close("the client went away")
            self._ending = asyncio.create_task(self._closed(self._talk))
        else:
            self._let_go()

    def pause_writing(self) -> None:
        """A client that does not read is not read from either, so that answers cannot pile up without end."""
        way = self._streams or self._transport
        if self._talk is not None and way is not None:
            self._talk.peer.pause_writing()
            way.pause_reading()

    def resume_writing(self) -> None:
        way = self._streams or self._transport
        if self._talk is not None and way is not None:
            self._talk.peer.resume_writing()
            way.resume_reading()

    # ---- handed.Listener

    def heard(self, data: bytes) -> None:
        if self._talk is not None:
            self._talk.peer.feed(data)

    def ended(self) -> None:
        """The client will say no more; what is under way may still be answered for a moment."""
        self._said_all = True
        if self._talk is not None:
            self._talk.peer.end()
            self._ending = asyncio.create_task(self._drain(self._talk))

    def lost(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if self._said_all:
                self._transport.write(LAST_WORD)
            self._transport.close()

    # ---- parts

    def _hello(self, line: bytes, rest: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        try:
            said = json.loads(line)
            agent, token, hands_over = said["agent"], said.get("token"), said.get("streams") is True
            if said["hello"] != 1 or not isinstance(agent, str) or not isinstance(token, str | None):
                raise ValueError("another kind of hello")
            if hands_over and rest:
                raise ValueError("it speaks on its streams, or here")
            agent = self._gate.admit(agent, token)
        except NotAdmitted as e:
            self._refuse(NOT_ADMITTED, str(e))
            return
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._refuse(INVALID_REQUEST, "the first line has to say who is there")
            return
        self._early = b""
        self.agent = agent
        if hands_over:
            self._await_streams(self._transport)
            return
        self._transport.write(b'{"ok":true}\n')
        self._enter(self._transport)
        if rest:
            self.heard(rest)

    def _enter(self, way: asyncio.WriteTransport) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._talk = Talk(self._gate, self.agent, way)
        self._gate.faces.clients += 1

    def _await_streams(self, transport: asyncio.Transport) -> None:
        """The loop reads bytes alone, and descriptors come beside them: nothing else reads this socket meanwhile."""
        transport.pause_reading()
        descriptor = transport.get_extra_info("socket").fileno()
        self._coming = Coming(descriptor, partial(self._arrived, transport), partial(self._missed, transport))
        transport.write(b'{"ok":true,"streams":true}\n')

    def _arrived(self, transport: asyncio.Transport, source: int, sink: int) -> None:
        self._streams = Streams(self)
        self._enter(self._streams)
        self._opening = asyncio.create_task(self._open(transport, self._streams, source, sink))

    def _missed(self, transport: asyncio.Transport) -> None:
        """The system did not let them through, say: `connect` then moves the bytes itself."""
        transport.write(b'{"streams":false}\n')
        self._enter(transport)
        transport.resume_reading()

    async def _open(self, transport: asyncio.Transport, streams: Streams, source: int, sink: int) -> None:
        transport.write(b'{"streams":true}\n')
        try:
            await streams.open(source, sink)
        except OSError as error:
            log.warning("a client's streams cannot be used: %s", error)
            transport.abort()
        if transport.is_closing():
            streams.abort()
        else:
            transport.resume_reading()  # its end is noticed from now on

    def _refuse(self, code: int, message: str) -> None:
        if self._transport is not None and not self._transport.is_closing():
            log.warning("a client was refused: %s", message)
            self._transport.write(json.dumps({"error": RpcError(code, message).as_json()}).encode() + b"\n")
            self._transport.close()

    async def _drain(self, talk: Talk) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SEC):
                await talk.idle()
        talk.peer.close("the client closed its side")

    async def _closed(self, talk: Talk) -> None:
        try:
            await talk.end()
        finally:
            self._gate.faces.clients -= 1
            self._let_go()

    def _let_go(self) -> None:
        self._doors.discard(self)
        self._gone.set()

    async def end(self) -> None:
        """The gate ends: let answers out for a moment, close, and wait until everything of this client is let go."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_SEC):
                if self._talk is not None:
                    await self._talk.idle()
                way = self._streams or self._transport
                if way is not None:
                    way.close()  # what was written still goes out
                await self._gone.wait()
        if self._transport is not None:
            self._transport.abort()
        await self._gone.wait()


def same_user(connection: socket.socket) -> bool:
    """Whether the other end runs as our own user. Where the system cannot tell, the folder's 0700 has to do."""
    if sys.platform == "linux":
        size = struct.calcsize("3i")
        _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        return bool(uid == os.getuid())
    return True
