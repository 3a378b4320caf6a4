"""A peer on a socket: the adapter from asyncio's protocol calls."""

from __future__ import annotations

import asyncio
from typing import cast

from mcp_gate.wire.peer import Peer


class PeerProtocol(asyncio.Protocol):
    """Feeds a peer from a transport and closes it when the transport ends."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._peer.connect(cast(asyncio.WriteTransport, transport))

    def data_received(self, data: bytes) -> None:
        self._peer.feed(data)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._peer.close("the other side went away")

    def pause_writing(self) -> None:
        self._peer.pause_writing()

    def resume_writing(self) -> None:
        self._peer.resume_writing()
