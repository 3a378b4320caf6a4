"""Proposals that an agent may rise: opened once, and decided together with the rise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeGuard

from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Accepted, Judged, Refused
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.store import calls, reading, record, requests
from mcp_gate.store.database import Database, Outdated, Tx
from mcp_gate.store.levels import Judge, Levels
from mcp_gate.store.once import Once, once
from mcp_gate.store.spoken import Spoken
from mcp_gate.store.stops import Stops


class Decide(Protocol):
    """`requests.decide` with all it needs of the store."""

    def __call__(self, tx: Tx, request_id: str, body: Callable[[Request], Judged]) -> Judged: ...


class Promotions:
    """Of one store; every method may raise `Unavailable`."""

    def __init__(
        self, database: Database, levels: Levels, stops: Stops, spoken: Spoken, edited: Callable[[Call], None],
        now: Callable[[], str],
    ) -> None:  # fmt: skip
        self._db = database
        self._levels = levels
        self._stops = stops
        self._spoken = spoken
        self._edited = edited
        self._now = now

    async def propose(self, request: Request, events: Sequence[Event]) -> Request:
        """Ask people about an agent, unless that is being asked already; gives the request that is open then.

        Raises:
            Outdated: the agent is stopped, or not at the level that the proposal is about.
        """
        propose = partial(_propose, request=request, events=tuple(events), levels=self._levels, stops=self._stops)
        return await self._db.write(propose)

    async def last(self, agent: str) -> Request | None:
        """The latest request to promote an agent, whatever became of it."""
        return await self._db.read(partial(_last, agent=agent))

    async def decide(
        self, request_id: str, body: Callable[[Request], Judged], judge: Judge, mark: Once | None = None
    ) -> Judged:
        """As `RequestTable.decide`: with the word that approves it the agent rises, if `judge` still says so."""
        decide = partial(requests.decide, levels=self._levels, edited=self._edited, spoken=self._spoken)
        promote = partial(_decide, request_id=request_id, body=body, judge=judge, levels=self._levels, decide=decide)
        return await self._db.write(once(mark, self._now(), promote))


def _propose(tx: Tx, request: Request, events: tuple[Event, ...], levels: Levels, stops: Stops) -> Request:
    call = request.call
    found = _last(tx, call.agent)
    if found is not None and found.status is RequestStatus.PENDING:
        return found
    stops.check(call.agent)
    if levels.current(tx, call.agent, events[0].fields).level != call.level:
        raise Outdated("the agent's level is another by now")
    calls.propose(tx, call, request.verdict, request.policy_snapshot)
    requests.insert(tx, request)
    record.append(tx, events)
    return request


def _last(tx: Tx, agent: str) -> Request | None:
    row = tx.one(
        "select id from requests where kind = 'promotion' and agent = :agent order by opened_ts desc, id limit 1",
        agent=agent,
    )
    return None if row is None else reading.need(tx, row["id"])


def _decide(
    tx: Tx, request_id: str, body: Callable[[Request], Judged], judge: Judge, levels: Levels, decide: Decide
) -> Judged:
    """
    Args:
        judge: its refusal stands for the word's.
    """

    def weighed(request: Request) -> Judged:
        judged = body(request)
        if not _lifts(judged):
            return judged
        moved = judge(levels.current(tx, request.call.agent, _signed(judged)))
        return moved if isinstance(moved, Refused) else judged

    judged = decide(tx, request_id=request_id, body=weighed)
    if _lifts(judged):
        levels.move(tx, reading.need(tx, request_id).call.agent, judge, _signed(judged))
    return judged


def _lifts(judged: Judged) -> TypeGuard[Accepted]:
    return isinstance(judged, Accepted) and judged.status is RequestStatus.APPROVED


def _signed(judged: Accepted) -> JsonObject:
    """Who says so, when, and why."""
    said = judged.events[0].fields
    names = ("policy_snapshot", "request_id", "approver_id", "decision_ts", "assurance", "reason")
    return {name: said[name] for name in names if name in said}
