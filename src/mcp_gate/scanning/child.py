"""A process that the gate starts for itself to do its work: one job at a time, over one socket, its standard input and
output."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from struct import Struct
from typing import ClassVar, Final, Self

from mcp_gate.scanning.failed import Failure, ScanFailed
from mcp_gate.scanning.spawn import spawn

KEPT: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
"""What it sees of the gate's environment: nothing that is anybody's secret."""
LIMIT: Final = 1 << 20
"""Bytes that are read ahead."""
START_SEC: Final = 20.0
"""How much longer the first job of a process may take, which waits for rules to be compiled, once in the life of a
gate."""


class Child:
    """A process, as the gate sees it. What fails in any other way than by saying so is killed and not used again."""

    PROGRAM: ClassVar[str]
    """The module that it runs."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._reader = reader
        self._writer = writer
        self._gone: asyncio.Task[None] | None = None
        self.warm = False
        """Whether it has done anything: what it needs is loaded then."""

    @classmethod
    async def start(cls, rules: Path) -> Self:
        """
        Args:
            rules: where compiled rules are kept.

        Raises:
            ScanFailed: it does not start.
        """
        command = [sys.executable, "-I", "-m", cls.PROGRAM, str(rules), str(os.getpid())]
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

    @property
    def usable(self) -> bool:
        """Whether nobody killed it."""
        return self._gone is None

    @property
    def there(self) -> bool:
        """Whether it can be given work: it is usable and runs, as far as its socket tells."""
        return self.usable and not self._reader.at_eof() and not self._writer.is_closing()

    @asynccontextmanager
    async def job(self, limit_sec: float) -> AsyncIterator[None]:
        """Within it one job is sent and its answer read. Whoever goes away in the midst of it ends the process, whose
        answer nobody could tell from the next one.

        Raises:
            ScanFailed: nothing is known of the job.
        """
        try:
            async with asyncio.timeout(limit_sec if self.warm else START_SEC + limit_sec):
                yield
            self.warm = True
        except ScanFailed:
            raise  # it said so itself, and is fit for the next job
        except TimeoutError:
            self.kill()
            raise ScanFailed(Failure.TIME) from None
        except (OSError, EOFError, RuntimeError):  # the last one is uvloop's word for a closed pipe
            self.kill()
            raise ScanFailed(Failure.ENDED) from None
        except (ValueError, TypeError, KeyError) as e:
            self.kill()
            raise ScanFailed(Failure.DETECTOR, "its answer cannot be read") from e
        except BaseException:
            self.kill()
            raise

    async def send(self, parts: Iterable[bytes]) -> None:
        """Write, each part once there is room for it."""
        for part in parts:
            self._writer.write(part)
            await self._writer.drain()

    async def read(self, size: int) -> bytes:
        """So many bytes.

        Raises:
            EOFError: it ended before.
        """
        return await self._reader.readexactly(size)

    async def frame(self, length: Struct, most: int) -> bytes:
        """Bytes with their length before them.

        Raises:
            EOFError: it ended before.
            ValueError: they are more than `most`.
        """
        (size,) = length.unpack(await self.read(length.size))
        if size > most:
            raise ValueError("a frame of that size")
        return await self.read(size)

    def kill(self) -> None:
        """At once: nothing it holds is worth an orderly end."""
        if self._gone is None:
            os.kill(self.pid, signal.SIGKILL)
            self._gone = asyncio.create_task(self._reaped())

    async def gone(self) -> None:
        """End it, if nobody did, and wait until it was reaped."""
        self.kill()
        if self._gone is not None:
            await self._gone

    async def _reaped(self) -> None:
        await asyncio.to_thread(os.waitpid, self.pid, 0)
        self._writer.close()
