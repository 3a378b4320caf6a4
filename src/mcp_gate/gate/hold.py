"""Step 4 of a call: open or join a request, and wait for people."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.gate import editing, events, words
from mcp_gate.gate.asking import new_request
from mcp_gate.gate.execute import Execution, HoldOutcome, Superseded, collected, delivered
from mcp_gate.gate.job import Exchange, Sender
from mcp_gate.gate.receive import Received
from mcp_gate.model.event import Event
from mcp_gate.model.outcome import Delivered, NextLeg, Outcome, Ran, Refused, UpstreamError
from mcp_gate.model.request import CallState, Request, RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.review.joining import covers, with_terms_of
from mcp_gate.store.results import Joined, Opened, Opening, TooMany, WhyNot

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

TASK_WAIT_SEC: Final = 5.0
"""How long a client that takes task handles waits before it gets one (notes of the protocol's tasks extension)."""
LEGS: Final = 10
"""`input_required` legs that every known client survives; the next answer is `pending`."""


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
        return await collected(gate, key, received.call.session)
    found = await _joined(gate, received, verdict, over)
    if not isinstance(found, _Name):
        return found
    with gate.waiters.waiting(found.request_id):
        return await _Wait(gate, received, verdict, exchange, send, found).until_settled()


@dataclass(frozen=True, slots=True)
class _Name:
    """All that a waiting client keeps of its request, since thousands may wait."""

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
                await gate.queue.supersede(request, WhyNot.STRICTER.value)
                asked, raised = with_terms_of(request, asked), request.id
                continue
            case Joined(request, state, result):
                told = await _told(gate, request, state, result, verdict)
                if isinstance(told, UpstreamError):
                    gate.taint.told_too(request.call.session, received.call.session)
                if told is not None:
                    return told
                gate.queue.announce("request.joined", request)
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
        events.opened(common, request, **({"supersedes": raised} if raised else {})),
    ]
    cap = received.loaded.settings.limits.pending_per_agent
    opening = asyncio.ensure_future(gate.store.requests.open(received.call, request, written, cap=cap))
    opening.add_done_callback(partial(_opened, gate))
    return await asyncio.shield(opening)


def _opened(gate: Gate, opening: asyncio.Future[Opening]) -> None:
    """A request that was opened stays open, even if its client went away meanwhile."""
    if not opening.cancelled() and opening.exception() is None and isinstance(found := opening.result(), Opened):
        gate.queue.opened(found.request)


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
                execution = Execution(self._gate, self._received, self._verdict, self._send)
                return await execution.outcome(request)
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
                return Superseded(request.id, request.call.id)
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
