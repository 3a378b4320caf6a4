"""One process that scans, as the gate sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mcp_gate.detect.finding import Finding
from mcp_gate.scanning import frames
from mcp_gate.scanning.failed import Failure, ScanFailed
from mcp_gate.scanning.pieces import Piece

PROGRAM: Final = "mcp_gate.scanning.worker"
KEPT: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
"""What it sees of the gate's environment: nothing that is anybody's secret."""


class Worker:
    """Takes one piece at a time. What fails in any other way than by saying so is not used again."""

    def __init__(self, process: Process) -> None:
        self._process = process
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
        command = [sys.executable, "-I", "-m", PROGRAM, str(rules), str(os.getpid())]
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        try:
            return cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=env))
        except OSError as e:
            raise ScanFailed(Failure.MISSING, "the process that scans cannot be started") from e

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def there(self) -> bool:
        """Whether it can be given work."""
        return self.usable and self._process.returncode is None

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
        assert self._process.stdin is not None
        self._process.stdin.write(frames.job(piece.leaves, options))
        await self._process.stdin.drain()
        sizes = [len(leaf.text) for leaf in piece.leaves]
        found: list[tuple[int, Finding]] = []
        while True:
            more, partial = frames.read_answer(await self._frame(), sizes)
            if partial is not None:
                return found, partial
            found += more
            await asyncio.sleep(0)  # others' turn between frames

    async def _frame(self) -> bytes:
        out = self._process.stdout
        assert out is not None
        (size,) = frames.SIZE.unpack(await out.readexactly(frames.SIZE.size))
        if size > frames.MOST_BYTES:
            raise ValueError("a frame of that size")
        return await out.readexactly(size)

    def kill(self) -> None:
        """At once: nothing it holds is worth an orderly end. Once: asking for the state of one that ended would take it
        from whoever waits for it."""
        if self.usable and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.usable = False

    async def gone(self) -> None:
        """Wait until it ended and was reaped."""
        await self._process.wait()


Found = tuple[Sequence[tuple[int, Finding]], tuple[str, ...]]
"""By the leaf's number in the piece; and which detectors ran out of time."""
