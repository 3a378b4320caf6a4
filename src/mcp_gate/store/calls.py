"""The life of a call as transactions. The states and the arrows between them are `model.request.TRANSITIONS`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_gate.autonomy.level import Conduct
from mcp_gate.evidence.record import members
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import TRANSITIONS, CallState
from mcp_gate.store import record, rows
from mcp_gate.store.database import Conflict, NotFound, Tx
from mcp_gate.store.facts import History, write_executed, write_failure, write_success
from mcp_gate.store.levels import Levels
from mcp_gate.store.stops import Stops

_COLUMNS = (*rows.CALL_COLUMNS, "verdict", "snapshot", "state")
_INSERT: Final = f"insert into calls({', '.join(_COLUMNS)}) values({', '.join(':' + name for name in _COLUMNS)})"


def _arrow(state: CallState) -> str:
    before = ", ".join(f"'{s.value}'" for s in TRANSITIONS_TO[state])
    return (
        f"update calls set state = '{state.value}', kept = :kept, result = :result where id = :id "
        f"and state in ({before})"
    )


TRANSITIONS_TO: Final = {
    state: tuple(b for b, after in TRANSITIONS.items() if b is not None and state in after) for state in CallState
}
"""The states that lead to each state."""

_ARROWS: Final = {state: _arrow(state) for state in CallState if TRANSITIONS_TO[state]}

ENDS: Final = frozenset({CallState.EXECUTED, CallState.QUARANTINED, CallState.FAILED, CallState.UNKNOWN})
"""How a dispatched call can end."""
EXECUTED: Final = frozenset({CallState.EXECUTED, CallState.QUARANTINED})
"""The ends of which it is known that the upstream did what it was asked."""


class Begin:
    """Insert a call in its first state, with its events, unless it would be decided otherwise by now."""

    __slots__ = ("_events", "_level", "_levels", "_state", "_stops", "_values", "_violation")

    def __init__(
        self, call: Call, verdict: JsonObject, state: CallState, events: Sequence[Event], snapshot: str,
        levels: Levels, stops: Stops, *, violation: bool = False,
    ) -> None:  # fmt: skip
        if state not in TRANSITIONS[None]:
            raise Conflict(f"no call begins as {state.value}")
        values = rows.from_call(call)
        values["verdict"] = rows.text(verdict)
        values["snapshot"] = snapshot
        values["state"] = state.value
        self._values = values
        self._events = tuple(events)
        self._state = state
        self._levels = levels
        self._stops = stops
        self._level = call.level
        self._violation = violation

    def __call__(self, tx: Tx) -> None:
        agent = self._values["agent"]
        if self._state is not CallState.DENIED:
            self._stops.check(agent)
            self._levels.check(tx, agent, self._level)
        tx.run(_INSERT, **self._values)
        record.append(tx, self._events)
        if self._violation:
            self._levels.note(tx, agent, Conduct.VIOLATION, self._events[0].fields)


def propose(tx: Tx, call: Call, verdict: JsonObject, snapshot: str) -> None:
    """Put down what a request is about that is not a call."""
    written = {"verdict": rows.text(verdict), "snapshot": snapshot, "state": CallState.PROPOSED.value}
    tx.run(_INSERT, **rows.from_call(call), **written)


class End:
    """Move a call to its end, and remember what the policy will ask about it."""

    __slots__ = ("_call", "_conduct", "_events", "_levels", "_result", "_state", "_writes")

    def __init__(
        self, call: Call, state: CallState, events: tuple[Event, ...], failure: bool, sent: bool,
        result: bytes | None, history: History, levels: Levels, done: bool = True,
    ) -> None:  # fmt: skip
        if state not in ENDS:
            raise Conflict(f"no call ends as {state.value}")
        self._call = call
        self._state = state
        self._events = events
        self._result = result
        self._writes: list[Callable[[Tx, Call], None]] = []
        if done and state in EXECUTED and history.executed(call):
            self._writes.append(write_executed)
        failed = failure or state not in EXECUTED
        if failed:
            history.failed(call)
            self._writes.append(write_failure)
        elif history.succeeded(call):
            self._writes.append(write_success)
        self._levels = levels
        self._conduct = None if not sent else Conduct.ERROR if failed else Conduct.SUCCESS

    def __call__(self, tx: Tx) -> None:
        move(tx, self._call.id, self._state, self._result, kept=self._result is not None)
        record.append(tx, self._events)
        for write in self._writes:
            write(tx, self._call)
        if self._conduct is not None:
            self._levels.note(tx, self._call.agent, self._conduct, self._events[0].fields if self._events else {})


def move(tx: Tx, call_id: str, state: CallState, result: bytes | None = None, *, kept: bool = False) -> None:
    """Follow one arrow of the lifecycle.

    Raises:
        NotFound, Conflict: no such call; no arrow leads from its state to `state`.
    """
    if not tx.run(_ARROWS[state], id=call_id, result=result, kept=int(kept)):
        raise Conflict(f"a call that is {state_of(tx, call_id).value} cannot become {state.value}")
    tx.moved(call_id, state.value)


def state_of(tx: Tx, call_id: str) -> CallState:
    """The state of a call.

    Raises:
        NotFound: there is no such call.
    """
    row = tx.one("select state from calls where id = :id", id=call_id)
    if row is None:
        raise NotFound(call_id)
    return CallState(row["state"])


def delivered(tx: Tx, call_id: str, events: tuple[Event, ...]) -> None:
    """The outcome was handed over: wipe what was kept of it. A failure has no further state, only its record."""
    match state_of(tx, call_id):
        case CallState.DELIVERED:
            return  # another one who waited for it was quicker
        case CallState.FAILED | CallState.UNKNOWN:
            tx.run("update calls set kept = 0, result = null where id = :id", id=call_id)
        case _:
            move(tx, call_id, CallState.DELIVERED)
    record.append(tx, events)


def keep(tx: Tx, call_id: str, result: bytes | None) -> None:
    """What is kept of a call's result from now on; None: nothing."""
    tx.run(
        "update calls set kept = :kept, result = :result where id = :id",
        id=call_id, kept=int(result is not None), result=result,
    )  # fmt: skip


def kept(tx: Tx, call_id: str) -> bytes | None:
    """See `Store.result_of`."""
    row = tx.one("select result from calls where id = :id", id=call_id)
    return None if row is None or row["result"] is None else bytes(row["result"])


def show(tx: Tx, call_id: str) -> JsonObject | None:
    """See `Store.call`."""
    row = tx.one("select * from calls where id = :id", id=call_id)
    if row is None:
        return None
    call = rows.to_call(row)
    out: JsonObject = {name: getattr(call, name) for name in rows.CALL_COLUMNS}
    out["risk_tags"] = list(call.risk_tags)
    if not call.parent:
        del out["parent"], out["step"]
    return {**out, "state": row["state"], "verdict": rows.value(row["verdict"]), "policy_snapshot": row["snapshot"]}


def groups(tx: Tx, call_id: str) -> list[str]:
    """See `Store.groups_of`."""
    return [row["grp"] for row in tx.all("select distinct grp from requests where call_id = :id", id=call_id)]


def trail(tx: Tx, session: str, agent: str, limit: int, without: str = "") -> list[JsonObject]:
    """Newest calls of a session, oldest of them first."""
    found = tx.all(
        "select id, ts, tool, state from calls where session = :session and agent = :agent and id <> :without "
        "order by ts desc, id desc limit :limit",
        session=session, agent=agent, without=without, limit=limit,
    )  # fmt: skip
    return [{"call_id": r["id"], "ts": r["ts"], "tool": r["tool"], "status": r["state"]} for r in reversed(found)]


def recover(tx: Tx, levels: Levels) -> list[Call]:
    """What an earlier process sent without writing down an outcome."""
    found = tx.all(
        "select c.*, r.id as request_id from calls c left join requests r on r.call_id = c.id "
        "and r.kind = 'gate' where c.state = 'dispatched' and c.method <> 'workflow/run' order by c.ts, c.id"
    )
    out = []
    for row in found:
        call = rows.to_call(row)
        # Only an approved call's outcome is collected by repeating it: its agent is told once that nobody knows.
        move(tx, call.id, CallState.UNKNOWN, kept=row["request_id"] is not None)
        fields = members(call, row["snapshot"], row["request_id"])
        tx.record(Event("call.unknown", fields, {"cause": "gate_restart"}))
        write_failure(tx, call)
        levels.note(tx, call.agent, Conduct.ERROR, fields)
        out.append(call)
    return out


@dataclass(frozen=True, slots=True)
class Sent:
    """How a call was sent."""

    verdict: JsonObject
    snapshot: str
    data: JsonObject
    """Of its `call.dispatched`."""


def sent(tx: Tx, call_id: str) -> Sent | None:
    """How a call was sent; None: it was not."""
    row = tx.one(
        "select c.verdict, c.snapshot, a.body from calls c join audit a on a.call_id = c.id "
        "where c.id = :id and a.event = 'call.dispatched' order by a.seq desc limit 1",
        id=call_id,
    )
    return None if row is None else Sent(rows.value(row["verdict"]), row["snapshot"], json.loads(row["body"])["data"])


def gated_share(tx: Tx, since: str) -> float:
    """See `Store.gated_share`."""
    row = tx.one(
        "select (select count(*) from calls where ts >= :since and state <> 'proposed') as calls, "
        "(select count(*) from requests where kind = 'gate' and opened_ts >= :since) as gated",
        since=since,
    )
    return 0.0 if row is None or not row["calls"] else min(1.0, row["gated"] / row["calls"])


def agents(tx: Tx) -> set[str]:
    """Every agent that called or is stopped by its name: one step in the index for each, however many its calls."""
    rows = tx.all(
        "with recursive here(agent) as (select min(agent) from calls union all"
        " select (select min(agent) from calls where agent > here.agent) from here where here.agent is not null)"
        " select agent from here where agent is not null union select agent from stops"
    )
    return {row["agent"] for row in rows}
