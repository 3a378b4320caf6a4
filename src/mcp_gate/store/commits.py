"""Bodies run in one transaction on the writing connection, and committed: all together, or each by itself where one of
them fails."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from mcp_gate.store import file
from mcp_gate.store.database import Body, Conflict, Unavailable, Watch
from mcp_gate.store.live import Live
from mcp_gate.store.tally import Tally
from mcp_gate.store.transaction import Ledger, WriteTx

_OWN_FAULT: Final = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""Errors that one body brings on itself and that leave the transaction usable."""


@dataclass(slots=True, eq=False)
class Job:
    """A queued transaction and who waits for it."""

    body: Body[Any]
    future: asyncio.Future[Any]
    lazy: bool
    reads_record: bool = False
    heavy: bool = False
    """Whether it writes so much that the log has to be written back at once: else the event loop would, some day."""
    value: Any = None
    error: Exception | None = None


Effect: TypeAlias = Callable[[], None]
"""What follows from a transaction once it is durable."""


class Begun(NamedTuple):
    """A transaction under way."""

    connection: sqlite3.Connection
    ledger: Ledger


class Commits:
    """Used by one thread at a time."""

    def __init__(self, path: Path, now: Callable[[], str], moved: Watch, tally: Tally) -> None:
        self._now = now
        self._moved = moved
        self._tally = tally
        self.live = Live(path)
        self.count = 0
        """Since the start."""

    def begin(self, *, patient: bool = True) -> Begun:
        """Begin a transaction.

        Args:
            patient: whether to wait while somebody else holds the database.

        Raises:
            Unavailable, OSError, sqlite3.Error
        """
        connection, head = self.live.begin(file.BUSY_MS / 1000 if patient else 0.0)
        return Begun(connection, Ledger(head, self._now()))

    def run(self, jobs: list[Job], begun: Begun | None) -> list[Effect]:
        """Run the bodies and commit; what a body returns or raises is put into its job. Gives what follows from them.

        Args:
            begun: a transaction that was begun without patience.

        Raises:
            Unavailable, OSError, sqlite3.Error: nothing of any body counts.
        """
        patient = begun is None
        begun = begun or self.begin()
        effects = self._all(begun, jobs)
        if effects is None:
            begun.connection.execute("rollback")
            effects = self._one_by_one(self.begin(patient=patient), jobs)
        return effects

    def _all(self, begun: Begun, jobs: list[Job]) -> list[Effect] | None:
        """Run and commit bodies that hardly ever fail. None: one did, and nothing of any counts."""
        tx = WriteTx(begun.connection, begun.ledger, self._moved)
        for job in jobs:
            if job.reads_record:
                begun.ledger.write(begun.connection)
            try:
                job.value = job.body(tx)
            except sqlite3.Error as error:
                if not isinstance(error, _OWN_FAULT):
                    raise
                return None
            except Exception:
                return None
        self._commit(begun)
        return tx.effects

    def _one_by_one(self, begun: Begun, jobs: list[Job]) -> list[Effect]:
        """Run each body in a savepoint of its own, and commit those that do not fail: its own mistakes are its own."""
        effects: list[Effect] = []
        for job in jobs:
            if job.reads_record:
                begun.ledger.write(begun.connection)
            effects += self._one(begun, job)
        self._commit(begun)
        return effects

    def _commit(self, begun: Begun) -> None:
        begun.ledger.write(begun.connection)
        took = self.live.commit(begun.connection, begun.ledger.head)
        self._tally.committed(begun.ledger.events, took)
        self.count += 1

    def _one(self, begun: Begun, job: Job) -> list[Effect]:
        connection, ledger = begun.connection, begun.ledger
        mark = ledger.mark()
        tx = WriteTx(connection, ledger, self._moved)
        connection.execute("savepoint body")
        try:
            job.value = job.body(tx)
            job.error = None
        except sqlite3.Error as error:
            if not isinstance(error, _OWN_FAULT):
                raise
            job.error = Conflict(str(error)) if isinstance(error, sqlite3.IntegrityError) else Unavailable(str(error))
        except Exception as error:
            job.error = error
        if job.error is not None:
            connection.execute("rollback to body")
            ledger.back_to(mark)
            tx.effects.clear()
        connection.execute("release body")
        return tx.effects
