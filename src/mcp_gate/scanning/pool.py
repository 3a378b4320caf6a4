"""Processes that scan pieces."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Final

from mcp_gate.scanning.pieces import Piece
from mcp_gate.scanning.process import Found, ScanWorker
from mcp_gate.scanning.workers import MOST, Workers

PIECE_SEC: Final = 5.0
"""How long one piece may take."""


class Pool:
    """At most `most` pieces at once; the others wait."""

    def __init__(self, rules: Path, *, most: int | None = None, piece_sec: float = PIECE_SEC) -> None:
        self.most = most or MOST
        self._piece_sec = piece_sec
        self._workers = Workers(partial(ScanWorker.start, rules))
        self._places = asyncio.Semaphore(self.most)

    async def scan(self, piece: Piece, options: bytes) -> Found:
        """What is in a piece. A caller that goes away does not disturb the process at it.

        Raises:
            ScanFailed: nothing is known of it.
        """
        return await self._workers.undisturbed(self._scan(piece, options))

    async def _scan(self, piece: Piece, options: bytes) -> Found:
        async with self._places:
            return await self._workers.do(lambda worker: worker.scan(piece, options, self._piece_sec))

    async def close(self) -> None:
        """End them all, whatever they are at."""
        await self._workers.close()

    @property
    def closed(self) -> bool:
        """Whether nothing is scanned any more."""
        return self._workers.closed

    @property
    def pids(self) -> frozenset[int]:
        """Of those that run."""
        return self._workers.pids

    @property
    def warm(self) -> bool:
        """Whether a process has done a piece of work and is still there."""
        return self._workers.warm
