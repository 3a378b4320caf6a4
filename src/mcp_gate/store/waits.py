"""How long held calls wait and waited, and what people said when: queries for figures."""

from __future__ import annotations

from functools import partial

from mcp_gate.history.past import Word
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.review.queue import Waiting
from mcp_gate.review.second import Agreement
from mcp_gate.store import looks
from mcp_gate.store.database import Database, Row, Tx


class Waits:
    """Of one store; every method may raise `Unavailable`. Times are seconds since the epoch."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def waiting(self) -> list[Waiting]:
        """Every held call that waits for people."""
        return await self._db.read(_waiting)

    async def settled(self, since: float) -> list[float]:
        """How long the held calls waited, in seconds, that were decided since a time, by people or the policy, or that
        expired, which waited for nothing."""
        return await self._db.read(partial(_settled, since=rfc3339(since)))

    async def words(self, since: float) -> list[Word]:
        """What people and the policy said on requests since a time, oldest first."""
        return await self._db.read(partial(_words, since=rfc3339(since)))

    async def looks(self, since: float) -> Agreement:
        """How second looks came out that were opened since a time."""
        return await self._db.read(partial(looks.agreement, since=rfc3339(since)))


def _waiting(tx: Tx) -> list[Waiting]:
    """One row a group: there may be ten thousand requests, and Python makes nothing of each."""
    rows = tx.all(
        "select grp, total(escalated_ts <> '') as escalated, "
        "group_concat(round((julianday(opened_ts) - 2440587.5) * 86400, 3)) as since "
        "from requests indexed by requests_waiting where status = 'pending' and kind = 'gate' group by grp"
    )
    return [
        Waiting(row["grp"], [float(since) for since in row["since"].split(",")], int(row["escalated"])) for row in rows
    ]


def _settled(tx: Tx, since: str) -> list[float]:
    rows = tx.all(
        "select r.opened_ts as begun, d.said_ts as ended from decisions d join requests r on r.id = d.request_id "
        "where d.final = 1 and d.said_ts >= :since and r.kind = 'gate' union all "
        "select opened_ts, due_ts from requests where status = 'expired' and due_ts >= :since and kind = 'gate'",
        since=since,
    )
    return [max(0.0, parse_rfc3339(row["ended"]) - parse_rfc3339(row["begun"])) for row in rows]


def _words(tx: Tx, since: str) -> list[Word]:
    rows = tx.all(
        "select d.*, r.kind, r.call_id, r.grp, r.opened_ts, r.escalated_ts, r.escalated_from, c.upstream, c.tool "
        "from decisions d join requests r on r.id = d.request_id join calls c on c.id = r.call_id "
        "where d.said_ts >= :since order by d.said_ts",
        since=since,
    )
    return [_word(row) for row in rows]


def _word(row: Row) -> Word:
    moved = row["escalated_ts"] if row["stage"] > 1 else ""
    return Word(
        call_id=row["call_id"],
        request_id=row["request_id"],
        kind=row["kind"],
        said=row["decision"],
        by=row["approver_id"],
        at=parse_rfc3339(row["said_ts"]),
        group=row["grp"] if moved or not row["escalated_from"] else row["escalated_from"],
        tool=f"{row['upstream']}.{row['tool']}",
        came=parse_rfc3339(moved or row["opened_ts"]),
        final=bool(row["final"]),
    )
