"""The requests that the gate remembers: opened, judged, moved on by time, used up, and shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Judged
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.model.timed import Escalates, Timed
from mcp_gate.store import looks, nearest, reading, requests
from mcp_gate.store.claim import Bound, Proof, claim
from mcp_gate.store.counted import Counted
from mcp_gate.store.database import Database
from mcp_gate.store.habits import Habits
from mcp_gate.store.levels import Levels
from mcp_gate.store.nearest import Nearest
from mcp_gate.store.once import Once, once
from mcp_gate.store.requests import Released
from mcp_gate.store.results import Claim, Closing, Opened, Opening
from mcp_gate.store.spoken import Spoken
from mcp_gate.store.stops import Stops


class RequestTable:
    """See `Store` for what all methods may raise."""

    def __init__(
        self, database: Database, levels: Levels, stops: Stops, spoken: Spoken, counted: Counted, habits: Habits,
        now: Callable[[], str],
    ) -> None:  # fmt: skip
        self._db = database
        self._levels = levels
        self._stops = stops
        self._spoken = spoken
        self._counted = counted
        self._habits = habits
        self._now = now

    async def open(self, call: Call, request: Request, events: Sequence[Event], *, cap: int) -> Opening:
        """Hold a call, or join the same call of the same agent that is open or whose outcome nobody has received.

        A join writes only the `call.received` among `events`, under the ids of the call and request it joins. `cap` is
        the most requests the agent may have pending; a join does not count.

        Raises:
            Outdated: decide again.
        """
        self._habits.seen(call)
        body = requests.Open(call, request, tuple(events), cap, self._levels, self._stops, self._spoken)
        opening = self._db.write(body)
        self._counted.held(call)
        opening.add_done_callback(partial(self._not_opened, call.id))
        return await asyncio.shield(opening)  # whether it was opened is to be known whoever still waits

    async def open_sample(self, sample: Request, event: Event) -> None:
        """A request for a look at a call that is over."""
        await self._db.write(partial(requests.look, sample, event))

    async def decide(
        self, request_id: str, body: Callable[[Request], Judged], released: Released | None = None,
        mark: Once | None = None,
    ) -> Judged:  # fmt: skip
        """Let `body` judge a person's word on the request as it is in this transaction, and write what it says.

        `body` is pure and runs in the writer's thread. `released` is what an accepted word leaves of a result in
        quarantine, where that is not all of it; `mark` is what brought the word, where that counts once.

        Raises:
            NotFound: no such request.
            Conflict: the word was accepted though the request is no longer pending.
        """
        decide = partial(
            requests.decide, request_id=request_id, body=body, levels=self._levels, edited=self._counted.edited,
            spoken=self._spoken, released=released,
        )  # fmt: skip
        return await self._db.write(once(mark, self._now(), decide))

    async def pass_time(self, request_id: str, body: Callable[[Request], Timed]) -> tuple[Timed, Request]:
        """Let `body` say what time does to the request as it is in this transaction, and do it.

        `body` is pure and runs in the writer's thread. Gives what it said, and the request as it is afterwards.

        Raises:
            NotFound: no such request.
            Conflict: it was escalated or approved though the request's state does not allow that.
        """
        return await self._db.write(partial(requests.pass_time, request_id=request_id, body=body, spoken=self._spoken))

    async def claim(
        self, call_id: str, request_id: str, *,
        job_hash: str, tool_hash: str, snapshot: str, now: float, events: Sequence[Event], proof: Proof,
        enough: Callable[[Request], bool],
    ) -> Claim:  # fmt: skip
        """The only way from approved to dispatched: compares state, hashes, snapshot, due time, proves anew that
        people approved it, and uses up the approval.

        Hashes and snapshot are those of `now` (seconds since the epoch, compared with `due_ts`); `events` are written
        only if the claim is granted. What `proof` says is recorded (`security.unproved_approval`); `enough` says
        whether people were asked for all that the call asks for now.

        Raises:
            NotFound: no such request, or it holds another call.
        """
        bound = Bound(job_hash, tool_hash, snapshot, rfc3339(now), proof, enough)
        return await self._db.write(
            partial(claim, call_id, request_id, bound, tuple(events), self._levels, self._stops, self._spoken)
        )

    async def close(self, request_id: str, status: RequestStatus, events: Sequence[Event]) -> Closing:
        """EXPIRED, CANCELLED or SUPERSEDED, from pending or from approved and not sent.

        Raises:
            NotFound: no such request.
        """
        return await self._db.write(partial(requests.close, request_id, status, tuple(events), self._spoken))

    async def consume_outcome(self, request_id: str, events: Sequence[Event] = ()) -> None:
        """A rejection or expiry was told to the agent: the same call is a new call from now on."""
        await self._db.write(partial(requests.consume, request_id, tuple(events), self._spoken))

    async def set_claim(self, read: Request, reviewer: str, until: str) -> None:
        """Who is looking at a pending request, until when (RFC 3339); two empty texts: nobody.

        Raises:
            NotFound, Conflict: no such request; it is not pending, or time moved it on since it was read.
        """
        await self._db.write(partial(requests.set_claim, read, reviewer, until))

    async def extend(self, read: Request, due_ts: str, said: JsonObject) -> None:
        """Move the due time (RFC 3339) of a pending request.

        Args:
            said: `{approver_id, seconds}`; the request's next event says so.

        Raises:
            NotFound, Conflict: as `set_claim`.
        """
        await self._db.write(partial(requests.extend, read, due_ts, said))

    async def escalate(self, read: Request, to: Escalates) -> None:
        """Send a pending request on to its next group, with the record of who did so.

        Raises:
            NotFound, Conflict: as `set_claim`.
        """
        await self._db.write(partial(requests.escalate, read, to, self._spoken))

    async def find(self, request_id: str) -> Request | None:
        """One request with its decisions and the session's trail; `waiting` is always False here: the gate knows."""
        return await self._db.read(partial(reading.find, request_id=request_id))

    async def page(
        self, status: RequestStatus | None = None, group: str | None = None, after: str | None = None,
        limit: int = 100, *, brief: bool = False, groups: frozenset[str] | None = None,
    ) -> list[Request]:  # fmt: skip
        """Oldest first; `after` is the id of the last request of the page before. Brief ones are without what may be
        large: arguments, attributes, claims, signals and trail are empty. With `groups` those of no other group."""
        return await self._db.read(partial(reading.page, status, group, groups, after, limit, brief))

    async def nearest(self, request: Request) -> Nearest | None:
        """The approved call most like the one that a request holds, of the same tool by the same agent."""
        return await self._db.read(partial(nearest.find, request))

    async def to_look_at(self, reviewer: str, groups: frozenset[str] | None) -> frozenset[str]:
        """Decisions that a reviewer may be the one to look at again: the ids of their calls, and of the requests.

        Args:
            groups: his; None: all.
        """
        return await self._db.read(partial(looks.waiting_for, reviewer=reviewer, groups=groups))

    async def counts(self) -> list[tuple[str, str, str, str, int]]:
        """How many requests are pending, or approved and not sent yet: status, kind, tier, group, count."""
        return await self._db.read(reading.counts)

    async def unsettled(self) -> list[Request]:
        """All that is pending, or approved and not sent yet, by due time; without `trail`."""
        return await self._db.read(reading.unsettled)

    def _not_opened(self, call_id: str, opening: asyncio.Future[Opening]) -> None:
        """It joined another one, was one too many, or could not be recorded."""
        if opening.exception() is not None or not isinstance(opening.result(), Opened):
            self._counted.never_sent(call_id)
