"""Held calls as transactions: opened or joined, decided, claimed, closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from mcp_gate.autonomy.level import Conduct
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Accepted, Judged, Refused
from mcp_gate.model.request import (
    QUARANTINE,
    SAMPLE,
    SECOND_REVIEW,
    CallState,
    RecordedDecision,
    Request,
    RequestStatus,
)
from mcp_gate.model.timed import Approves, Escalates, Expires, Over, Timed, Waits
from mcp_gate.store import calls, edits, reading, record, rows
from mcp_gate.store.calls import Begin, End
from mcp_gate.store.database import Conflict, Row, Tx
from mcp_gate.store.levels import Levels
from mcp_gate.store.results import (
    Closed,
    Closing,
    Joined,
    NotOpen,
    Opened,
    Opening,
    TooMany,
)  # fmt: skip
from mcp_gate.store.spoken import Spoken
from mcp_gate.store.stops import Stops

CONDUCT: Final = {
    (SAMPLE, "bad"): Conduct.VIOLATION,
    (SAMPLE, "incident"): Conduct.INCIDENT,
    (SECOND_REVIEW, "incident"): Conduct.INCIDENT,
}
"""What a word on a request of a kind says of the call's agent."""
_COLUMNS: Final = (
    "id", "call_id", "kind", "status", "agent", "job_hash", "verdict", "snapshot", "tier", "grp", "needed",
    "min_assurance", "on_timeout", "opened_ts", "due_ts", "escalate_ts", "escalate_to", "escalated_ts",
    "escalated_from", "claimed_by", "claimed_until", "assigned_to", "attempts", "consumed", "asked",
    "extended",
)  # fmt: skip
_INSERT: Final = f"insert into requests({', '.join(_COLUMNS)}) values({', '.join(':' + c for c in _COLUMNS)})"

_FROM_APPROVED: Final = (RequestStatus.PENDING, RequestStatus.APPROVED)


class Open:
    """Hold a call, unless the same one is under way already."""

    def __init__(
        self, call: Call, request: Request, events: tuple[Event, ...], cap: int, levels: Levels, stops: Stops,
        spoken: Spoken,
    ) -> None:  # fmt: skip
        self._begin = Begin(call, request.verdict, CallState.PENDING, events, request.policy_snapshot, levels, stops)
        self._request = request
        self._values = rows.from_request(request)
        self._events = events
        self._cap = cap
        self._spoken = spoken

    def __call__(self, tx: Tx) -> Opening:
        request = self._request
        under_way = tx.one(
            f"{reading.SELECT} where r.agent = :agent and r.job_hash = :job_hash and r.kind = 'gate' and "
            "((r.consumed = 0 and r.status in ('pending', 'approved', 'rejected', 'expired')) "
            "or c.state = 'dispatched' or c.kept = 1) order by r.opened_ts desc limit 1",
            agent=request.call.agent, job_hash=request.call.job_hash,
        )  # fmt: skip
        if under_way is not None:
            return _join(tx, under_way, self._events)
        count = tx.one(
            "select count(*) as n from requests where agent = :agent and status = 'pending' and kind = 'gate'",
            agent=request.call.agent,
        )
        pending = 0 if count is None else int(count["n"])
        if pending >= self._cap:
            return TooMany(pending)
        self._begin(tx)
        tx.run(_INSERT, **self._values)
        self._spoken.opened(tx, request)
        return Opened(request)


def insert(tx: Tx, request: Request) -> None:
    """A request as it is."""
    tx.run(_INSERT, **rows.from_request(request))


def look(request: Request, event: Event, tx: Tx) -> None:
    """A look at a call that is over already."""
    insert(tx, request)
    record.append(tx, (event,))


def ended(end: End, opening: Sequence[Request], spoken: Spoken, tx: Tx) -> None:
    """The end of a call that people are to look at, and the requests for it."""
    end(tx)
    for request in opening:
        insert(tx, request)
        if request.kind == QUARANTINE:
            spoken.opened(tx, request)


def _join(tx: Tx, row: Row, events: tuple[Event, ...]) -> Joined:
    tx.run("update requests set attempts = attempts + 1 where id = :id", id=row["id"])
    request = replace(reading.whole(tx, row), attempts=row["attempts"] + 1)
    for event in events:
        if event.event == "call.received":
            ids = {"call_id": request.call.id, "request_id": request.id}
            tx.record(Event(event.event, {**event.fields, **ids}, {**event.data, "attempt": request.attempts}))
    result = row["c_result"]
    return Joined(request, CallState(row["c_state"]), None if result is None else bytes(result))


def decide(
    tx: Tx, request_id: str, body: Callable[[Request], Judged], levels: Levels, edited: Callable[[Call], None],
    spoken: Spoken, released: Released | None = None,
) -> Judged:  # fmt: skip
    """
    Args:
        edited: told of a call that was changed, once that is durable.
        released: what an accepted word leaves of a result in quarantine, where that is not all of it.
    """
    request = reading.need(tx, request_id)
    judged = body(request)
    match judged:
        case Accepted(decision, _, events, edit, opens):
            _write_word(tx, request, judged, spoken)
            if released is not None:
                calls.keep(tx, request.call.id, released.result)
                record.append(tx, released.events)
            if edit is not None:
                edits.write(tx, request, edit)
                spoken.edited(tx, request, reading.need(tx, request_id))
                tx.after(lambda: edited(edit.call))
            if opens is not None:
                insert(tx, opens)
            conduct = CONDUCT.get((request.kind, decision.decision))
            if conduct is not None:
                levels.note(tx, request.call.agent, conduct, events[0].fields)
        case Refused(events=events):
            record.append(tx, events)
        case _:
            assert_never(judged)
    return judged


def _write_word(tx: Tx, request: Request, word: Accepted, spoken: Spoken) -> None:
    if request.status is not RequestStatus.PENDING:
        raise Conflict(f"a word for a request that is {request.status.value}")
    _write_decision(tx, request, word.decision)
    spoken.said(tx, request, word.decision)
    if word.status is not RequestStatus.PENDING:
        _move(tx, request, word.status)
    elif request.assigned_to == word.decision.approver_id:
        tx.run("update requests set assigned_to = '' where id = :id", id=request.id)  # now it is somebody else's turn
    record.append(tx, word.events)


def _move(tx: Tx, request: Request, status: RequestStatus) -> None:
    """A request's status, and its call's with it if that waits. What its agent is not told of is used up at once; of a
    result in quarantine nothing stays unless it was released."""
    tx.run(
        "update requests set status = :status, consumed = :consumed where id = :id",
        status=status.value, consumed=int(request.consumed or not request.owed), id=request.id,
    )  # fmt: skip
    if request.holds:
        calls.move(tx, request.call.id, CallState(status.value))
    elif request.owed and status is not RequestStatus.APPROVED:
        calls.keep(tx, request.call.id, None)


def _write_decision(tx: Tx, request: Request, decision: RecordedDecision) -> None:
    tx.run(
        "insert into decisions(request_id, n, decision, reason, approver_id, decision_ts, assurance, nonce, signature, "
        "statement, final, stage, job_hash, said_ts) values(:request_id, :n, :decision, :reason, :approver_id, "
        ":decision_ts, :assurance, :nonce, :signature, :statement, :final, :stage, :job_hash, :said_ts)",
        request_id=request.id,
        n=len(request.decisions) + 1,
        decision=decision.decision,
        reason=decision.reason,
        approver_id=decision.approver_id,
        decision_ts=decision.decision_ts,
        assurance=decision.assurance.word if decision.assurance is not None else "",
        nonce=decision.nonce,
        signature=decision.signature,
        statement=decision.statement,
        final=int(decision.final),
        stage=decision.stage,
        job_hash=decision.job_hash,
        said_ts=decision.said_ts or decision.decision_ts,
    )


def pass_time(tx: Tx, request_id: str, body: Callable[[Request], Timed], spoken: Spoken) -> tuple[Timed, Request]:
    """See `RequestTable.pass_time`."""
    request = reading.need(tx, request_id)
    timed = body(request)
    match timed:
        case Waits() | Over():
            return timed, request
        case Expires(events):
            _move(tx, request, RequestStatus.EXPIRED)
            spoken.ended(tx, request_id)
            record.append(tx, events)
        case Escalates(events=events):
            _escalate(tx, request, timed, spoken)
            record.append(tx, events)
        case Approves(word, due_ts):
            _write_word(tx, request, word, spoken)
            tx.run("update requests set due_ts = :due_ts where id = :id", due_ts=due_ts, id=request_id)
        case _:
            assert_never(timed)
    return timed, reading.need(tx, request_id)


def _escalate(tx: Tx, request: Request, to: Escalates, spoken: Spoken) -> None:
    if request.status is not RequestStatus.PENDING or request.stage > 1:
        raise Conflict(f"a request that is {request.status.value} in stage {request.stage} goes to no other group")
    tx.run(
        "update requests set grp = :grp, due_ts = :due_ts, escalated_ts = :ts, escalated_from = :was, "
        "claimed_by = '', claimed_until = '', assigned_to = '' where id = :id",
        grp=to.group, due_ts=to.due_ts, ts=to.ts, was=request.group, id=request.id,
    )  # fmt: skip
    spoken.escalated(tx, request, to.group)


@dataclass(frozen=True, slots=True)
class Released:
    """What is left of a quarantined result of which a reviewer let out a part."""

    result: bytes
    events: tuple[Event, ...]


def close(request_id: str, status: RequestStatus, events: tuple[Event, ...], spoken: Spoken, tx: Tx) -> Closing:
    """See `RequestTable.close`."""
    if status not in (RequestStatus.EXPIRED, RequestStatus.CANCELLED, RequestStatus.SUPERSEDED):
        raise Conflict(f"no request is closed as {status.value}")
    request = reading.need(tx, request_id)
    if request.status not in _FROM_APPROVED or request.consumed:
        return NotOpen(request.status)
    _move(tx, request, status)
    spoken.ended(tx, request_id)
    record.append(tx, events)
    return Closed(replace(request, status=status))


def consume(request_id: str, events: tuple[Event, ...], spoken: Spoken, tx: Tx) -> None:
    """See `RequestTable.consume_outcome`."""
    done = tx.run(
        "update requests set consumed = 1 where id = :id and status in ('rejected', 'expired')", id=request_id
    )
    if not done:
        raise Conflict(f"a request that is {reading.need(tx, request_id).status.value} has no outcome to tell")
    spoken.ended(tx, request_id)
    record.append(tx, events)


def set_claim(read: Request, reviewer: str, until: str, tx: Tx) -> None:
    """A request that somebody claims is assigned to him, until he gives it back."""
    _must_be_as_read(tx, read)
    tx.run(
        "update requests set claimed_by = :reviewer, claimed_until = :until, assigned_to = :reviewer where id = :id",
        reviewer=reviewer, until=until, id=read.id,
    )  # fmt: skip


def extend(read: Request, due_ts: str, said: JsonObject, tx: Tx) -> None:
    """See `RequestTable.extend`."""
    _must_be_as_read(tx, read)
    tx.run(
        "update requests set due_ts = :due, extended = :extended where id = :id",
        due=due_ts, extended=rows.text([*reading.need(tx, read.id).extended, said]), id=read.id,
    )  # fmt: skip


def escalate(read: Request, to: Escalates, spoken: Spoken, tx: Tx) -> None:
    """See `RequestTable.escalate`."""
    _must_be_as_read(tx, read)
    _escalate(tx, read, to, spoken)
    record.append(tx, to.events)


def _must_be_as_read(tx: Tx, read: Request) -> None:
    """What was judged by its group and due time must still have them."""
    found = reading.need(tx, read.id)
    if found.status is not RequestStatus.PENDING:
        raise Conflict(f"the request is {found.status.value}")
    if (found.stage, found.due_ts) != (read.stage, read.due_ts):
        raise Conflict("time moved the request on meanwhile")
