"""Results that wait for a reviewer: told of at once, kept sealed, shown masked, handed over once to the same call."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.gate import editing, events, reviewers, words
from mcp_gate.gate.aside import aside, large
from mcp_gate.gate.asking import look_request
from mcp_gate.gate.inspect import told
from mcp_gate.gate.leaving.exits import Withheld
from mcp_gate.gate.receive import Received
from mcp_gate.gate.vault import Unreadable
from mcp_gate.lang import strictjson
from mcp_gate.lang.recent import Recent
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Outcome, Ran, Refused
from mcp_gate.model.output import Form
from mcp_gate.model.request import QUARANTINE, Request, RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.review.proof import Terms, unreleased
from mcp_gate.store.database import Conflict
from mcp_gate.store.quarantine import Collected
from mcp_gate.wire.opener import QUICK

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

MOST_KEPT: Final = 200
"""Results of one agent that wait for a reviewer or for their agent; what comes then is withheld for good."""


class Quarantine:
    """Those of one gate. What is under way for an agent and a job hash is in memory, so that a call costs a look-up."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._known: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._kept: dict[str, set[str]] = defaultdict(set)
        """Those of each agent; what was dropped, or is too old, is still among them until they are too many."""
        self._late: Recent[str, str] = Recent()
        """Requests about what came after a call was answered, by its id: a task's client asks for that."""

    async def load(self) -> None:
        """After a start: what an earlier process kept."""
        for kept in await self._gate.store.quarantine.all():
            self._kept[kept.agent].add(kept.request_id)
            for job_hash in kept.job_hashes:
                self._known[kept.agent, job_hash].append(kept.request_id)

    # ---- on the path of a call

    def request_for(self, ran: Ran, why: str, review: JsonObject, form: Form) -> Request:
        """The request for a look at an answer that may not leave."""
        verdict = ran.verdict
        about = {
            "why": why, "details": review["redaction_details"], "suspicious": review.get("suspicious", []),
            **({"form": form.value} if form is not Form.RESULT else {}),
        }  # fmt: skip
        return look_request(
            QUARANTINE, ran.call, {**verdict.as_json(), "quarantine": about}, self._gate.clock.steady(),
            snapshot=verdict.policy_snapshot, tier=verdict.tier, group=verdict.group,
            min_assurance=verdict.min_assurance, asked=None if ran.held is None else ran.held.asked,
        )  # fmt: skip

    async def has_room(self, agent: str) -> bool:
        """Whether one more result of an agent may be kept: a tool that returns pictures must not fill the disk."""
        if len(self._kept[agent]) >= MOST_KEPT:
            self._kept[agent] &= await self._gate.store.quarantine.waiting(agent)
        return len(self._kept[agent]) < MOST_KEPT

    async def seal(self, call: Call, payload: JsonObject) -> bytes:
        """An answer to a call, or what is left of one, as it is kept."""
        return await aside(large(payload), self._sealed, call, payload)

    def _sealed(self, call: Call, payload: JsonObject) -> bytes:
        return self._gate.vault.seal(strictjson.dumps(payload), call.id)

    def opened(self, request: Request) -> None:
        """From now on the same call is about this result, and reviewers see it."""
        self._kept[request.call.agent].add(request.id)
        for job_hash in _hashes(request):
            self._known[request.call.agent, job_hash].append(request.id)
        self._gate.queue.announce("request.opened", request)

    def about(self, call: Call) -> bool:
        """Whether the same call was made before, and something of it is still to be told."""
        return (call.agent, call.job_hash) in self._known

    async def collect(self, received: Received, verdict: Verdict) -> Outcome | None:
        """What the same call again is told, instead of being sent again; None where there is nothing to tell."""
        for request_id in tuple(self._known.get((received.call.agent, received.call.job_hash), ())):
            found, read = await self._collected(request_id, received.call)
            if found is None or found.request.status is not RequestStatus.PENDING:
                self._forget(received.call.agent, request_id)
            if found is not None:
                return await self._told(found, read, received.call.session, verdict)
        return None

    def _forget(self, agent: str, request_id: str) -> None:
        self._kept[agent].discard(request_id)
        for key in [key for key, ids in self._known.items() if key[0] == agent and request_id in ids]:
            self._known[key].remove(request_id)
            if not self._known[key]:
                del self._known[key]

    async def _collected(self, request_id: str, asking: Call) -> tuple[Collected | None, JsonObject | None]:
        """What there is to tell, and what was released, read before the record says that it was delivered: a client
        that goes away meanwhile did not have it."""
        request = await self._gate.store.requests.find(request_id)
        if request is None:
            return None, None
        read = await self.result(request) if request.status is RequestStatus.APPROVED else None
        common = {**events.members(request.call, request.policy_snapshot), "request_id": request.id}
        again = events.received(common, asking)
        settings = self._gate.loaded.settings
        people, agents = reviewers.people(settings), settings.agents or {}

        def proof(now: Request, found: bool) -> str:
            """Runs in the store's transaction: `now` is what is written there."""
            verdict = Verdict.undecided(now.policy_snapshot)  # the result is of a call that was decided
            wall = self._gate.clock.wall()
            call = now.call
            terms = Terms(verdict, call, call.method, people, agents.get(call.agent), self._gate.id, wall)
            return unreleased(now, terms)

        delivered = Event("call.delivered", common, {})
        return await self._gate.store.quarantine.collect(request_id, again, delivered, proof), read

    # ---- of a call that was answered by a task

    def late(self, call: Call) -> str | None:
        """The request about what a call's task came to, if that was withheld."""
        return self._late.get(call.id)

    async def withhold(self, ran: Ran, payload: JsonObject, seen: Withheld, form: Form) -> Refused:
        """Keep what a task came to for a reviewer, and say so."""
        call = ran.call
        request = self.request_for(ran, seen.why, seen.review, form)
        common = events.members(call, ran.verdict.policy_snapshot)
        written = (
            Event("output.reviewed", common, seen.review), events.opened(common, request),
        )  # fmt: skip
        try:
            if not await self.has_room(call.agent):
                self._gate.note(written[0])
                return words.quarantined(ran.verdict, call.id, seen.why, form=form)
            sealed = await self.seal(call, payload)
            keeping = asyncio.ensure_future(self._keep(request, sealed, written))
            self._gate.later(keeping)  # whoever goes away, it is kept
            await asyncio.shield(keeping)
        except Conflict:  # whoever asked at the same time was quicker
            return words.quarantined(ran.verdict, call.id, seen.why, self.late(call), form)
        except Exception:  # no memory, no files: it is withheld, and told so
            log.exception("a withheld result of %s could not be kept", call.id)
            return words.quarantined(ran.verdict, call.id, seen.why, form=form)
        return words.quarantined(ran.verdict, call.id, seen.why, request.id, form)

    async def _keep(self, request: Request, sealed: bytes, written: Sequence[Event]) -> None:
        await self._gate.store.quarantine.withhold(request, sealed, written)
        self._late.put(request.call.id, request.id)
        self.opened(request)

    async def again(self, request_id: str, ran: Ran) -> Outcome | None:
        """What a task's client is told that asks again; None where all was told."""
        request = await self._gate.store.requests.find(request_id)
        if request is None or request.consumed:
            return None
        if request.status is RequestStatus.PENDING or self._gate.store.agents.stopped(ran.call.agent):
            return await self._told(Collected(replace(request, status=RequestStatus.PENDING)), None, "", ran.verdict)
        found, read = await self._collected(request_id, ran.call)
        if found is None or found.request.status is not RequestStatus.PENDING:
            self._forget(ran.call.agent, request_id)
        return None if found is None else await self._told(found, read, ran.call.session, ran.verdict)

    # ---- parts

    async def _told(self, found: Collected, read: JsonObject | None, session: str, verdict: Verdict) -> Outcome:
        """
        Args:
            read: the result, where it was read already.
            session: of whoever gets it.
        """
        return editing.told(await self._outcome(found, read, session, verdict), found.request)

    async def _outcome(self, found: Collected, read: JsonObject | None, session: str, verdict: Verdict) -> Outcome:
        request = found.request
        match request.status:
            case RequestStatus.PENDING:
                why = request.verdict["quarantine"]["why"]
                return words.quarantined(verdict, request.call.id, why, request.id, form_of(request))
            case RequestStatus.APPROVED:
                try:
                    body = None if found.result is None else read  # it may be gone meanwhile
                    body = body or await self._opened(request.call, found.result)
                except Unreadable as e:
                    log.error("the result of %s is lost: %s", request.call.id, e)
                    return words.dropped(verdict, request.call.id, request.id, str(e))
                odd = bool(request.verdict["quarantine"].get("suspicious"))
                call = replace(request.call, session=session)
                self._gate.taint.delivered(call, self._gate.loaded.mappings, suspicious=odd)
                return told(body, form_of(request), Ran(call, verdict))
            case RequestStatus.REJECTED:
                return words.dropped(verdict, request.call.id, request.id, _reason(request))
            case RequestStatus.EXPIRED:
                return words.unseen(verdict, request.call.id, request.id)
            case RequestStatus.CANCELLED | RequestStatus.SUPERSEDED:
                raise AssertionError("a closed one is not collected")
            case _:
                assert_never(request.status)

    async def _opened(self, call: Call, result: bytes | None) -> JsonObject:
        if result is None:
            raise Unreadable("nothing of it was kept")
        return await self._gate.kept(await aside(len(result) > QUICK, self._gate.vault.open, result, call.id))

    async def result(self, request: Request) -> JsonObject | None:
        """The result as it came; None where it is no longer there."""
        try:
            return await self._opened(request.call, await self._gate.store.result_of(request.call.id))
        except Unreadable:
            return None


def form_of(request: Request) -> Form:
    """Whether what is withheld is a result or an error."""
    return Form(request.verdict["quarantine"].get("form", Form.RESULT))


def _hashes(request: Request) -> frozenset[str]:
    """Of the calls that it is told to: as its agent made it, and as it was sent."""
    return frozenset((request.call.job_hash, request.asked_call.job_hash))


def _reason(request: Request) -> str:
    return next((word.reason for word in reversed(request.decisions) if word.decision == "drop"), "")
