"""News for webhooks. The record is the queue: what changes state writes its event in the same transaction, and a cursor
for each webhook says how far it was read. Messages made of it stay until they are delivered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from mcp_gate.model.foreign import JsonObject
from mcp_gate.store.database import Database, Tx

FIELDS: Final = (
    "kind", "status", "tier", "grp", "needed", "min_assurance", "opened_ts", "due_ts", "escalate_ts", "claimed_by",
    "assigned_to",
)  # fmt: skip
"""What of a request goes along with news about it."""


@dataclass(frozen=True, slots=True)
class News:
    """One event of the record."""

    seq: int
    body: JsonObject
    request: Mapping[str, Any] | None
    """Columns of its request as they are now."""


@dataclass(frozen=True, slots=True)
class Batch:
    """All that happened since a webhook's cursor."""

    after: int
    last: int
    counts: Mapping[str, int]
    """How many events there are, by name; of those that are wanted."""
    news: tuple[News, ...] = ()
    """The events themselves, oldest first; where there are too many, those about messages that were posted."""
    many: bool = False
    """Whether there are more than are told one by one."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: the very same bytes under the same id, however often."""

    id: str
    kind: str
    body: str
    request_id: str = ""
    n: int = 0
    attempts: int = 0
    due_ts: str = ""
    error: str = ""
    created_ts: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """How one webhook is doing."""

    due: int = 0
    dead: int = 0
    delivered: int = 0
    delivered_ts: str = ""
    error: str = ""
    """Of the newest message that failed and is still there."""
    letters: tuple[Message, ...] = field(default=())
    """The newest dead ones."""


class Outbox:
    """Belongs to the event loop. Times are RFC 3339. Every method may raise `Unavailable`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def follow(self, webhook: str) -> None:
        """Begin at the end of the record, unless it was begun before."""
        await self._db.write(partial(_follow, webhook))

    async def read(self, webhook: str, wanted: Callable[[str], bool], most: int) -> Batch:
        """What happened since the cursor; the events themselves only where at most so many are wanted."""
        return await self._db.read(partial(_read, webhook, wanted, most))

    async def put(self, webhook: str, batch: Batch, messages: Sequence[Message], now: str) -> None:
        """Keep messages to be sent now, and move the cursor behind what they were made of: both or neither."""
        await self._db.write(partial(_put, webhook, batch, tuple(messages), now))

    async def next(self, webhook: str) -> Message | None:
        """The message that is due first, now or later."""
        return await self._db.read(partial(_next, webhook))

    async def waiting(self, webhook: str) -> int:
        """How many messages are not delivered and not given up."""
        return await self._db.read(partial(_count, webhook, "due"))

    async def delivered(self, webhook: str, message: Message, now: str) -> None:
        """Its receiver took it."""
        await self._db.write(partial(_delivered, webhook, message.n, now))

    async def later(self, message: Message, due_ts: str, error: str) -> None:
        """It failed, and is tried again then."""
        await self._db.write(partial(_failed, message.n, "due", due_ts, error))

    async def give_up(self, message: Message, error: str) -> None:
        """It is not tried again unless a person asks for it."""
        await self._db.write(partial(_failed, message.n, "dead", message.due_ts, error))

    async def retry(self, webhook: str, now: str) -> int:
        """Have everything that was given up tried again; gives how many messages that are."""
        return await self._db.write(partial(_retry, webhook, now))

    async def posted(self, webhook: str, request_id: str) -> tuple[str, str] | None:
        """The channel and the time of the message in Slack that is about a request."""
        return await self._db.read(partial(_posted, webhook, request_id))

    async def unpost(self, webhook: str, request_id: str) -> None:
        """Nothing more will be said there."""
        await self._db.write(partial(_unpost, webhook, request_id))

    async def post(self, webhook: str, request_id: str, channel: str, ts: str) -> None:
        """Remember the message in Slack that is about a request."""
        await self._db.write(partial(_post, webhook, request_id, channel, ts))

    async def tally(self, webhook: str) -> Tally:
        """How a webhook is doing."""
        return await self._db.read(partial(_tally, webhook))


def _follow(webhook: str, tx: Tx) -> None:
    if tx.one("select seq from webhooks where id = :id", id=webhook) is None:
        tx.run("insert into webhooks(id, seq) values(:id, :seq)", id=webhook, seq=_last(tx))


def _last(tx: Tx) -> int:
    row = tx.one("select max(seq) as seq from audit")
    return 0 if row is None or row["seq"] is None else int(row["seq"])


def _read(webhook: str, wanted: Callable[[str], bool], most: int, tx: Tx) -> Batch:
    row = tx.one("select seq from webhooks where id = :id", id=webhook)
    last = _last(tx)
    after = last if row is None else int(row["seq"])
    rows = tx.all("select event, count(*) as n from audit where seq > :after group by event", after=after)
    counts = {row["event"]: int(row["n"]) for row in rows if wanted(row["event"])}
    many = sum(counts.values()) > most
    posted = " and request_id in (select request_id from slack_messages where webhook = :webhook)" if many else ""
    found = [
        row
        for event in counts
        for row in tx.all(
            f"select seq, body, request_id from audit where seq > :after and event = :event{posted}",
            after=after,
            event=event,
            webhook=webhook,
        )
    ]
    news = (News(row["seq"], json.loads(row["body"]), _request(tx, row["request_id"])) for row in found)
    return Batch(after, last, counts, tuple(sorted(news, key=lambda one: one.seq)), many)


def _request(tx: Tx, request_id: str | None) -> Mapping[str, Any] | None:
    if request_id is None:
        return None
    return tx.one(f"select {', '.join(FIELDS)} from requests where id = :id", id=request_id)


def _put(webhook: str, batch: Batch, messages: Sequence[Message], now: str, tx: Tx) -> None:
    moved = tx.run(
        "update webhooks set seq = :last where id = :id and seq = :after", last=batch.last, id=webhook,
        after=batch.after,
    )  # fmt: skip
    if not moved:
        return  # somebody else told of it
    for message in messages:
        tx.run(
            "insert into webhook_messages(webhook, id, kind, request_id, body, state, attempts, due_ts, error, "
            "created_ts) values(:webhook, :id, :kind, :request_id, :body, 'due', 0, :now, '', :now)",
            webhook=webhook, id=message.id, kind=message.kind, request_id=message.request_id, body=message.body,
            now=now,
        )  # fmt: skip


def _next(webhook: str, tx: Tx) -> Message | None:
    row = tx.one(
        "select * from webhook_messages where webhook = :webhook and state = 'due' order by due_ts, n limit 1",
        webhook=webhook,
    )
    return None if row is None else _message(row)


def _message(row: Mapping[str, Any]) -> Message:
    return Message(
        id=row["id"], kind=row["kind"], body=row["body"], request_id=row["request_id"], n=row["n"],
        attempts=row["attempts"], due_ts=row["due_ts"], error=row["error"], created_ts=row["created_ts"],
    )  # fmt: skip


def _count(webhook: str, state: str, tx: Tx) -> int:
    row = tx.one(
        "select count(*) as n from webhook_messages where webhook = :webhook and state = :state",
        webhook=webhook, state=state,
    )  # fmt: skip
    return 0 if row is None else int(row["n"])


def _delivered(webhook: str, n: int, now: str, tx: Tx) -> None:
    tx.run("delete from webhook_messages where n = :n", n=n)
    tx.run("update webhooks set delivered = delivered + 1, delivered_ts = :now where id = :id", now=now, id=webhook)


def _failed(n: int, state: str, due_ts: str, error: str, tx: Tx) -> None:
    tx.run(
        "update webhook_messages set state = :state, attempts = attempts + 1, due_ts = :due_ts, error = :error "
        "where n = :n",
        state=state, due_ts=due_ts, error=error, n=n,
    )  # fmt: skip


def _retry(webhook: str, now: str, tx: Tx) -> int:
    return tx.run(
        "update webhook_messages set state = 'due', attempts = 0, due_ts = :now where webhook = :webhook and "
        "state = 'dead'",
        webhook=webhook, now=now,
    )  # fmt: skip


def _posted(webhook: str, request_id: str, tx: Tx) -> tuple[str, str] | None:
    row = tx.one(
        "select channel, ts from slack_messages where webhook = :webhook and request_id = :request_id",
        webhook=webhook, request_id=request_id,
    )  # fmt: skip
    return None if row is None else (row["channel"], row["ts"])


def _unpost(webhook: str, request_id: str, tx: Tx) -> None:
    tx.run("delete from slack_messages where webhook = :webhook and request_id = :id", webhook=webhook, id=request_id)


def _post(webhook: str, request_id: str, channel: str, ts: str, tx: Tx) -> None:
    _unpost(webhook, request_id, tx)
    tx.run(
        "insert into slack_messages(webhook, request_id, channel, ts) values(:webhook, :id, :channel, :ts)",
        webhook=webhook, id=request_id, channel=channel, ts=ts,
    )  # fmt: skip


def _tally(webhook: str, tx: Tx) -> Tally:
    row = tx.one("select delivered, delivered_ts from webhooks where id = :id", id=webhook)
    failed = tx.one(
        "select error from webhook_messages where webhook = :webhook and error <> '' order by n desc limit 1",
        webhook=webhook,
    )
    letters = tx.all(
        "select * from webhook_messages where webhook = :webhook and state = 'dead' order by n desc limit 20",
        webhook=webhook,
    )
    return Tally(
        due=_count(webhook, "due", tx),
        dead=_count(webhook, "dead", tx),
        delivered=0 if row is None else int(row["delivered"]),
        delivered_ts="" if row is None else row["delivered_ts"],
        error="" if failed is None else failed["error"],
        letters=tuple(_message(letter) for letter in letters),
    )
