"""People's words on held calls: judged against the request as it is, written with their record, told to who waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from mcp_gate.autonomy.level import AgentLevel, Change
from mcp_gate.autonomy.promotion import promotion
from mcp_gate.gate import events, reviewers
from mcp_gate.gate.accepted import accepted_hash
from mcp_gate.gate.editing import edited
from mcp_gate.gate.masked import let_out
from mcp_gate.gate.reviewers import Identity
from mcp_gate.gate.second import look_at
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Accepted, Judged, Refused
from mcp_gate.model.request import PROMOTION, QUARANTINE, Request, ReviewerDecision
from mcp_gate.model.timed import Escalates
from mcp_gate.model.workload import Workload
from mcp_gate.review import checks
from mcp_gate.review.checks import holder
from mcp_gate.review.claims import Granted, judge_claim, judge_escalate, judge_extend, judge_release
from mcp_gate.review.judge import judge, recorded
from mcp_gate.review.replay import Words, said_before
from mcp_gate.review.second import with_look
from mcp_gate.review.standing import Standing
from mcp_gate.store.database import Conflict
from mcp_gate.store.once import Once
from mcp_gate.store.requests import Released

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NoSuchRequest:
    """There is no request with this id."""


Answer: TypeAlias = Request | Refused | NoSuchRequest
"""The request as it is afterwards, or why nothing changed."""


class Reviewing:
    """What reviewers do, for every face. Words are taken one after the other, so that each sees what the last one did.

    Every method may raise `store.database.Unavailable`: then nothing was decided.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._turn = asyncio.Lock()
        self._words = Words()

    async def decide(
        self, request_id: str, posted: ReviewerDecision, identity: Identity, mark: Once | None = None
    ) -> Answer:
        """Take a person's word on a request. The very same word again gets the same answer and has no effect.

        Args:
            mark: what brought it, where that counts once.
        """
        async with self._turn:
            request = await self._gate.store.requests.find(request_id)
            if request is None:
                return NoSuchRequest()
            standing = await self._standing(request, identity, posted.approver_id)
            speaker = standing.reviewer
            if speaker is not None and speaker.id == posted.approver_id and said_before(request, posted):
                return self.shown(request)
            if posted.decision == "edit" and posted.arguments is not None:
                standing = replace(standing, edit=await edited(self._gate, request, posted.arguments))
            released: Released | None = None
            if request.kind == QUARANTINE and posted.decision == "redact":
                less = await let_out(self._gate, request, posted.arguments or {})
                if isinstance(less, Refused):
                    return await self._refused(less, request, posted.approver_id or "", standing)
                released = less
            judged = await self._weighed(request, posted, standing, released, mark)
            if isinstance(judged, Refused):
                return judged
            self._words.remember(posted, request_id, self._gate.clock.steady())
            self._gate.presence.seen(judged.decision.approver_id)
            if judged.opens is not None:
                self._gate.queue.announce("request.opened", judged.opens)
            return await self._told("request.decided", request, judged.opens)

    async def claim(self, request_id: str, approver_id: str, identity: Identity) -> Answer:
        """Take a request for oneself for ten minutes."""
        return await self._ask(request_id, approver_id, identity, "request.claimed", judge_claim, self._set_claim)

    async def release_claim(self, request_id: str, approver_id: str, identity: Identity) -> Answer:
        """Give a claim back."""
        return await self._ask(request_id, approver_id, identity, "request.released", judge_release, self._drop_claim)

    async def extend(self, request_id: str, approver_id: str, identity: Identity, seconds: int) -> Answer:
        """Move the due time of a request."""
        check = partial(judge_extend, seconds=seconds)
        return await self._ask(request_id, approver_id, identity, "request.extended", check, self._set_due)

    async def escalate(self, request_id: str, approver_id: str, identity: Identity, reason: str) -> Answer:
        """Send a request on to the next group, as time would."""
        check = partial(judge_escalate, reason=reason)
        return await self._ask(request_id, approver_id, identity, "request.escalated", check, self._send_on)

    async def reveal(self, request_id: str, approver_id: str, identity: Identity) -> JsonObject | Answer:
        """Show a withheld result as it came, or let be shown what is personal in a call, to somebody who may decide on
        it; that he saw it is on the record first."""
        request = await self._gate.store.requests.find(request_id)
        if request is None:
            return NoSuchRequest()
        withheld = request.kind == QUARANTINE
        result = await self._gate.quarantine.result(request) if withheld else None
        fields = await self.entitled(request, approver_id, identity, gone=withheld and result is None)
        if isinstance(fields, Refused):
            return fields
        await self._gate.store.note(Event("security.result_revealed" if withheld else "security.revealed", fields))
        return self.shown(request) if result is None else result

    async def entitled(
        self, request: Request, approver_id: str, identity: Identity, *, gone: bool = False
    ) -> JsonObject | Refused:
        """The members of an event about what somebody does who may decide on a request; why not, if he may not.

        Args:
            gone: whether what he is after is no longer there.
        """
        standing = await self._standing(request, identity, approver_id)
        refused = checks.first((checks.person, checks.group, checks.itself), request, standing)
        if refused is None and gone:
            refused = Refused("already_decided", 409, "the result is no longer here")
        if refused is not None:
            return await self._refused(refused, request, approver_id, standing)
        assert standing.reviewer is not None
        proof = standing.reviewer.assurance.word
        return {**standing.record, "request_id": request.id, "approver_id": approver_id, "assurance": proof}

    def shown(self, request: Request) -> Request:
        """A stored request as reviewers see it: with who waits for it, and without claims that lapsed."""
        claimed_by = holder(request, self._gate.clock.steady())
        return replace(request, waiting=request.id in self._gate.waiters, claimed_by=claimed_by)

    # ---- judging

    async def _weighed(
        self, request: Request, posted: ReviewerDecision, standing: Standing, released: Released | None,
        mark: Once | None,
    ) -> Judged:  # fmt: skip
        """Have a word judged and written; a promotion's also against the agent's level as it is then."""
        body, store = partial(self._judge, posted, standing, look_at(self._gate, request)), self._gate.store
        if request.kind != PROMOTION:
            return await store.requests.decide(request.id, body, released, mark)
        ladder = store.agents.ladder

        def rises(agent: AgentLevel) -> Change | Refused:
            if ladder is None:
                return checks.voided_by("the policy changed")
            risen = promotion(standing.wall, request.call.agent, ladder, agent)
            return recorded(risen, request, posted, standing) if isinstance(risen, Refused) else risen

        return await store.promotions.decide(request.id, body, rises, mark)

    def _judge(self, posted: ReviewerDecision, standing: Standing, look: Request | None, request: Request) -> Judged:
        """Runs in the store's transaction: `request` is what is written there now."""
        judged = judge(request, posted, standing)
        if isinstance(judged, Accepted):
            replayed = self._words.elsewhere(posted, request.id)
            if replayed is not None:
                return recorded(replayed, request, posted, standing)
            if look is not None:
                return with_look(judged, request, standing, look)
        return judged

    async def _standing(self, request: Request, identity: Identity, approver_id: str | None) -> Standing:
        gate = self._gate
        settings = gate.loaded.settings
        known = reviewers.people(settings)
        speaker = reviewers.reviewer(known, identity, approver_id)
        load = Workload() if speaker is None else await self._load(speaker.id, request)
        return Standing(
            reviewer=speaker,
            load=load,
            controls=gate.loaded.queue,
            people=known,
            agent=settings.agent(request.call.agent),
            now=gate.clock.steady(),
            wall=gate.clock.wall(),
            snapshot=gate.loaded.snapshot.id,
            tool_hash=accepted_hash(gate, request.call),
            level=gate.store.agents.level(request.call.agent),
            gate_id=gate.id,
            record=events.members(request.call, request.policy_snapshot),
        )

    async def _load(self, reviewer: str, request: Request) -> Workload:
        """What a reviewer has open, where the policy needs to know. Words are taken one after the other, so it stays
        true."""
        controls = self._gate.loaded.queue
        approvals = controls.cooldown_after_approvals or 0
        if controls.max_open_requests_per_reviewer is None and not approvals:
            return Workload()
        now = self._gate.clock.steady()
        return await self._gate.store.assigning.workload(reviewer, without=request.id, now=now, approvals=approvals)

    # ---- claims, due times, other groups

    async def _ask(
        self, request_id: str, approver_id: str, identity: Identity, event: str,
        check: Callable[[Request, Standing], T | Refused], act: Callable[[Request, str, T], Awaitable[None]],
    ) -> Answer:  # fmt: skip
        """Do what needs no more than one person's word, if `check` grants it."""
        async with self._turn:
            while True:
                request = await self._gate.store.requests.find(request_id)
                if request is None:
                    return NoSuchRequest()
                standing = await self._standing(request, identity, approver_id)
                asked = check(request, standing)
                if isinstance(asked, Refused):
                    return await self._refused(asked, request, approver_id, standing)
                try:
                    await act(request, approver_id, asked)
                except Conflict:
                    continue  # it ended or moved on meanwhile: the next look says how
                self._gate.presence.seen(approver_id)
                return await self._told(event, request)

    async def _refused(self, why: Refused, request: Request, approver_id: str, standing: Standing) -> Refused:
        refused = recorded(why, request, ReviewerDecision(approver_id=approver_id), standing)
        for event in refused.events:
            await self._gate.store.note(event)
        return refused

    async def _set_claim(self, request: Request, approver_id: str, until: Granted) -> None:
        await self._gate.store.requests.set_claim(request, approver_id, until.ts)

    async def _drop_claim(self, request: Request, _: str, __: Granted) -> None:
        await self._gate.store.requests.set_claim(request, "", "")

    async def _set_due(self, request: Request, approver_id: str, due: Granted) -> None:
        seconds = round(parse_rfc3339(due.ts) - parse_rfc3339(request.due_ts))
        await self._gate.store.requests.extend(request, due.ts, {"approver_id": approver_id, "seconds": seconds})

    async def _send_on(self, request: Request, _: str, to: Escalates) -> None:
        await self._gate.store.requests.escalate(request, to)

    async def _told(self, event: str, before: Request, look: Request | None = None) -> Request:
        """Read the request again and tell whoever waits or watches.

        Args:
            look: the second look at it that was opened: whoever may be the one to look is not told how it ended.
        """
        request = await self._gate.store.requests.find(before.id) or before
        self._gate.queue.announce(event, request, blind=look is not None)
        return self.shown(request)
