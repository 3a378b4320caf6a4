"""One process that scans, as the gate sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from mcp_gate.detect.finding import Finding
from mcp_gate.scanning import frames
from mcp_gate.scanning.child import Child
from mcp_gate.scanning.pieces import Piece

Found = tuple[Sequence[tuple[int, Finding]], tuple[str, ...]]
"""By the leaf's number in the piece; and which detectors ran out of time."""


class ScanWorker(Child):
    """Takes one piece at a time."""

    PROGRAM: ClassVar = "mcp_gate.scanning.worker"

    async def scan(self, piece: Piece, options: bytes, limit_sec: float) -> Found:
        """What is in it.

        Raises:
            ScanFailed: nothing is known of it.
        """
        async with self.job(limit_sec):
            await self.send([frames.job(piece.leaves, options)])
            sizes = [len(leaf.text) for leaf in piece.leaves]
            found: list[tuple[int, Finding]] = []
            while True:
                more, partial = frames.read_answer(await self.frame(frames.SIZE, frames.MOST_BYTES), sizes)
                if partial is not None:
                    return found, partial
                found += more
                await asyncio.sleep(0)  # others' turn between frames
