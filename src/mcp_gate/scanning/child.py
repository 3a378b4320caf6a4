"""A process that the gate starts for itself, and one socket to it: its standard input and output."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final

from mcp_gate.scanning.failed import Failure, ScanFailed
from mcp_gate.scanning.spawn import spawn

KEPT: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
"""What it sees of the gate's environment: nothing that is anybody's secret."""
LIMIT: Final = 1 << 20
"""Bytes that are read ahead."""


class Child:
    """One that runs."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.reader = reader
        self.writer = writer
        self._gone: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, program: str, rules: Path) -> Child:
        """
        Args:
            program: a module.
            rules: where compiled rules are kept.

        Raises:
            ScanFailed: it does not start.
        """
        command = [sys.executable, "-I", "-m", program, str(rules), str(os.getpid())]
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        ours, its = socket.socketpair()
        with its:
            try:
                pid = await asyncio.to_thread(spawn, command, env, its.fileno())
                reader, writer = await asyncio.open_connection(sock=ours, limit=LIMIT)
            except OSError as e:
                ours.close()
                raise ScanFailed(Failure.MISSING, "the process that scans cannot be started") from e
        return cls(pid, reader, writer)

    def kill(self) -> None:
        """At once: nothing it holds is worth an orderly end."""
        if self._gone is None:
            os.kill(self.pid, signal.SIGKILL)
            self._gone = asyncio.create_task(self._reaped())

    @property
    def there(self) -> bool:
        """Whether it runs, as far as its socket tells."""
        return not self.reader.at_eof() and not self.writer.is_closing()

    async def gone(self) -> None:
        """End it, if nobody did, and wait until it was reaped."""
        self.kill()
        if self._gone is not None:
            await self._gone

    async def _reaped(self) -> None:
        await asyncio.to_thread(os.waitpid, self.pid, 0)
        self.writer.close()
