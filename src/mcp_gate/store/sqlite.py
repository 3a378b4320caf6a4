"""The store's database on one machine: SQLite of the standard library, one thread that writes and one that reads."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from mcp_gate.lang.times import rfc3339
from mcp_gate.store import file
from mcp_gate.store.commits import Job
from mcp_gate.store.database import Body, Unavailable, Watch
from mcp_gate.store.erase import scrub
from mcp_gate.store.tally import Tally
from mcp_gate.store.transaction import ReadTx
from mcp_gate.store.writer import Writer

T = TypeVar("T")
LAZY_SEC: Final = 0.02
"""Longest wait of a lazy body for one to be committed with."""


class SQLite:
    """A `Database` in one file. All methods belong to the event loop it was opened in."""

    def __init__(self, path: Path, writer: Writer, lock: file.Lock) -> None:
        self._path = path
        self._writer = writer
        self._lock = lock
        self._loop = asyncio.get_running_loop()
        self._lazy: list[Job] = []
        """Bodies that nobody waits for, kept until there is a commit to go with."""
        self._due: asyncio.TimerHandle | None = None
        self._closed = False
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="mcp-gate-read")
        self._reader: sqlite3.Connection | None = None
        self._generation = 0

    @classmethod
    async def open(
        cls, path: Path, clock: Callable[[], float], moved: Watch = lambda call_id, state: None,
        tally: Tally | None = None,
    ) -> SQLite:  # fmt: skip
        """See `Store.open`."""
        counts = tally or Tally()
        lock = file.Lock(path)
        loop = asyncio.get_running_loop()

        def prepare() -> Writer:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.take()
            file.prepare(path, lock)
            writer = Writer(path, lambda: rfc3339(clock()), loop, moved, counts)
            writer.start()
            return writer

        try:
            writer = await asyncio.to_thread(prepare)
        except (sqlite3.Error, OSError) as error:
            lock.release()
            raise Unavailable(f"the database {path.name} cannot be opened: {error}") from error
        except BaseException:
            lock.release()
            raise
        return cls(path, writer, lock)

    @property
    def commits(self) -> int:
        """Transactions committed so far; bodies per commit is what grouping gains."""
        return self._writer.commits

    def write(
        self,
        body: Body[T],
        *,
        lazy: bool = False,
        reads_record: bool = False,
        alone: bool = False,
        heavy: bool = False,
    ) -> asyncio.Future[T]:
        """Queue a transaction, in the order of the calls.

        Raises:
            Unavailable: at once, if the store is closed.
        """
        if self._closed:
            raise Unavailable("the store is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        job = Job(body, future, lazy, reads_record, heavy)
        if lazy:
            future.add_done_callback(_heard)
            if self._due is None:
                self._due = self._loop.call_later(LAZY_SEC, self._lazy_due)
            self._lazy.append(job)
            if heavy:
                self._flush()  # else it could ride along with one that the event loop writes
        elif alone and self._writer.at_once([*self._lazy, job]):
            self._lazy.clear()
        else:
            self._flush()
            self._writer.put(job)
        return future

    def read(self, body: Body[T]) -> asyncio.Future[T]:
        """Run a reading body on a consistent view, in the reader's thread."""
        if self._closed:
            raise Unavailable("the store is closed")
        return self._loop.run_in_executor(self._readers, self._read, body)

    async def scrub(self) -> bool:
        """See `erase.scrub`."""
        try:
            return await asyncio.to_thread(scrub, self._path)
        except sqlite3.Error as error:
            raise Unavailable(str(error)) from error

    async def close(self) -> None:
        """Write what is queued, then let go of the file."""
        if self._closed:
            return
        self._closed = True
        if self._due is not None:
            self._due.cancel()
        self._flush()
        await self._loop.run_in_executor(self._readers, self._close_reader)
        self._readers.shutdown(wait=True)
        await self._writer.close()
        self._lock.release()

    def _lazy_due(self) -> None:
        self._due = None
        self._flush()

    def _flush(self) -> None:
        for job in self._lazy:
            self._writer.put(job)
        self._lazy.clear()

    # -- the reader's thread ------------------------------------------------------------------------------------

    def _read(self, body: Body[T]) -> T:
        try:
            connection = self._reading()
            connection.execute("begin")
            try:
                return body(ReadTx(connection))
            finally:
                connection.execute("rollback")
        except (sqlite3.Error, OSError) as error:
            self._close_reader()
            raise Unavailable(str(error)) from error

    def _reading(self) -> sqlite3.Connection:
        generation = self._writer.generation
        if self._reader is None or self._generation != generation:
            self._close_reader()
            self._reader = file.connect(self._path, write=False)
            self._generation = generation
        return self._reader

    def _close_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


def _heard(future: asyncio.Future[Any]) -> None:
    """A lazy transaction may fail with nobody listening."""
    if not future.cancelled():
        future.exception()
