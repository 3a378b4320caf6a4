"""The database file itself: made once, locked by one writer, watched while it is in use."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from mcp_gate.evidence import chain, gaps
from mcp_gate.store import migrations
from mcp_gate.store.database import Unavailable

BUSY_MS: Final = 5000
"""How long another process may hold the database before a call is refused."""

_PRAGMAS: Final = (
    "trusted_schema = off",
    "cell_size_check = on",
    "foreign_keys = on",
    "secure_delete = on",
    "mmap_size = 0",
)
_PAGE_BYTES: Final = 2048
"""Of a new database; an older one keeps its own. A call touches ten pages, each of which goes through the log whole."""
_WRITER_PRAGMAS: Final = ("synchronous = full", "wal_autocheckpoint = 8000")

TAIL: Final = 1000
"""Records at the end of the chain that are checked when the database is opened; `audit verify` checks all."""


def connect(path: Path, *, write: bool, immutable: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode, rows as dicts; it never creates the file.

    Raises:
        sqlite3.Error
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'rw' if write else 'ro'}{'&immutable=1' if immutable else ''}",
        uri=True, isolation_level=None, timeout=BUSY_MS / 1000, check_same_thread=False, cached_statements=256,
    )  # fmt: skip
    connection.row_factory = _row
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"pragma {pragma}")
        if write:
            _write_ahead(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """A reading connection that has proved it can read a gate's database.

    A file on a medium that cannot be written is read as it lies there, if no write-ahead log belongs to it.

    Raises:
        Unavailable: the file is not a database of a gate's, or of a newer one.
        sqlite3.Error
    """
    connection = connect(path, write=False)
    try:
        migrations.check(connection)
    except sqlite3.OperationalError:
        connection.close()
        log = path.with_name(path.name + "-wal")
        if os.access(path.parent, os.W_OK) or (log.exists() and log.stat().st_size):
            raise
        connection = connect(path, write=False, immutable=True)
        migrations.check(connection)
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    connection.execute(f"pragma page_size = {_PAGE_BYTES}")
    if connection.execute("pragma journal_mode = wal").fetchone()["journal_mode"] != "wal":
        raise Unavailable("the file system of the state directory cannot hold a write-ahead log; use a local one")
    for pragma in _WRITER_PRAGMAS:
        connection.execute(f"pragma {pragma}")


def _row(cursor: sqlite3.Cursor, values: tuple[object, ...]) -> dict[str, object]:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


class Lock:
    """The right to write, held by one process; it ends with the process.

    The lock file also remembers that there was a database: a gate whose database has vanished does not start anew.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._fd = -1

    def take(self) -> None:
        """
        Raises:
            Unavailable: another process holds it.
            OSError: the directory cannot be written.
        """
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            why = "another mcp-gate is writing to this state directory, and only one may; 'mcp-gate stop' ends it"
            raise Unavailable(why) from None

    @property
    def had_database(self) -> bool:
        """Whether there ever was a database beside it."""
        return os.fstat(self._fd).st_size > 0

    @property
    def path(self) -> Path:
        """Of the file that is locked."""
        return self._path

    def remember(self) -> None:
        """From now on there is a database beside it."""
        if not self.had_database:
            os.pwrite(self._fd, b"This state directory has a database.\n", 0)
            os.fsync(self._fd)

    def release(self) -> None:
        """Let go of it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def prepare(path: Path, lock: Lock) -> None:
    """Make the file if there never was one, check it, migrate it; the caller holds the lock.

    Raises:
        Unavailable: see `Store.open`.
        OSError, sqlite3.Error
    """
    if not path.exists() or path.stat().st_size == 0:
        if lock.had_database:
            raise Unavailable(
                f"the database {path.name} is missing or empty though there was one: restore it from a backup, "
                f"or remove {lock.path.name} to begin a new record"
            )
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    connection = connect(path, write=True)
    try:
        if migrations.version(connection) == 0 and lock.had_database:
            raise Unavailable(f"the database {path.name} has lost its content: restore it from a backup")
        _check_pages(connection)
        migrations.migrate(connection)
        _check_tail(connection)
    finally:
        connection.close()
    lock.remember()


def _check_pages(connection: sqlite3.Connection) -> None:
    found = connection.execute("pragma quick_check(1)").fetchone()["quick_check"]
    if found != "ok":
        raise Unavailable(f"the database is damaged ({found}): restore it from a backup")


def _check_tail(connection: sqlite3.Connection) -> None:
    """The end of the chain is where a torn or swapped file shows first."""
    rows = connection.execute(
        "select seq, event, body, prev_hash, hash from audit order by seq desc limit ?", (TAIL,)
    ).fetchall()
    head: chain.Head | None = None
    taken = gaps.Gaps()
    for seq, event, body, prev_hash, stated in (row.values() for row in reversed(rows)):
        expected = chain.START if head is None and seq == 1 else head
        linked = expected is None or (seq == expected.seq + 1 and prev_hash == expected.hash)
        if linked and event == gaps.TOMBSTONE:
            taken.missing(seq, stated)
        elif not linked or chain.link(prev_hash, body.encode()) != stated:
            raise Unavailable(f"the record is broken at seq {seq}: see `mcp-gate audit verify`, restore a backup")
        elif event == gaps.PURGE:
            taken.told(event, json.loads(body)["data"])
        head = chain.Head(seq, stated)
    if taken.first:
        raise Unavailable(f"records from seq {taken.first} on are gone without a word: see `mcp-gate audit verify`")
    if head is None and connection.execute("select 1 from calls limit 1").fetchone():
        raise Unavailable("the record is empty though there were calls: restore a backup")


class Watch:
    """Notices that the file, or its write-ahead log, is no longer the one that was opened."""

    def __init__(self, path: Path) -> None:
        self._path = os.fspath(path)
        self._wal = self._path + "-wal"
        self._file = self._identity(self._path)
        self._log: tuple[int, int] | None = None
        self._size = 0

    def check(self) -> None:
        """Before the file is used, or opened again: a log must never meet a file it does not belong to.

        Raises:
            Unavailable: it was deleted, replaced, cut short, or made read-only.
        """
        try:
            now = os.stat(self._path)  # noqa: PTH116 -- asked at every commit: no Path made for it
        except OSError:
            raise Unavailable("the database was deleted while the gate was running") from None
        if (now.st_dev, now.st_ino) != self._file:
            raise Unavailable("the database was replaced while the gate was running")
        if now.st_size < self._size:
            raise Unavailable("the database was cut short while the gate was running")
        if not now.st_mode & 0o200:
            raise Unavailable("the database was made read-only")
        self._size = now.st_size

    def check_log(self) -> None:
        """
        Raises:
            Unavailable: the log is not the one that was written so far.
        """
        if self._log is not None and self._log != self._identity(self._wal, missing_ok=True):
            raise Unavailable("the write-ahead log was deleted or replaced while the gate was running")

    def opened(self) -> None:
        """The file was opened anew; its log may be another one."""
        self._log = None

    def committed(self) -> None:
        """There is a log now."""
        if self._log is None:
            self._log = self._identity(self._wal, missing_ok=True)

    @staticmethod
    def _identity(path: str, *, missing_ok: bool = False) -> tuple[int, int] | None:
        try:
            found = os.stat(path)  # noqa: PTH116
        except FileNotFoundError:
            if missing_ok:
                return None
            raise
        return found.st_dev, found.st_ino


def rescue(connection: sqlite3.Connection) -> None:
    """Before a connection is given up: bring what its log holds into the file, if that is still possible."""
    with suppress(sqlite3.Error):
        connection.execute("pragma busy_timeout = 0")
        connection.execute("pragma wal_checkpoint(passive)")
