"""Everything the gate remembers. Each method that writes is one transaction: state and audit record together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.lang.recent import Recent
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import CallState, Request
from mcp_gate.store import calls, pins, reading, record, requests, snapshots
from mcp_gate.store.accepted import Accepted
from mcp_gate.store.agents import Agents
from mcp_gate.store.assigning import Assigning
from mcp_gate.store.counted import Counted
from mcp_gate.store.database import HEAVY, Database, Tx
from mcp_gate.store.facts import History
from mcp_gate.store.habits import Habits
from mcp_gate.store.levels import Levels
from mcp_gate.store.mistakes import Mistakes
from mcp_gate.store.outbox import Outbox
from mcp_gate.store.promotions import Promotions
from mcp_gate.store.quarantine import Quarantine
from mcp_gate.store.request_table import RequestTable
from mcp_gate.store.retention import Retention
from mcp_gate.store.runs import Runs
from mcp_gate.store.spoken import Spoken
from mcp_gate.store.sqlite import SQLite
from mcp_gate.store.stops import Stops
from mcp_gate.store.tally import Tally
from mcp_gate.store.tokens import TokenTable
from mcp_gate.store.waits import Waits
from mcp_gate.store.windows import CallWindows

FILE_NAME = "gate.db"
"""Name of the database in the state directory."""
CHECKPOINT_KEY = "checkpoint_key"
"""Name of the fact that is the seed of the gate's own key, 64 hex digits."""

MOST_LARGE = 10_000
"""Kept results of which it is remembered that they are large: nobody may ever collect them."""


class Store:
    """One per gate process. All methods belong to the event loop that opened it.

    Writes are durable when their awaitable resolves, and whole whatever happens to the awaiting task: a cancelled
    caller's transaction still commits or fails as one. Every method may raise `Unavailable`; then nothing was
    recorded, or nobody can tell, and the call must not go on. The next write finds out whether the store is well.
    """

    def __init__(
        self, database: Database, history: History, counted: Counted, stops: Stops, spoken: Spoken,
        clock: Callable[[], float], tally: Tally,
    ) -> None:  # fmt: skip
        self._db = database
        self._history = history
        self._counted = counted
        self._levels = Levels(self._now)
        self.habits = Habits(database, clock)
        self.requests = RequestTable(database, self._levels, stops, spoken, counted, self.habits, self._now)
        self.windows = CallWindows(database, counted)
        self.outbox = Outbox(database)
        self.assigning = Assigning(database)
        self.waits = Waits(database)
        self.retention = Retention(database)
        self.runs = Runs(database)
        self.quarantine = Quarantine(database, spoken)
        self.tokens = TokenTable(database)
        self.mistakes = Mistakes(database)
        self._clock = clock
        self._spoken = spoken
        self._large: Recent[str, bool] = Recent(MOST_LARGE)
        """Calls of which a large result is kept. One that is forgotten costs the event loop some milliseconds."""
        self.agents = Agents(database, self._levels, stops)
        self.promotions = Promotions(database, self._levels, stops, spoken, counted.edited, self._now)
        self.accepted = Accepted(database, self._now)
        self._stops = stops
        self.tally = tally
        """What was written, in figures."""

    @classmethod
    async def open(cls, path: Path, *, clock: Callable[[], float], steady: Callable[[], float] | None = None) -> Store:
        """Open or create the database file, check it, and bring its schema up to date.

        `clock` gives seconds since the epoch; it dates the records. `steady` gives the same as long as nobody sets
        the clock, and cannot be moved; windows run on it.

        Raises:
            Unavailable: another gate writes here, the file is damaged, of a newer version, not a gate's, or gone
                although it was there before. A gate never goes on with an empty log.
        """
        counted = Counted(steady or clock)
        tally = Tally()
        database = await SQLite.open(path, clock, counted.moved, tally)
        try:
            history = await database.read(History.load)
            stops = await database.read(Stops.load)
            spoken = await database.read(lambda tx: Spoken.load(tx, reading.unsettled(tx)))
        except BaseException:
            await database.close()
            raise
        return cls(database, history, counted, stops, spoken, clock, tally)

    async def close(self) -> None:
        """Write what is queued, then let go of the file."""
        await self._db.close()

    @property
    def commits(self) -> int:
        """Transactions committed since the start; calls per commit is what grouping gains."""
        return self._db.commits

    # -- the record ---------------------------------------------------------------------------------------------

    def note(self, event: Event) -> Awaitable[None]:
        """An event that changes no call: `policy.refused`, `tool.changed`, `security.*`. Lazy."""
        return self._write(partial(record.append, events=(event,)), lazy=True)

    async def records(self, after_seq: int = 0, limit: int = 1000) -> list[JsonObject]:
        """Whole audit records (contract 8), oldest first."""
        return await self._db.read(partial(record.page, after_seq=after_seq, limit=limit))

    async def hashes(self, after_seq: int, limit: int) -> list[str]:
        """The hashes of the records after one, oldest first."""
        return await self._db.read(partial(record.hashes, after_seq=after_seq, limit=limit))

    # -- policy and pins ----------------------------------------------------------------------------------------

    async def snapshot_loaded(
        self, snapshot_id: str, digest: str, files: Mapping[str, bytes], event: Event, ladder: Ladder | None = None,
        also: Sequence[Event] = (),
    ) -> None:  # fmt: skip
        """Keep the files of a snapshot (once), and record that it is in force, with what else it changes (`also`) and
        the levels that it gives agents."""
        now = self._now()

        def body(tx: Tx) -> None:
            snapshots.loaded(tx, now, snapshot_id, digest, dict(files), (event, *also))
            self._levels.govern(tx, ladder, {"policy_snapshot": snapshot_id})

        await self._db.write(body)

    async def get_meta(self, key: str) -> str | None:
        """One of the gate's own facts about itself."""
        return await self._db.read(partial(pins.meta, key=key))

    async def put_meta(self, key: str, value: str) -> None:
        """Keep one of them."""
        await self._db.write(partial(pins.put_meta, key=key, value=value))

    # -- calls --------------------------------------------------------------------------------------------------

    def begin(
        self, call: Call, verdict: JsonObject, state: CallState, events: Sequence[Event], snapshot: str, *,
        violation: bool = False, alone: bool = False,
    ) -> Awaitable[None]:  # fmt: skip
        """A call that needs nobody: `state` is DENIED, or DISPATCHED for one that is sent as soon as this resolves.

        Args:
            violation: it was denied by the policy, which counts against its agent.
            alone: no other call is under way.

        Raises:
            Outdated: decide again.
        """
        begin = calls.Begin(call, verdict, state, events, snapshot, self._levels, self._stops, violation=violation)
        self.habits.seen(call)
        begun = self._db.write(begin, alone=alone)
        if state is CallState.DISPATCHED:
            self._counted.sent(call)
            begun.add_done_callback(partial(self._never_begun, call.id))
        return begun

    def finish(
        self, call: Call, state: CallState, events: Sequence[Event], *,
        failure: bool = False, sent: bool = True, result: bytes | None = None, lazy: bool = False,
        opening: Sequence[Request] = (), done: bool = True,
    ) -> Awaitable[None]:  # fmt: skip
        """The end of a dispatched call: EXECUTED, QUARANTINED, FAILED or UNKNOWN.

        `failure` says that an executed call's result was `isError: true`, which counts for `failures` as FAILED and
        UNKNOWN do. `sent` is false where it is certain that the upstream saw nothing, which counts neither for nor
        against its agent. `result` is kept until `delivered`, for a caller that may be gone. A lazy one need not be
        awaited; if it cannot be written now it is tried again, with every later transaction and every second, until
        `close`. `opening` are requests for people to look at the call or its result, opened with its end. `done` is
        false where what is kept for them is an error: it is not known that the upstream did what it was asked.

        Raises:
            NotFound, Conflict: no such call; it is in no state that leads to `state`.
        """
        end = calls.End(call, state, tuple(events), failure, sent, result, self._history, self._levels, done)
        if not sent:
            self._counted.never_sent(call.id)
        elif result is None:
            self._counted.collected(call.id)
        if done and state in calls.EXECUTED:
            self.habits.executed(call)
        body = partial(requests.ended, end, opening, self._spoken) if opening else end
        heavy = result is not None and len(result) > HEAVY
        if heavy:
            self._large.put(call.id, True)
        return self._write(body, lazy=lazy, heavy=heavy)

    def delivered(self, call_id: str, events: Sequence[Event] = ()) -> Awaitable[None]:
        """The agent has the outcome; what was kept for collection is wiped. Lazy."""
        self._counted.collected(call_id)
        wiped = partial(calls.delivered, call_id=call_id, events=tuple(events))
        heavy = self._large.pop(call_id) is not None  # what is wiped is written over
        return self._write(wiped, lazy=True, heavy=heavy)

    async def result_of(self, call_id: str) -> bytes | None:
        """What `finish` was given to keep, unless delivered since."""
        return await self._db.read(partial(calls.kept, call_id=call_id))

    async def call(self, call_id: str) -> JsonObject | None:
        """One call: its members as in a request, with `ts`, `method`, `state`, `verdict`, `policy_snapshot`."""
        return await self._db.read(partial(calls.show, call_id=call_id))

    async def groups_of(self, call_id: str) -> list[str]:
        """The groups whose requests are about a call, as they stand now."""
        return await self._db.read(partial(calls.groups, call_id=call_id))

    async def trail(self, session: str, agent: str, limit: int = 20) -> list[JsonObject]:
        """The last calls of a session, oldest first: `{call_id, ts, tool, status}`."""
        return await self._db.read(partial(calls.trail, session=session, agent=agent, limit=limit))

    def failures(self, agent: str, job_hash: str) -> int:
        """Failed identical calls of this agent since the last identical one that succeeded. From memory."""
        return self._history.failures(agent, job_hash)

    def executed_before(self, agent: str, upstream: str, tool: str) -> bool:
        """Whether this agent ever had this tool executed. From memory."""
        return self._history.executed_before(agent, upstream, tool)

    async def dispatch_of(self, call_id: str) -> calls.Sent | None:
        """How a call was sent; None: it was not."""
        return await self._db.read(partial(calls.sent, call_id=call_id))

    async def recover(self) -> list[Call]:
        """After a start: calls sent by an earlier process without outcome become UNKNOWN, recorded as `call.unknown`.

        What waits for reviewers, what is approved and not yet sent, and results kept for collection stay as they are.
        Returns the calls whose outcome is now unknown.
        """
        lost = await self._db.write(partial(calls.recover, levels=self._levels))
        for call in lost:
            self._history.failed(call)
        return lost

    async def gated_share(self, since: float) -> float:
        """Share of the calls since a time (seconds since the epoch) that a person had to look at, 0 to 1."""
        return await self._db.read(partial(calls.gated_share, since=rfc3339(since)))

    def _now(self) -> str:
        return rfc3339(self._clock())

    def _never_begun(self, call_id: str, begun: asyncio.Future[None]) -> None:
        if not begun.cancelled() and begun.exception() is not None:
            self._counted.never_sent(call_id)

    def _write(self, body: Callable[..., None], *, lazy: bool = False, heavy: bool = False) -> asyncio.Future[None]:
        return self._db.write(body, lazy=lazy, heavy=heavy)
