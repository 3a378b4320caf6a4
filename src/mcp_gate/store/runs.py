"""Runs of workflows: the journal of what each has done, so that it goes on after a restart without repeating a step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from mcp_gate.evidence.record import members
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import CallState
from mcp_gate.store import calls, rows
from mcp_gate.store.database import Database, Tx

RUN: Final = "workflow/run"
"""The method of a run's own call, which is `dispatched` as long as it lasts."""
ASK: Final = "workflow/approval"
"""The method of a question that a run asks people."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A step's call that was sent, and how it ended."""

    call: Call
    state: CallState
    snapshot: str
    result: bytes | None
    """What is kept of its result."""


class Runs:
    """Belongs to the event loop. Every method may raise `Unavailable`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def unfinished(self) -> list[tuple[Call, str]]:
        """Runs that an earlier process began and did not end, and the snapshots they began under, oldest first."""
        return await self._db.read(_unfinished)

    async def uncollected(self, agent: str, job_hash: str) -> tuple[Call, bytes] | None:
        """A run of the same workflow with the same arguments that has ended, and whose result nobody has received."""
        return await self._db.read(partial(_uncollected, agent, job_hash))

    async def journal(self, run: str) -> dict[str, JsonObject]:
        """What a run has done, by step."""
        return await self._db.read(partial(_journal, run))

    async def done(self, run: str, step: str, entry: JsonObject) -> None:
        """A step is done: the journal has its result, and what was kept of it for nobody else is wiped."""
        await self._db.write(partial(_done, run, step, entry))

    async def over(self, run: str) -> None:
        """A run has ended: its journal, and what was kept of its steps, is wiped."""
        await self._db.write(partial(_over, run))

    async def tidy(self) -> None:
        """After a start: the same for runs that ended in the moment in which an earlier process did."""
        await self._db.write(_tidy)

    async def sent(self, run: str, step: str) -> Sent | None:
        """The call of a step that was sent to its upstream, if one was."""
        return await self._db.read(partial(_sent, run, step))

    async def request(self, run: str, step: str, status: str) -> str | None:
        """The newest request of a step that has a status, by its id. `step` "": of whichever step."""
        return await self._db.read(partial(_request, run, step, status))


def _unfinished(tx: Tx) -> list[tuple[Call, str]]:
    found = tx.all(f"select * from calls where method = '{RUN}' and state = 'dispatched' order by ts, id")
    return [(rows.to_call(row), row["snapshot"]) for row in found]


def _uncollected(agent: str, job_hash: str, tx: Tx) -> tuple[Call, bytes] | None:
    row = tx.one(
        f"select * from calls where method = '{RUN}' and agent = :agent and job_hash = :job_hash and kept = 1 "
        "order by ts desc limit 1",
        agent=agent, job_hash=job_hash,
    )  # fmt: skip
    return None if row is None else (rows.to_call(row), bytes(row["result"]))


def _journal(run: str, tx: Tx) -> dict[str, JsonObject]:
    found = tx.all("select step, entry from workflow_steps where run = :run", run=run)
    return {row["step"]: rows.value(row["entry"]) for row in found}


def _done(run: str, step: str, entry: JsonObject, tx: Tx) -> None:
    tx.run(
        "insert into workflow_steps(run, step, entry) values(:run, :step, :entry)",
        run=run, step=step, entry=rows.text(entry),
    )  # fmt: skip
    _wipe(run, step, tx)


def _over(run: str, tx: Tx) -> None:
    _wipe(run, None, tx)
    tx.run("delete from workflow_steps where run = :run", run=run)


def _tidy(tx: Tx) -> None:
    found = tx.all(
        "select distinct run from (select run from workflow_steps union select parent as run from calls "
        "where parent <> '' and kept = 1 and state <> 'quarantined') "
        "where run not in (select id from calls where state = 'dispatched')"
    )
    for row in found:
        _over(row["run"], tx)


def _wipe(run: str, step: str | None, tx: Tx) -> None:
    found = tx.all(
        "select c.*, r.id as request_id from calls c left join requests r on r.call_id = c.id and r.kind = 'gate' "
        "where c.parent = :run and (:step = '' or c.step = :step) and c.kept = 1 and c.state <> 'quarantined'",
        run=run, step=step or "",
    )  # fmt: skip
    for row in found:
        event = Event("call.delivered", members(rows.to_call(row), row["snapshot"], row["request_id"]))
        calls.delivered(tx, row["id"], (event,))


def _sent(run: str, step: str, tx: Tx) -> Sent | None:
    found = tx.all(
        "select * from calls where parent = :run and step = :step order by ts desc, id desc", run=run, step=step
    )
    states = {state.value for state in (*calls.ENDS, CallState.DELIVERED)}
    row = next((row for row in found if row["state"] in states), None)
    if row is None:
        return None
    result = None if row["result"] is None else bytes(row["result"])
    return Sent(rows.to_call(row), CallState(row["state"]), row["snapshot"], result)


def _request(run: str, step: str, status: str, tx: Tx) -> str | None:
    row = tx.one(
        "select r.id from requests r join calls c on c.id = r.call_id where c.parent = :run "
        "and (:step = '' or c.step = :step) and r.status = :status order by r.opened_ts desc limit 1",
        run=run, step=step, status=status,
    )  # fmt: skip
    return None if row is None else str(row["id"])
