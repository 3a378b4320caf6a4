"""A store on a real file, and calls to put into it."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from mcp_gate.evidence.record import members
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.judged import Accepted
from mcp_gate.model.request import CallState, Request, RequestStatus
from mcp_gate.store.results import Claim, Opened
from mcp_gate.store.store import FILE_NAME, Store
from support.held import NOW, SNAPSHOT, a_call, a_request, an_approval

_numbers = itertools.count(1)


class Hands:
    """A clock that moves when it is told to; seconds since the epoch."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@contextlib.asynccontextmanager
async def a_store(folder: Path, clock: Callable[[], float] | None = None) -> AsyncIterator[Store]:
    store = await Store.open(folder / FILE_NAME, clock=clock or Hands())
    try:
        yield store
    finally:
        await store.close()


def edit(folder: Path, *statements: str) -> None:
    """As somebody with write access to the file would: the triggers are only in the way of accidents."""
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.execute("drop trigger audit_never_updated")
    connection.execute("drop trigger audit_never_deleted")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def new_call(**changes: Any) -> Call:
    """A call with an id and arguments of its own."""
    n = next(_numbers)
    return a_call(**{"id": f"c-{n}", "arguments": {"order": f"O-{n}"}, **changes})


def new_request(call: Call | None = None, **changes: Any) -> Request:
    call = call or new_call()
    return a_request(call, **{"id": f"R-{call.id}", **changes})


def said(call: Call, name: str, *, request_id: str | None = None, **data: Any) -> Event:
    return Event(name, members(call, SNAPSHOT, request_id), data)


def begun(call: Call) -> list[Event]:
    return [said(call, "call.received"), said(call, "call.decided"), said(call, "call.dispatched")]


async def sent(store: Store, call: Call) -> None:
    await store.begin(call, {"decision": "allow"}, CallState.DISPATCHED, begun(call), SNAPSHOT)


async def ended(store: Store, call: Call, state: CallState = CallState.EXECUTED, **how: Any) -> None:
    await store.finish(call, state, [said(call, f"call.{state.value}")], **how)


async def held(store: Store, call: Call | None = None, **changes: Any) -> Request:
    request = new_request(call, **changes)
    opened = await store.requests.open(request.call, request, opening(request), cap=100)
    assert isinstance(opened, Opened)
    return opened.request


def opening(request: Request) -> list[Event]:
    call, opened = request.call, said(request.call, "request.opened", request_id=request.id)
    return [said(call, "call.received"), said(call, "call.decided"), opened]


def word(request: Request, by: str, status: RequestStatus) -> Accepted:
    spoken = an_approval(by, decision="deny" if status is RequestStatus.REJECTED else "approve")
    event = said(request.call, "request.decided", request_id=request.id, decision=spoken.decision, nonce=spoken.nonce)
    event.fields.update(approver_id=by, decision_ts=spoken.decision_ts, assurance="session")
    return Accepted(spoken, status, (event,))


async def approve(store: Store, request: Request, by: str = "dana") -> None:
    await store.requests.decide(request.id, lambda found: word(found, by, RequestStatus.APPROVED))


async def reject(store: Store, request: Request, by: str = "dana") -> None:
    await store.requests.decide(request.id, lambda found: word(found, by, RequestStatus.REJECTED))


def proved(request: Request, found: bool) -> str:
    """Of an approval that nobody doubts."""
    return ""


async def claim(store: Store, request: Request, **changes: Any) -> Claim:
    bound: dict[str, Any] = {
        "job_hash": request.call.job_hash, "tool_hash": request.call.tool_hash, "snapshot": request.policy_snapshot,
        "now": NOW, "proof": proved, "enough": lambda _: True,
        "events": [said(request.call, "call.dispatched", request_id=request.id)],
    }  # fmt: skip
    return await store.requests.claim(request.call.id, request.id, **{**bound, **changes})


async def states(store: Store, *calls: Call) -> list[str]:
    return [(await store.call(call.id) or {"state": "none"})["state"] for call in calls]


def stamp(seconds: float) -> str:
    return rfc3339(NOW + seconds)


async def all_records(store: Store) -> list[dict[str, Any]]:
    return await store.records(0, 10**9)
