"""What the store needs of a database. SQL is written once, with `:name` parameters, over these few methods."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from mcp_gate.model.event import Event

T = TypeVar("T")

Row: TypeAlias = Mapping[str, Any]
"""Column name to value: int, str, bytes or None."""


class Unavailable(Exception):
    """The store cannot read or write: disk full, locked for longer than 5 s, read-only, corrupt, replaced while
    running, closed. Nothing of the transaction may be relied on. The text is for the operator; it holds no payload."""


class Conflict(Exception):
    """The transaction asked for what the lifecycle does not allow; nothing of it was written."""


class Outdated(Conflict):
    """What the gate knew about the agent when it decided has changed: the call is to be decided anew."""


class NotFound(LookupError):
    """There is no call or request with this id."""


class Tx(Protocol):
    """One transaction, for the time its body runs. Times are TEXT (RFC 3339), JSON is TEXT."""

    def all(self, sql: str, **params: Any) -> list[Row]: ...

    def one(self, sql: str, **params: Any) -> Row | None: ...

    def run(self, sql: str, **params: Any) -> int:
        """Execute and return the number of rows touched."""
        ...

    def record(self, event: Event) -> None:
        """Chain an audit event; it is durable with the transaction or not at all."""
        ...

    def moved(self, call_id: str, state: str) -> None:
        """A call has another state now: whoever watches the database is told, as with `after`."""
        ...

    def after(self, effect: Callable[[], None]) -> None:
        """Run when, and only when, the transaction is durable, before its caller resumes; in the writer's thread."""
        ...


Watch: TypeAlias = Callable[[str, str], None]
"""Told of every call that has another state, by id and state, once that is durable; in the writer's thread."""

HEAVY: Final = 262_144
"""Bytes of a kept result, above which the event loop does not write it itself."""

Body: TypeAlias = Callable[[Tx], T]
"""A whole transaction: synchronous, no I/O but through the `Tx`, safe to run again after a failure."""


class Database(Protocol):
    """What a store is kept on."""

    @property
    def commits(self) -> int:
        """Transactions committed since the start."""
        ...

    def write(
        self,
        body: Body[T],
        *,
        lazy: bool = False,
        reads_record: bool = False,
        alone: bool = False,
        heavy: bool = False,
    ) -> asyncio.Future[T]:
        """Queue a transaction. The future resolves once it is durable; cancelling it leaves the transaction whole.

        A lazy one rides along with the next commit, or goes by itself after 20 ms. One that reads the record finds in
        it all that was queued before. One that is alone, with no other to share its commit with, may be done before
        this returns. One that is heavy writes so much that nobody may be made to wait for it here.
        """
        ...

    def read(self, body: Body[T]) -> asyncio.Future[T]:
        """Run a body that only reads, on a consistent view of everything committed so far."""
        ...

    async def scrub(self) -> bool:
        """Let nothing that was overwritten stand anywhere on the disk; False where somebody's reading is in the way."""
        ...

    async def close(self) -> None: ...
