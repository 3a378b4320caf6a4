"""One process that scans, as the gate sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mcp_gate.detect.finding import Finding
from mcp_gate.scanning import frames
from mcp_gate.scanning.child import Child
from mcp_gate.scanning.failed import Failure, ScanFailed
from mcp_gate.scanning.pieces import Piece

PROGRAM: Final = "mcp_gate.scanning.worker"


class Worker:
    """Takes one piece at a time. What fails in any other way than by saying so is not used again."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self.pid = child.pid
        self.usable = True
        self.warm = False
        """Whether it has done anything: what it needs is loaded then."""

    @classmethod
    async def start(cls, rules: Path) -> Worker:
        """
        Args:
            rules: where compiled rules are kept.

        Raises:
            ScanFailed: it does not start.
        """
        return cls(await Child.start(PROGRAM, rules))

    @property
    def there(self) -> bool:
        """Whether it can be given work."""
        return self.usable and self._child.there

    async def scan(self, piece: Piece, options: bytes, limit_sec: float) -> Found:
        """What is in it.

        Raises:
            ScanFailed: nothing is known of it.
        """
        try:
            async with asyncio.timeout(limit_sec):
                return await self._scan(piece, options)
        except TimeoutError:
            self.kill()
            raise ScanFailed(Failure.TIME) from None
        except (OSError, EOFError, RuntimeError):  # the last one is uvloop's word for a closed pipe
            self.kill()
            raise ScanFailed(Failure.ENDED) from None
        except (ValueError, TypeError, KeyError) as e:
            self.kill()
            raise ScanFailed(Failure.DETECTOR, "its answer cannot be read") from e
        except asyncio.CancelledError:
            self.kill()
            raise

    async def _scan(self, piece: Piece, options: bytes) -> Found:
        self._child.writer.write(frames.job(piece.leaves, options))
        await self._child.writer.drain()
        sizes = [len(leaf.text) for leaf in piece.leaves]
        found: list[tuple[int, Finding]] = []
        while True:
            more, partial = frames.read_answer(await self._frame(), sizes)
            if partial is not None:
                return found, partial
            found += more
            await asyncio.sleep(0)  # others' turn between frames

    async def _frame(self) -> bytes:
        out = self._child.reader
        (size,) = frames.SIZE.unpack(await out.readexactly(frames.SIZE.size))
        if size > frames.MOST_BYTES:
            raise ValueError("a frame of that size")
        return await out.readexactly(size)

    def kill(self) -> None:
        """It is not used again."""
        self.usable = False
        self._child.kill()

    async def gone(self) -> None:
        """Wait until it ended and was reaped."""
        await self._child.gone()


Found = tuple[Sequence[tuple[int, Finding]], tuple[str, ...]]
"""By the leaf's number in the piece; and which detectors ran out of time."""
