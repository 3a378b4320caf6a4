"""Results in quarantine as transactions: found again by the same call, and handed over once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from mcp_gate.model.event import Event
from mcp_gate.model.request import CallState, Request, RequestStatus
from mcp_gate.store import calls, reading, record, requests
from mcp_gate.store.claim import Proof, unproved
from mcp_gate.store.database import HEAVY, Database, Tx
from mcp_gate.store.spoken import Spoken


@dataclass(frozen=True, slots=True)
class Kept:
    """A withheld result of which its agent has heard nothing final."""

    agent: str
    job_hashes: frozenset[str]
    """Of the call as its agent made it, and as it was sent, if a reviewer changed it."""
    request_id: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What the same call again comes to: by `request.status` it is to be waited for, here, dropped or expired."""

    request: Request
    result: bytes | None = None
    """As `finish` was given it, or as a reviewer's word left it; with APPROVED alone, and once."""


class Quarantine:
    """All of one store."""

    def __init__(self, database: Database, spoken: Spoken) -> None:
        self._db = database
        self._spoken = spoken

    async def all(self) -> list[Kept]:
        """Those that the same call again is about, oldest first."""
        return await self._db.read(_all)

    async def waiting(self, agent: str) -> set[str]:
        """The requests about results of an agent that are still kept: nobody dropped them, and they are not too old."""
        return await self._db.read(partial(_waiting, agent))

    async def withhold(self, request: Request, sealed: bytes, written: Sequence[Event]) -> None:
        """Keep what came of a call after it was answered, with the request for a look at it.

        Raises:
            NotFound, Conflict: the call is not there, or not over, or something of it is kept already.
        """
        body = partial(_withhold, request, sealed, tuple(written), self._spoken)
        await self._db.write(body, heavy=len(sealed) > HEAVY)

    async def collect(self, request_id: str, received: Event, delivered: Event, proof: Proof) -> Collected | None:
        """Hand over what became of one: only the first who asks after it was settled gets it, and None comes after.

        Args:
            received: recorded under the ids of the call that it joins.
            delivered: recorded where a result is handed over.
            proof: why what is stored does not prove that people released it, or "". A row that nobody's word made
                what it is says nothing: the result goes on waiting (`security.unproved_approval`).
        """
        body = partial(_collect, request_id, received, delivered, proof, self._spoken)
        return await self._db.write(body, heavy=True)  # what is wiped is written over, as large as it is


def _all(tx: Tx) -> list[Kept]:
    found = tx.all(
        "select r.agent, r.job_hash, r.id, c.job_hash as sent from requests r join calls c on c.id = r.call_id "
        "where r.kind = 'quarantine' and r.consumed = 0 "
        "and r.status in ('pending', 'approved', 'rejected', 'expired') order by r.opened_ts, r.id"
    )
    return [Kept(row["agent"], frozenset((row["job_hash"], row["sent"])), row["id"]) for row in found]


def _waiting(agent: str, tx: Tx) -> set[str]:
    found = tx.all(
        "select id from requests where agent = :agent and kind = 'quarantine' and consumed = 0 "
        "and status in ('pending', 'approved')",
        agent=agent,
    )
    return {row["id"] for row in found}


def _withhold(request: Request, sealed: bytes, written: tuple[Event, ...], spoken: Spoken, tx: Tx) -> None:
    calls.move(tx, request.call.id, CallState.QUARANTINED, sealed, kept=True)
    requests.insert(tx, request)
    spoken.opened(tx, request)
    record.append(tx, written)


def _collect(
    request_id: str, received: Event, delivered: Event, proof: Proof, spoken: Spoken, tx: Tx
) -> Collected | None:
    request = reading.need(tx, request_id)
    if request.consumed or request.status in (RequestStatus.CANCELLED, RequestStatus.SUPERSEDED):
        return None
    request = replace(request, attempts=request.attempts + 1)
    tx.run("update requests set attempts = attempts + 1 where id = :id", id=request_id)
    record.append(tx, (replace(received, data={**received.data, "attempt": request.attempts}),))
    if request.status is RequestStatus.PENDING:
        return Collected(request)
    if request.status is RequestStatus.APPROVED and (why := unproved(request, proof, spoken)):
        tx.run("update requests set status = 'pending' where id = :id", id=request_id)
        record.append(tx, (Event("security.unproved_approval", dict(delivered.fields), {"why": why}),))
        return Collected(replace(request, status=RequestStatus.PENDING))
    tx.run("update requests set consumed = 1 where id = :id", id=request_id)
    spoken.ended(tx, request_id)
    if request.status is not RequestStatus.APPROVED:
        return Collected(request)
    result = calls.kept(tx, request.call.id)
    calls.move(tx, request.call.id, CallState.DELIVERED)
    record.append(tx, (delivered,))
    return Collected(request, result)
