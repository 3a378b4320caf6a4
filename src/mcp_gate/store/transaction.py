"""One body's view of the writer's connection, and the head of the chain it writes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

from mcp_gate.evidence.chain import Head, Sealed, seal
from mcp_gate.model.event import Event
from mcp_gate.store.database import Row, Watch


class Ledger:
    """Records of one transaction, sealed in memory and not yet written; a body that fails takes its own back."""

    def __init__(self, head: Head, ts: str) -> None:
        """
        Args:
            ts: what the records are dated with.
        """
        self.head = head
        self.ts = ts
        self._rows: list[tuple[object, ...]] = []
        self.events: list[Event] = []
        """All of the transaction's, in their order."""

    def add(self, event: Event) -> None:
        """Seal a record behind the last one."""
        sealed: Sealed = seal(self.head, self.ts, event)
        fields = event.fields
        self._rows.append(
            (
                sealed.seq, self.ts, event.event, fields.get("call_id"), fields.get("request_id"),
                sealed.body.decode(), sealed.prev_hash, sealed.hash,
            )
        )  # fmt: skip
        self.head = Head(sealed.seq, sealed.hash)
        self.events.append(event)

    def mark(self) -> tuple[Head, int]:
        """Where it stands, for `back_to`."""
        return self.head, len(self._rows)

    def back_to(self, mark: tuple[Head, int]) -> None:
        """Forget what was added since a mark."""
        self.head = mark[0]
        taken_back = len(self._rows) - mark[1]
        if taken_back:
            del self._rows[mark[1] :]
            del self.events[-taken_back:]

    def write(self, connection: sqlite3.Connection) -> None:
        """Outside of any body's savepoint: what is written is nobody's to take back."""
        if self._rows:
            connection.executemany(
                "insert into audit(seq, ts, event, call_id, request_id, body, prev_hash, hash) "
                "values(?, ?, ?, ?, ?, ?, ?, ?)",
                self._rows,
            )
            self._rows.clear()


class WriteTx:
    """A `Tx` that writes."""

    __slots__ = ("_connection", "_ledger", "_watch", "effects")

    def __init__(self, connection: sqlite3.Connection, ledger: Ledger, watch: Watch) -> None:
        self._connection = connection
        self._ledger = ledger
        self._watch = watch
        self.effects: list[Callable[[], None]] = []

    def all(self, sql: str, **params: Any) -> list[Row]:
        return self._connection.execute(sql, params).fetchall()

    def one(self, sql: str, **params: Any) -> Row | None:
        rows = self._connection.execute(sql, params).fetchall()
        return rows[0] if rows else None

    def run(self, sql: str, **params: Any) -> int:
        return self._connection.execute(sql, params).rowcount

    def record(self, event: Event) -> None:
        self._ledger.add(event)

    def moved(self, call_id: str, state: str) -> None:
        self.effects.append(partial(self._watch, call_id, state))

    def after(self, effect: Callable[[], None]) -> None:
        self.effects.append(effect)


class ReadTx:
    """A `Tx` that can only read."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, sql: str, **params: Any) -> list[Row]:
        return self._connection.execute(sql, params).fetchall()

    def one(self, sql: str, **params: Any) -> Row | None:
        return next(iter(self.all(sql, **params)), None)

    def run(self, sql: str, **params: Any) -> int:
        raise sqlite3.OperationalError("this transaction only reads")

    def record(self, event: Event) -> None:
        raise sqlite3.OperationalError("this transaction only reads")

    def moved(self, call_id: str, state: str) -> None:
        raise sqlite3.OperationalError("this transaction only reads")

    def after(self, effect: Callable[[], None]) -> None:
        effect()
