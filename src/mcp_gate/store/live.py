"""The one connection that writes: opened, looked at before every use, and given up when it fails."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from mcp_gate.evidence.chain import START, Head
from mcp_gate.store import file
from mcp_gate.store.database import Unavailable

_BUSY: Final = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_BUSY_SNAPSHOT", "SQLITE_BUSY_TIMEOUT"})
_BUSY_POLL_SEC: Final = 0.01


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The writer's connection; see `file.connect`."""
    return file.connect(path, write=True)


class Live:
    """Belongs to whoever has the writer's turn. After the first time it is opened, the file must hold the record that
    this process wrote."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._watch = file.Watch(path)
        self._connection: sqlite3.Connection | None = None
        self._head: Head | None = None
        self._attempted: Head | None = None
        """Head of a commit that failed: it may be on disk all the same."""
        self.generation = 0
        """Rises whenever the file is opened anew."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    def open(self) -> sqlite3.Connection:
        """
        Raises:
            Unavailable, OSError, sqlite3.Error
        """
        connection = open_for_writing(self._path)
        try:
            head = _head_on_disk(connection)
            if self._head is not None and head not in (self._head, self._attempted):
                raise Unavailable("the database does not end where this gate left it: it was replaced or rolled back")
        except BaseException:
            connection.close()
            raise
        connection.execute("pragma busy_timeout = 0")  # see `_lock`
        self._head = head
        self._attempted = None
        self._connection = connection
        self._watch.opened()
        self.generation += 1
        return connection

    def begin(self, patience: float) -> tuple[sqlite3.Connection, Head]:
        """Begin to write; gives where the record ends.

        Args:
            patience: how long somebody else may hold the database, in seconds.

        Raises:
            Unavailable, OSError, sqlite3.Error: it cannot be written, or is not the one that was written before.
        """
        connection = self._ready()
        _lock(connection, patience)
        head = _head_on_disk(connection)
        if head != self._head:
            raise Unavailable("the record was changed by somebody else, or an older copy was put in its place")
        return connection, head

    def commit(self, connection: sqlite3.Connection, head: Head) -> float:
        """Commit what ends in `head`; gives how long it took, in seconds."""
        self._attempted = head
        started = time.monotonic()
        connection.execute("commit")
        took = time.monotonic() - started
        self._head = head
        self._attempted = None
        self._watch.committed()
        return took

    def write_back(self) -> None:
        """Bring what is in the log into the file."""
        if self._connection is not None:
            with suppress(sqlite3.Error):  # what is wrong the next commit will tell
                self._connection.execute("pragma wal_checkpoint(passive)")

    def roll_back(self) -> None:
        """Leave nothing of what was begun; a connection that cannot do that is given up."""
        connection = self._connection
        if connection is not None and connection.in_transaction:
            try:
                connection.execute("rollback")
            except sqlite3.Error:
                self.abandon()

    def abandon(self) -> None:
        """Give the connection up: what was committed is safe, and the next transaction opens the file anew."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("rollback")
        file.rescue(connection)
        with suppress(sqlite3.Error):
            connection.close()

    def _ready(self) -> sqlite3.Connection:
        self._watch.check()
        if self._connection is None:
            return self.open()
        self._watch.check_log()
        return self._connection


def is_busy(error: Exception) -> bool:
    """Whether somebody else holds the database, and nothing else is wrong."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorname", "") in _BUSY


def _head_on_disk(connection: sqlite3.Connection) -> Head:
    row = connection.execute("select seq, hash from audit order by seq desc limit 1").fetchone()
    return START if row is None else Head(row["seq"], row["hash"])


def _lock(connection: sqlite3.Connection, patience: float) -> None:
    """SQLite's own patience would be the event loop's too."""
    until = time.monotonic() + patience
    while True:
        try:
            connection.execute("begin immediate")
        except sqlite3.Error as error:
            if not is_busy(error) or time.monotonic() >= until:
                raise
            time.sleep(_BUSY_POLL_SEC)
        else:
            return
