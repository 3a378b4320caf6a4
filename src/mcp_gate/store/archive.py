"""The record read from outside the gate, whether one runs or not. Never writes, never checkpoints."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from mcp_gate.evidence.chain import START, Checker, Verification
from mcp_gate.history.past import Past, Word
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.store import calls, file, history, pins, reading, record, snapshots
from mcp_gate.store.attested import Attested
from mcp_gate.store.database import Row, Tx, Unavailable
from mcp_gate.store.transaction import ReadTx

T = TypeVar("T")

UNREADABLE = (ValueError, AttributeError, TypeError)
"""What reading a record raises that somebody made into something else."""
PAGE = 1000
"""Records read at a time, so that a reader never holds the write-ahead log for long."""


class Archive:
    """A database file opened for reading, synchronous. Every method may raise `Unavailable`: it cannot be read."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            FileNotFoundError: there is no database.
            Unavailable: it is not one a gate wrote, or cannot be read.
        """
        if not path.is_file():
            raise FileNotFoundError(path)
        try:
            self._connection = file.connect_for_reading(path)
        except sqlite3.Error as error:
            raise Unavailable(f"the database cannot be read: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def changed(self) -> int:
        """A number that differs once anybody has written."""
        return self._view(lambda tx: _number(tx.one("pragma data_version")))

    def last(self, count: int) -> list[JsonObject]:
        """The newest records, oldest of them first."""
        return self._view(lambda tx: record.last(tx, count))

    def after(self, seq: int) -> Iterator[JsonObject]:
        """All records from the next one on, oldest first."""
        while page := self._view(partial(record.page, after_seq=seq, limit=PAGE)):
            yield from page
            seq = page[-1]["seq"]

    def before(self, ts: str) -> int:
        """`seq` of the record before the first one of a time (RFC 3339), or of the last one if all are older."""
        return self._view(
            lambda tx: _number(
                tx.one(
                    "select coalesce((select min(seq) - 1 from audit where ts >= :ts), max(seq), 0) as n from audit",
                    ts=ts,
                )
            )
        )

    def about(self, id: str) -> list[JsonObject]:
        """All records of a call or a request."""
        return self._view(lambda tx: record.about(tx, id))

    def call(self, id: str) -> JsonObject | None:
        """The call with this id, or that this request holds; see `Store.call`."""

        def body(tx: Tx) -> JsonObject | None:
            request = reading.find(tx, id)
            return calls.show(tx, id if request is None else request.call.id)

        return self._view(body)

    def snapshot(self, id: str) -> dict[str, bytes] | None:
        """The files of the latest policy snapshot with this id, by path."""
        return self._view(partial(snapshots.files, snapshot_id=id))

    def calls(self, since: str) -> Iterator[Past]:
        """Recorded calls from a time on (RFC 3339), in the order in which they came."""
        last: Past | None = None
        while page := self._view(partial(history.calls, since=since, after=last)):
            yield from page
            last = page[-1]

    def words(self, since: str) -> Iterator[Word]:
        """What people and time said of recorded calls from a time on (RFC 3339), oldest first."""
        seq = 0
        while (page := self._view(partial(history.words, since=since, seq=seq)))[0]:
            yield from page[0]
            seq = page[1]

    def meta(self, key: str) -> str | None:
        """One of the gate's facts about itself; see `Store.get_meta`."""
        return self._view(partial(pins.meta, key=key))

    def verify(self, see: Callable[[str], None] | None = None) -> Verification:
        """Check the whole chain, and that the columns a record is found by say the same as the record. `see` as in
        `Checker`."""
        checker = Checker(START, see)
        seq = 0
        while rows := self._view(partial(_rows, seq=seq)):
            for row in rows:
                try:
                    value: Json = record.whole(row)
                except UNREADABLE:
                    return checker.broken("was changed: it is not readable JSON")
                if _mislabelled(row, value):
                    return checker.broken("was changed: its columns differ from its content")
                fault = checker.step(value)
                if fault is not None:
                    return fault
            seq = rows[-1]["seq"]
        return checker.end()

    def attested(self) -> Attested:
        """A look at whether all decisions are their givers'."""
        return Attested(self._view)

    def _view(self, body: Callable[[Tx], T]) -> T:
        try:
            return body(ReadTx(self._connection))
        except sqlite3.Error as error:
            raise Unavailable(f"the database cannot be read: {error}") from error
        except UNREADABLE as error:
            raise Unavailable("a record cannot be read: 'mcp-gate audit verify' says which") from error


def _number(row: Row | None) -> int:
    return 0 if row is None else int(next(iter(row.values())))


def _rows(tx: Tx, seq: int) -> list[Row]:
    return tx.all("select * from audit where seq > :seq order by seq limit :limit", seq=seq, limit=PAGE)


def _mislabelled(row: Row, value: Json) -> bool:
    return not isinstance(value, dict) or any(
        row[name] != value.get(name) for name in ("seq", "ts", "event", "call_id", "request_id")
    )
