"""Whose open requests are, as queries over them: what each reviewer has, and one round of sharing out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Final

from mcp_gate.evidence.record import members
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.event import Event
from mcp_gate.model.workload import Workload
from mcp_gate.review.assign import SHARED, Lying, Placed, Roster, Sharing
from mcp_gate.review.fatigue import TIRING
from mcp_gate.store.database import Database, Row, Tx
from mcp_gate.store.rows import CALL_OF_REQUEST, text, to_call

MOST: Final = 50
"""Requests placed in one round: what is written meanwhile waits for it."""
SPARE: Final = 20
"""How many more of a group's requests are looked at than are placed: some are of who could decide on them."""

_LIES: Final = "select id, kind, grp, agent, needed, escalated_ts, assigned_to, claimed_by, claimed_until from"
_TAKEN: Final = "requests indexed by requests_assigned where status = 'pending' and assigned_to <> ''"
"""The planner would rather go through everything that is pending."""
_KINDS: Final = ", ".join(f"'{kind}'" for kind in SHARED)
_TIRING: Final = ", ".join(f"'{word}'" for word in TIRING)
_NOBODYS: Final = (
    f"requests indexed by requests_unassigned where status = 'pending' and assigned_to = '' and kind in ({_KINDS})"
)
_GROUPS: Final = (
    f"with recursive g(x) as (select min(grp) from {_NOBODYS} union all "
    f"select (select min(grp) from {_NOBODYS} and grp > g.x) from g where g.x is not null) "
    "select x from g where x is not null"
)
"""One step of the index for each group, however many requests wait in it."""


class Assigning:
    """Of one store; every method may raise `Unavailable`. Times are seconds since the epoch."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def workload(self, reviewer: str, *, without: str, now: float, approvals: int) -> Workload:
        """What a reviewer has before him but for the request `without`, and his last `approvals` approvals."""
        return await self._db.read(
            partial(_workload, reviewer=reviewer, without=without, now=rfc3339(now), approvals=approvals)
        )

    async def loads(self) -> dict[str, int]:
        """How many open requests each reviewer has who has any."""
        return await self._db.read(_loads)

    async def share_out(self, roster: Roster, now: float) -> list[Placed]:
        """One round of sharing out, of at most `MOST`; gives what is somebody else's now, or nobody's. Writes nothing
        if that is nothing."""
        placed = await self._db.read(partial(_round, roster=roster, now=rfc3339(now)))
        return await self._db.write(partial(_place, placed=placed), lazy=True) if placed else []


def _workload(tx: Tx, reviewer: str, without: str, now: str, approvals: int) -> Workload:
    row = tx.one(
        "select count(*) as taken, total(claimed_by = :reviewer and claimed_until > :now) as claimed "
        f"from {_TAKEN} and assigned_to = :reviewer and id <> :without",
        reviewer=reviewer, now=now, without=without,
    )  # fmt: skip
    said = tx.all(
        f"select said_ts from decisions where approver_id = :reviewer and decision in ({_TIRING}) "
        "order by said_ts desc limit :count",
        reviewer=reviewer, count=approvals,
    )  # fmt: skip
    approved = tuple(parse_rfc3339(row["said_ts"]) for row in said)
    return Workload(approved=approved) if row is None else Workload(row["taken"], int(row["claimed"]), approved)


def _loads(tx: Tx) -> dict[str, int]:
    rows = tx.all(f"select assigned_to, count(*) as n from {_TAKEN} group by assigned_to")
    return {row["assigned_to"]: row["n"] for row in rows}


def _round(tx: Tx, roster: Roster, now: str) -> list[Placed]:
    return list(islice(_shared(tx, roster, now), MOST))


def _shared(tx: Tx, roster: Roster, now: str) -> Iterator[Placed]:
    sharing = Sharing(roster, _loads(tx))
    taken = tx.all(
        f"{_LIES} {_TAKEN} and (kind not in ({_KINDS}) or "
        "assigned_to in (select value from json_each(:suspects))) order by opened_ts, id",
        suspects=text(sharing.suspects()),
    )
    yield from sharing.moved([_lying(tx, row, now) for row in taken])
    for group in [row["x"] for row in tx.all(_GROUPS)]:
        room = roster.room(group, sharing.load)
        if room:
            waiting = tx.all(
                f"{_LIES} {_NOBODYS} and grp = :group order by opened_ts, id limit :limit",
                group=group, limit=min(room, MOST) + SPARE,
            )  # fmt: skip
            yield from sharing.shared(_lying(tx, row, now) for row in waiting)


def _lying(tx: Tx, row: Row, now: str) -> Lying:
    claimed = row["claimed_by"] == row["assigned_to"] != "" and row["claimed_until"] > now
    spoken = _spoken(tx, row) if row["needed"] > 1 else frozenset()
    return Lying(row["id"], row["kind"], row["grp"], row["agent"], row["assigned_to"], claimed, spoken)


def _spoken(tx: Tx, row: Row) -> frozenset[str]:
    said = tx.all(
        "select approver_id from decisions where request_id = :id and stage = :stage",
        id=row["id"], stage=2 if row["escalated_ts"] else 1,
    )  # fmt: skip
    return frozenset(one["approver_id"] for one in said)


def _place(tx: Tx, placed: list[Placed]) -> list[Placed]:
    """Write what is still so; the next round sees what is not."""
    return [one for one in placed if _placed(tx, one)]


def _placed(tx: Tx, one: Placed) -> bool:
    done = tx.run(
        "update requests set assigned_to = :to where id = :id and status = 'pending' and grp = :group and "
        "assigned_to = :was",
        to=one.to, id=one.id, group=one.group, was=one.was,
    )  # fmt: skip
    if done:
        row = tx.one(f"select r.snapshot, {CALL_OF_REQUEST} from requests r join calls c on c.id = r.call_id "
                     "where r.id = :id", id=one.id)  # fmt: skip
        assert row is not None
        data = {"to": one.to, "from": one.was, "why": one.why.value}
        fields = members(to_call(row, "c_"), row["snapshot"], one.id)
        tx.record(Event("request.assigned", fields, {name: value for name, value in data.items() if value}))
    return bool(done)
