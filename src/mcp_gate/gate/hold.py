"""Step 4 of a call: open or join a request, wait for people, and execute what they approved, once."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from mcp_gate.gate import editing, events, reviewers, words
from mcp_gate.gate.asking import new_request
from mcp_gate.gate.dispatch import dispatch
from mcp_gate.gate.job import Exchange, Sender
from mcp_gate.gate.receive import Received, forbidden
from mcp_gate.gate.tokens import facts_sent
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.config import GateSettings
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.event import Event
from mcp_gate.model.outcome import Delivered, NextLeg, Outcome, Ran, Refused, Status, UpstreamError
from mcp_gate.model.request import CallState, Request, RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.review.joining import covers, with_terms_of
from mcp_gate.review.proof import Terms, unproved
from mcp_gate.store.results import Claimed, Joined, NotClaimed, Opened, Opening, TooMany, WhyNot
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

TASK_WAIT_SEC: Final = 5.0
"""How long a client that takes task handles waits before it gets one (notes of the protocol's tasks extension)."""
LEGS: Final = 10
"""`input_required` legs that every known client survives; the next answer is `pending`."""


VOID: Final = frozenset(
    {
        WhyNot.POLICY_CHANGED,
        WhyNot.LEVEL_CHANGED,
        WhyNot.TOOL_CHANGED,
        WhyNot.ARGUMENTS_CHANGED,
        WhyNot.UNPROVED,
        WhyNot.STRICTER,
    }
)
"""What makes an approval worthless: the call is to be decided anew."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """Policy, level or tool changed under the request: the call is to be decided anew."""

    request_id: str


HoldOutcome: TypeAlias = Outcome | Superseded


async def hold(
    gate: Gate, received: Received, verdict: Verdict, exchange: Exchange, send: Sender, over: str = ""
) -> HoldOutcome:
    """Wait for a decision as long as this client can wait, and act on it.

    Args:
        over: why a constraint forbids the call whoever approves it; the reviewer is told beforehand.

    The same call of the same agent joins the open request, or collects its outcome; it never opens a second one.
    """
    outcome = await _held(gate, received, verdict, exchange, send, over)
    if isinstance(outcome, Delivered) and outcome.ran is not None:
        gate.taint.handed_on(outcome.ran.call, received.call.session, received.loaded.mappings)
    return outcome


async def _held(
    gate: Gate, received: Received, verdict: Verdict, exchange: Exchange, send: Sender, over: str
) -> HoldOutcome:
    key = (received.call.agent, received.call.job_hash)
    if key in gate.running:
        return await _collected(gate, key, received.call.session)
    found = await _joined(gate, received, verdict, over)
    if not isinstance(found, _Name):
        return found
    with gate.waiters.waiting(found.request_id):
        return await _Wait(gate, received, verdict, exchange, send, found).until_settled()


@dataclass(frozen=True, slots=True)
class _Name:
    """All that a waiting client keeps of its request: thousands may wait."""

    request_id: str
    call_id: str
    opened_ts: str


async def _joined(gate: Gate, received: Received, verdict: Verdict, over: str) -> _Name | HoldOutcome:
    """Open the request or join it; or what is to be told at once."""
    asked, raised = verdict, ""
    while True:
        opened = await _open(gate, received, asked, over, raised)
        match opened:
            case TooMany():
                return await _too_many(gate, received, verdict)
            case Opened(request):
                pass  # told already
            case Joined(request, CallState.PENDING, _) if not covers(request, asked):
                await gate.supersede(request, WhyNot.STRICTER.value)
                asked, raised = with_terms_of(request, asked), request.id
                continue
            case Joined(request, state, result):
                told = await _told(gate, request, state, result, verdict)
                if isinstance(told, UpstreamError):
                    gate.taint.told_too(request.call.session, received.call.session)
                if told is not None:
                    return told
                gate.announce("request.joined", request)
            case _:
                assert_never(opened)
        return _Name(request.id, request.call.id, request.opened_ts)


async def _told(
    gate: Gate, request: Request, state: CallState, result: bytes | None, verdict: Verdict
) -> Outcome | None:
    """The outcome of an approved call that nobody has received yet; None while it has none."""
    call_id = request.call.id
    match state:
        case CallState.EXECUTED if result is not None:
            outcome: Outcome = Delivered(await gate.kept(result), Ran(request.call, verdict))
        case CallState.EXECUTED | CallState.UNKNOWN:
            outcome = words.unknown(verdict, call_id, request.id)
        case CallState.QUARANTINED:
            return words.quarantined(verdict, call_id, "a reviewer has to look at it")  # it is not delivered by that
        case CallState.FAILED if result is not None:
            outcome = UpstreamError(await gate.kept(result))
        case CallState.FAILED:
            outcome = words.failed(verdict, call_id, "the tool failed", sent=True, request_id=request.id)
        case _:
            return None
    delivered(gate, request)
    return editing.told(outcome, request)


def delivered(gate: Gate, request: Request) -> None:
    """Record that the agent has the outcome of an approved call."""
    common = events.members(request.call, request.policy_snapshot)
    gate.later(gate.store.delivered(request.call.id, [events.request_event("call.delivered", common, request.id, {})]))


async def _open(gate: Gate, received: Received, verdict: Verdict, over: str, raised: str) -> Opening:
    """
    Args:
        raised: the request in whose place a stricter one is opened, or "".
    """
    request = new_request(received.call, verdict, gate.clock.steady(), over, received.puts_back)
    common = events.members(received.call, verdict.policy_snapshot)
    written = [
        events.received(common, received.call),
        events.decided(common, verdict, received.call),
        events.opened(common, request, due_ts=request.due_ts, **({"supersedes": raised} if raised else {})),
    ]
    cap = received.loaded.settings.limits.pending_per_agent
    opening = asyncio.ensure_future(gate.store.requests.open(received.call, request, written, cap=cap))
    opening.add_done_callback(partial(_opened, gate))
    return await asyncio.shield(opening)


def _opened(gate: Gate, opening: asyncio.Future[Opening]) -> None:
    """What was opened is open, also when its client went away meanwhile."""
    if not opening.cancelled() and opening.exception() is None and isinstance(found := opening.result(), Opened):
        gate.opened(found.request)


async def _too_many(gate: Gate, received: Received, verdict: Verdict) -> Refused:
    call = received.call
    refused = words.too_many(verdict, call.id)
    common = {**events.members(call, verdict.policy_snapshot), "reason": refused.reason}
    written = [events.received(common, call), events.decided(common, verdict, call), Event("security.too_many", common)]
    await gate.store.begin(call, verdict.as_json(), CallState.DENIED, written, verdict.policy_snapshot)
    return refused


class _Wait:
    """One client waiting on one request."""

    __slots__ = (
        "_call_id", "_exchange", "_gate", "_id", "_loop", "_opened_ts", "_received", "_send", "_since", "_verdict",
    )  # fmt: skip

    def __init__(
        self, gate: Gate, received: Received, verdict: Verdict, exchange: Exchange, send: Sender, name: _Name
    ) -> None:
        self._gate = gate
        self._received = received
        self._verdict = verdict
        self._exchange = exchange
        self._send = send
        self._id = name.request_id
        self._call_id = name.call_id
        self._opened_ts = name.opened_ts
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()

    async def until_settled(self) -> HoldOutcome:
        end = self._patience()
        while True:
            change = self._gate.hub.change(self._id)  # before reading, so that no word is missed
            settled = await self._look()
            if settled is not None:
                change.cancel()
                return settled
            if self._gate.stopped.is_set() or not await self._sleep(change, end):
                change.cancel()
                return self._out_of_patience()

    async def _look(self) -> HoldOutcome | None:
        """Read the request as it is now; nothing of it is kept while it is pending."""
        request = await self._gate.store.requests.find(self._id)
        if request is None:
            return words.withdrawn(self._verdict, self._call_id, self._id)
        return await self._settled(request)

    async def _settled(self, request: Request) -> HoldOutcome | None:
        """What the request's status means for this client; None while it is to wait."""
        match request.status:
            case RequestStatus.PENDING:
                return None
            case RequestStatus.APPROVED:
                return await self._execute(request)
            case RequestStatus.REJECTED:
                await self._gate.store.requests.consume_outcome(request.id)
                reason = next((d.reason for d in reversed(request.decisions) if d.decision == "deny"), "")
                return words.rejected(self._verdict, request.call.id, request.id, reason)
            case RequestStatus.EXPIRED:
                await self._gate.store.requests.consume_outcome(request.id)
                return words.expired(self._verdict, request.call.id, request.id)
            case RequestStatus.CANCELLED if self._gate.store.agents.stopped(request.call.agent):
                return words.stopped(self._verdict, request.call.id, request.id)
            case RequestStatus.CANCELLED:
                return words.withdrawn(self._verdict, request.call.id, request.id)
            case RequestStatus.SUPERSEDED:
                return Superseded(request.id)
            case _:
                assert_never(request.status)

    # ---- patience

    def _patience(self) -> float | None:
        """When to stop waiting, on the loop's clock; None: as long as the request lives, kept alive by heartbeats."""
        hold = self._received.loaded.settings.hold
        if self._exchange.tasks:
            return self._since + min(TASK_WAIT_SEC, hold.wait_sec)
        if self._exchange.modern:
            return self._since + hold.wait_sec
        return None if self._exchange.heartbeat(words.waiting(self._id, 0)) else self._since + hold.wait_sec

    async def _sleep(self, change: asyncio.Future[None], end: float | None) -> bool:
        """Until something changes or the next heartbeat is due; False when patience ran out."""
        beat = self._received.loaded.settings.hold.heartbeat_sec
        while True:
            now = self._loop.time()
            left = beat if end is None else min(beat, end - now)
            if left <= 0:
                return False
            done, _ = await asyncio.wait((change,), timeout=left)
            if done:
                return True
            self._exchange.heartbeat(words.waiting(self._id, round(self._loop.time() - self._since)))

    def _out_of_patience(self) -> Outcome:
        if (self._exchange.tasks or self._exchange.modern) and self._exchange.leg < LEGS:
            return NextLeg(self._id, self._exchange.leg + 1, self._opened_ts)
        return words.pending(self._verdict, self._call_id, self._id)

    # ---- execution

    async def _execute(self, request: Request) -> HoldOutcome | None:
        """Run the approved call in a task of the gate's: a client that goes away neither stops nor repeats it. None
        where the approval is due: the sweep ends it in a moment."""
        key = (request.call.agent, request.asked_call.job_hash)
        if key not in self._gate.running:
            if not request.consumed and request.due_ts <= rfc3339(self._gate.clock.steady()):
                return None
            self._gate.running.start(key, request, self._execution(request))
        return await _collected(self._gate, key, self._received.call.session)

    async def _execution(self, request: Request) -> HoldOutcome:
        call = request.call
        try:
            current = await self._send.definition()
        except Lost as lost:
            return words.failed(self._verdict, call.id, lost.reason, sent=False, request_id=request.id)
        if current != call.tool_hash:
            await self._gate.supersede(request, "tool_changed")
            return words.tool_changed(self._verdict, call.id, request.id)
        received = editing.as_it_runs(self._received, request)
        if received is None:
            await self._gate.supersede(request, WhyNot.ARGUMENTS_CHANGED.value)
            return Superseded(request.id)
        verdict = self._bound(request)
        await self._gate.tokens.acquaint(call.agent, call.session, call.arguments)
        received = self._gate.tokens.put_back(received, call)
        over = forbidden(verdict.constraints, facts_sent(received), call.id)
        if over:
            await self._gate.cancel(request, "constraint")
            return words.over_constraint(verdict, call.id, over)
        common = events.members(call, request.policy_snapshot)
        claimed = await self._gate.store.requests.claim(
            call.id,
            request.id,
            job_hash=self._received.call.job_hash,
            tool_hash=current,
            snapshot=self._gate.loaded.snapshot.id,
            now=self._gate.clock.steady(),
            proof=partial(self._proof, self._gate.loaded.settings, call),
            enough=partial(covers, verdict=self._verdict),
            events=[
                events.request_event(
                    "call.dispatched", common, request.id,
                    {
                        "bytes_sha256": received.bytes_sha256, "tool_hash": current,
                        **({"puts_back": list(received.puts_back)} if received.puts_back else {}),
                    },
                )
            ],
        )  # fmt: skip
        match claimed:
            case Claimed(used):  # the call as it was when it was proved
                outcome = await dispatch(self._gate, used.call, verdict, received, self._send, common, held=used)
                return editing.told(outcome, request)
            case NotClaimed(why):
                log.warning("request %s was not claimed: %s", request.id, why)
                if why in VOID:
                    await self._gate.supersede(request, why.value)
                return Superseded(request.id)
            case _:
                assert_never(claimed)

    def _proof(self, settings: GateSettings, call: Call, request: Request, found: bool) -> str:
        """Runs in the store's transaction: `request` is what is written there now."""
        clock = self._gate.clock
        terms = Terms(
            self._verdict, call, self._received.call.method, reviewers.people(settings),
            (settings.agents or {}).get(call.agent), self._gate.id, min(clock.wall(), clock.steady()),
        )  # fmt: skip
        return unproved(request, terms, found=found)

    def _bound(self, request: Request) -> Verdict:
        """Today's verdict, with the constraints that the reviewer saw joined in."""
        shown = Constraints.of(request.verdict.get("constraints", {}))
        return replace(self._verdict, constraints=self._verdict.constraints.join(shown))


async def _collected(gate: Gate, key: tuple[str, str], session: str) -> HoldOutcome:
    """The outcome of an execution, which its agent has by that, in a session of it."""
    outcome, request = await gate.running.collect(key)
    if isinstance(outcome, UpstreamError):
        gate.taint.told_too(request.call.session, session)
    if _handed_over(outcome) and not request.call.parent:  # a step's result is kept until its run has it
        delivered(gate, request)
    return outcome


def collectable(outcome: HoldOutcome) -> bool:
    """Whether an outcome that its client did not wait for is kept for the same call to collect."""
    match outcome:
        case Superseded() | NextLeg():
            return False
        case Refused(status=Status.FAILED, sent=False):
            return False  # the approval was not consumed: the same call tries again
        case Refused(status=Status.QUARANTINED):
            return False  # what becomes of it is the quarantine's to tell
        case _:
            return True


def _handed_over(outcome: HoldOutcome) -> bool:
    """Whether an outcome is that of a call which was sent, and all that there is of it."""
    match outcome:
        case Delivered() | UpstreamError() | Refused(status=Status.UNKNOWN) | Refused(status=Status.FAILED, sent=True):
            return True
        case _:
            return False  # it was not sent, or a reviewer has to look at its result
