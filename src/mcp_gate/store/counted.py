"""Which calls count in the windows of the policy: a mirror of `calls`, in step with every transaction.

A call counts from the moment it is decided until its window has passed, whether it was sent or is held; a held one
counts from then on until it is sent. It drops out when it is certain that it was not and will not be sent: denied,
rejected, expired, cancelled, superseded, failed before sending.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from mcp_gate.lang.conditions import Window
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.call import Call, Unknown
from mcp_gate.model.request import CallState
from mcp_gate.signals.windows import Deed, Tally, Windows
from mcp_gate.store import rows
from mcp_gate.store.database import Row, Tx

NEVER_SENT: Final = frozenset(
    {
        CallState.DENIED,
        CallState.REJECTED,
        CallState.EXPIRED,
        CallState.CANCELLED,
        CallState.SUPERSEDED,
        CallState.PROPOSED,
    }
)


@dataclass(frozen=True, slots=True)
class _Moved:
    """A call was sent after it had been held, or will never be."""

    call_id: str
    sent_at: float | None
    """When; None: never."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A call on the record that counts."""

    call_id: str
    deed: Deed
    at: float | None
    """When it was sent; None while it is held."""
    job: tuple[str, str] | None
    """Agent and hash of a held call whose outcome was not collected."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    tallies: tuple[Tally, ...]
    calls: tuple[_Kept, ...]


@dataclass(frozen=True, slots=True)
class _Edited:
    """A held call is another one from now on."""

    call_id: str
    deed: Deed


_News: TypeAlias = _Moved | _Edited | _Loaded


class Counted:
    """Belongs to the event loop; what the writer's thread finds out waits in line, in the order of the commits."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._windows = Windows()
        self._news: deque[_News] = deque()
        self._held: dict[str, tuple[str, str]] = {}
        """Agent and hash of calls that the same call, made again, joins or collects."""
        self._same: dict[tuple[str, str], str] = {}
        """The other way round."""

    def values(self, windows: tuple[Window, ...], deed: Deed, job_hash: str) -> dict[str, Decimal | Unknown]:
        """What windows come to with a call that is being decided; see `Windows.values`."""
        self._catch_up()
        again = self._same.get((deed.agent, job_hash), "")
        return self._windows.values(windows, deed, self._steady(), again)

    def sent(self, call: Call) -> None:
        """A call is about to be sent without a person's word."""
        if self._windows:
            self._windows.add(call.id, Deed.of(call), self._steady())

    def held(self, call: Call) -> None:
        """A call is about to wait for people."""
        if self._windows:
            self._windows.add(call.id, Deed.of(call), None)
            self._hold(call.id, (call.agent, call.job_hash))

    def never_sent(self, call_id: str) -> None:
        """It is certain that a call was not sent and will not be."""
        self._windows.remove(call_id)
        self.collected(call_id)

    def collected(self, call_id: str) -> None:
        """The agent has the outcome of a held call: the same call again is another call."""
        job = self._held.pop(call_id, None)
        if job is not None and self._same.get(job) == call_id:
            del self._same[job]

    # ---- which windows

    def open(self, windows: Iterable[Window]) -> tuple[Tally, ...]:
        """Count for these windows too, from now on; gives the new ones, which `load` has to fill."""
        return self._windows.open(windows)

    def drop(self, tallies: Iterable[Tally]) -> None:
        """Count no more for what could not be filled."""
        self._windows.drop(tally.window for tally in tallies)

    def keep(self, windows: Iterable[Window]) -> None:
        """Count for no others."""
        self._catch_up()
        self._windows.keep(windows)
        if not self._windows:
            self._held.clear()
            self._same.clear()

    def load(self, tx: Tx, tallies: tuple[Tally, ...]) -> None:
        """Fill windows from the record. A transaction that writes: all that was queued before it is on the record, and
        what was decided since they were opened is in them already."""
        since = self._steady() - max(tally.window.seconds for tally in tallies)
        found = _Loaded(tallies, tuple(_counted(tx, rfc3339(since))))
        tx.after(lambda: self._news.append(found))

    # ---- the writer's thread

    def moved(self, call_id: str, state: str) -> None:
        """See `database.Watch`."""
        if not self._windows:
            return
        if state == CallState.DISPATCHED:
            self._news.append(_Moved(call_id, self._steady()))
        elif state in NEVER_SENT:
            self._news.append(_Moved(call_id, None))

    def edited(self, call: Call) -> None:
        """A reviewer changed a held call: the changed one counts, and the same call again is still what was asked."""
        if self._windows:
            self._news.append(_Edited(call.id, Deed.of(call)))

    # ---- the loop again

    def _catch_up(self) -> None:
        while self._news:
            match self._news.popleft():
                case _Moved(call_id, at) if at is not None:
                    self._windows.sent(call_id, at)
                case _Moved(call_id):
                    self.never_sent(call_id)
                case _Edited(call_id, deed):
                    self._windows.remove(call_id)
                    self._windows.add(call_id, deed, None)
                case _Loaded(tallies, calls):
                    self._fill(tallies, calls)

    def _fill(self, tallies: tuple[Tally, ...], calls: tuple[_Kept, ...]) -> None:
        for call in calls:
            for tally in tallies:
                tally.add(call.call_id, call.deed, call.at)
            if call.job is not None:
                self._hold(call.call_id, call.job)

    def _hold(self, call_id: str, job: tuple[str, str]) -> None:
        """A call that joins another one is not the one to be joined."""
        if job not in self._same:
            self._held[call_id] = job
            self._same[job] = call_id


_COUNT: Final = ", ".join(f"'{state}'" for state in CallState if state not in NEVER_SENT)
_COLUMNS: Final = "c.id, c.ts, c.agent, c.upstream, c.tool, c.topic, c.attributes, c.state, c.kept"
_FAILURE: Final = (
    "case when c.state = 'failed' then "
    "(select f.body from audit f where f.call_id = c.id and f.event = 'call.failed') end as failure"
)
_UNHELD: Final = (
    f"select {_COLUMNS}, c.job_hash, {_FAILURE}, null as status, null as sent_ts from calls c "
    "left join requests r on r.call_id = c.id and r.kind = 'gate' "
    f"where c.ts >= :since and c.state in ({_COUNT}) and r.id is null"
)
_HELD: Final = (
    f"select {_COLUMNS}, r.job_hash, {_FAILURE}, r.status, "
    "(select d.ts from audit d where d.call_id = c.id and d.event = 'call.dispatched') as sent_ts "
    "from requests r join calls c on c.id = r.call_id where r.kind = 'gate' "
    f"and (r.status = 'pending' or (r.status = 'approved' and r.due_ts >= :since)) and c.state in ({_COUNT})"
)
"""An approval is used before it is due, so that what was sent in the window was due in it or later."""


def _counted(tx: Tx, since: str) -> Iterator[_Kept]:
    for row in (*tx.all(_UNHELD, since=since), *tx.all(_HELD, since=since)):
        if row["failure"] is not None and json.loads(row["failure"])["data"].get("sent") is False:
            continue
        sent = row["ts"] if row["status"] is None else row["sent_ts"]
        if sent is None or sent >= since:
            deed = Deed(row["agent"], row["upstream"], row["tool"], row["topic"], rows.value(row["attributes"]))
            yield _Kept(row["id"], deed, None if sent is None else parse_rfc3339(sent), _job(row))


def _job(row: Row) -> tuple[str, str] | None:
    """See `_Kept.job`."""
    open_ = row["status"] is not None and row["state"] in ("pending", "approved", "dispatched")
    return (row["agent"], row["job_hash"]) if open_ or row["kept"] else None
