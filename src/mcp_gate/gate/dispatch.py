"""Steps 5 to 7: send what is already on the record, inspect what comes back, say what may be delivered."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.gate import events, words
from mcp_gate.gate.aside import aside, large
from mcp_gate.gate.egress import Changed, Passed, Withheld, without_gate_meta
from mcp_gate.gate.events import ended, request_event
from mcp_gate.gate.inspect import inspected, told
from mcp_gate.gate.job import Sender
from mcp_gate.gate.receive import Received
from mcp_gate.gate.samples import sample_of
from mcp_gate.lang import strictjson
from mcp_gate.model.call import OWN, Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Outcome, Ran
from mcp_gate.model.output import Form
from mcp_gate.model.request import CallState, Request
from mcp_gate.model.verdict import Verdict
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate
    from mcp_gate.gate.quarantine import Quarantine

log = logging.getLogger(__name__)

KEEP_SEC: Final = 2.0
"""How long a client waits for its withheld result to be kept before it is told that it has to do without."""


async def dispatch(
    gate: Gate, call: Call, verdict: Verdict, received: Received, send: Sender, common: JsonObject,
    held: Request | None = None,
) -> Outcome:  # fmt: skip
    """Send the call. Its state is `dispatched` on the record already; it ends in exactly one other.

    Args:
        call: what is sent: what was received, or the same call as it was held.
        held: the request that it was held by.
    """
    request_id = None if held is None else held.id
    ran = Ran(call, verdict, held if held is not None and held.asked is not None else None)
    end = _End(gate, call, common, kept=request_id is not None or bool(call.parent))
    if received.glass:
        end.sample = sample_of(gate, call, verdict, received)  # whatever becomes of it
    if gate.store.agents.stopped(call.agent):  # between the record and the first byte
        await end.failed("stopped", sent=False)
        return words.stopped(verdict, call.id, request_id)
    scope = gate.under_way.begin(call.agent)
    try:
        with gate.tracing.step("dispatch"):
            async with scope:
                arguments = call.arguments if received.sends is None else received.sends
                result = await send(arguments, verdict.constraints.max_runtime_sec)
    except RpcError as error:
        return await _inspect(end, ran, received, _Answer(Form.ERROR, error.as_json()))
    except Lost as lost:
        if not lost.sent:
            await end.failed("unreachable", sent=False)
            return words.failed(verdict, call.id, lost.reason, sent=False, request_id=request_id)
        await end.unknown("lost")
        return words.unknown(verdict, call.id, request_id)
    except TimeoutError:
        if scope.expired():
            await end.unknown("stopped")
            return words.unknown(verdict, call.id, request_id)
        await end.failed("max_runtime_sec", sent=True)
        return words.failed(verdict, call.id, "it ran longer than it may", sent=True, request_id=request_id)
    except asyncio.CancelledError:
        end.abandoned()
        raise
    except Exception:
        log.exception("sending the call %s failed", call.id)
        await end.unknown("error")
        return words.unknown(verdict, call.id, request_id)
    else:
        return await _inspect(end, ran, received, _Answer(Form.RESULT, result))
    finally:
        gate.under_way.end(scope)


async def _inspect(end: _End, ran: Ran, received: Received, answer: _Answer) -> Outcome:
    """What may leave, by the one door; a check that fails withholds. A client that goes away meanwhile is told
    nothing, and what became of its call is recorded all the same."""
    try:
        return await _look(end, ran, received, answer)
    except asyncio.CancelledError:
        if not end.written:
            end.unheard = True
            end.gate.later(_unheard(end, ran, received, answer))
        raise


async def _unheard(end: _End, ran: Ran, received: Received, answer: _Answer) -> None:
    await _look(end, ran, received, answer)


async def _look(end: _End, ran: Ran, received: Received, answer: _Answer) -> Outcome:
    call = end.call
    if answer.form is Form.RESULT and end.sample is None and call.upstream != OWN:
        end.sample = sample_of(end.gate, call, ran.verdict, received)
    with end.gate.tracing.step("inspect") as span:
        seen = await inspected(end.gate, received.loaded, ran, answer.payload, answer.form)
        span.note(found=type(seen).__name__.lower())
    match seen:
        case Passed(payload):
            await end.answered(replace(answer, payload=payload), [])
            return told(payload, answer.form, ran)
        case Changed(payload, review):
            await end.answered(replace(answer, payload=payload), [Event("output.reviewed", end.common, review)])
            return told(payload, answer.form, ran)
        case Withheld(why, review):
            request = end.gate.quarantine.request_for(ran, why, review, answer.form)
            kept = await end.quarantined(answer, Event("output.reviewed", end.common, review), request)
            return words.quarantined(ran.verdict, call.id, why, request.id if kept else None, answer.form)
        case _:
            assert_never(seen)


def never_sent(gate: Gate, call: Call, common: JsonObject) -> None:
    """Record that a call whose client went away while its intent was written was not sent."""
    written = [ended("call.failed", common, {"sent": False, "error": "cancelled"})]
    gate.later(gate.store.finish(call, CallState.FAILED, written, sent=False, lazy=True))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the upstream said in the end."""

    form: Form
    payload: JsonObject

    @property
    def failure(self) -> bool:
        """Whether it says that the call failed, whatever the gate makes of it."""
        return self.form is Form.ERROR or self.payload.get("isError") is True

    def ended(self, common: JsonObject) -> Event:
        """The record of it."""
        match self.form:
            case Form.RESULT:
                return ended("call.executed", common, {"is_error": self.failure})
            case Form.ERROR:
                code = self.payload.get("code")
                return ended("call.failed", common, {"sent": True, "error": "upstream_error", "code": code})
            case _:
                assert_never(self.form)


class _End:
    """Writes how a dispatched call ended: waited for when a person approved it, or it is a step of a workflow; riding
    along otherwise.

    An allowed call's outcome is durable within 20 ms of its answer; a crash in between leaves it `unknown`, which is
    the honest word. An approved call's answer waits for the record, for its result can be collected later.
    """

    def __init__(self, gate: Gate, call: Call, common: JsonObject, *, kept: bool) -> None:
        self.gate = gate
        self._kept = kept
        self.call = call
        self.common = common
        self.sample: Request | None = None
        """The request for a look at the call, if it was selected: once it is executed, or sent behind broken glass."""
        self.written = False
        """Whether its end is on its way to the record."""
        self.unheard = False
        """Whether its client went away before it could be told."""

    async def answered(self, answer: _Answer, reviewed: list[Event]) -> None:
        """Record what leaves; it is kept for an approved call's client to collect."""
        body = digest = None
        if self._kept:
            body, digest = await aside(large(answer.payload), _as_kept, answer.payload)
        written = [answer.ended(self.common), *reviewed]
        match answer.form:
            case Form.RESULT:
                if digest is not None:
                    written[0].data["result_sha256"] = digest
                elif not self.unheard:  # in the same breath; an approved one says so when it is collected
                    written.append(ended("call.delivered", self.common, {}))
                await self._ran(CallState.EXECUTED, written, failure=answer.failure, result=body)
            case Form.ERROR:
                await self._failed(written, sent=True, body=body)
            case _:
                assert_never(answer.form)

    async def quarantined(self, answer: _Answer, review: Event, request: Request) -> bool:
        """Keep an answer for a reviewer. False: it is not kept, for there are too many of its agent's, or it could not
        be sealed, or recorded in time."""
        opened = events.opened(self.common, request, due_ts=request.due_ts)
        written = [answer.ended(self.common), review, opened]
        quarantine = self.gate.quarantine
        sealed = None
        try:
            if await quarantine.has_room(self.call.agent):
                payload = without_gate_meta(answer.payload)
                sealed = await aside(large(payload), quarantine.sealed, self.call, payload)
        except Exception:  # no memory, no files: it is withheld for good, and told so
            log.exception("a withheld result could not be kept")
        if sealed is None:
            await self._ran(
                CallState.QUARANTINED, written[:2], failure=answer.failure, result=None,
                done=answer.form is Form.RESULT,
            )  # fmt: skip
            return False
        done = asyncio.ensure_future(
            self._ran(
                CallState.QUARANTINED, written, failure=answer.failure, result=sealed, opening=[request],
                done=answer.form is Form.RESULT,
            )
        )  # fmt: skip
        done.add_done_callback(partial(_opened, quarantine, request))
        self.gate.later(done)
        await asyncio.wait((done,), timeout=KEEP_SEC)
        return _is_written(done)

    async def failed(self, kind: str, *, sent: bool) -> None:
        await self._failed([ended("call.failed", self.common, {"sent": sent, "error": kind})], sent=sent, body=None)

    async def _failed(self, written: list[Event], *, sent: bool, body: bytes | None) -> None:
        if sent and self.sample is not None:
            await self._ran(CallState.FAILED, written, failure=True, result=body)
        else:
            await self._waited(self._finish(CallState.FAILED, written, failure=True, sent=sent, result=body))

    async def unknown(self, cause: str) -> None:
        await self._ran(
            CallState.UNKNOWN, [ended("call.unknown", self.common, {"cause": cause})], failure=True, result=None
        )

    def abandoned(self) -> None:
        """The client cancelled what was already sent: whether it took effect is not known."""
        written = [ended("call.unknown", self.common, {"cause": "cancelled"})]
        if self.sample is None:
            self.gate.later(self.gate.store.finish(self.call, CallState.UNKNOWN, written, failure=True, lazy=True))
        else:
            self.gate.later(self._ran(CallState.UNKNOWN, written, failure=True, result=None))

    async def _ran(
        self, state: CallState, written: list[Event], *, failure: bool, result: bytes | None,
        opening: Sequence[Request] = (), done: bool = True,
    ) -> None:  # fmt: skip
        """It was executed, or may have been: somebody may have to look at it."""
        sample = self.sample
        if sample is not None:
            data: JsonObject = {"why": sample.verdict["sampled"], "group": sample.group}
            written.append(request_event("sample.selected", self.common, sample.id, data))
            opening = (*opening, sample)
        ended = self._finish(state, written, failure=failure, result=result, opening=opening, done=done)
        if sample is not None:
            ended = self._announced(ended, sample)
        await self._waited(ended, kept=state is CallState.QUARANTINED)

    def _finish(
        self, state: CallState, written: list[Event], *, failure: bool, result: bytes | None, sent: bool = True,
        opening: Sequence[Request] = (), done: bool = True,
    ) -> Awaitable[None]:  # fmt: skip
        self.written = True
        return self.gate.store.finish(
            self.call, state, written, failure=failure, sent=sent, result=result, lazy=not self._kept,
            opening=opening, done=done,
        )  # fmt: skip

    async def _waited(self, done: Awaitable[None], *, kept: bool = False) -> None:
        if self._kept or kept:
            await done
        else:
            self.gate.later(done)

    async def _announced(self, done: Awaitable[None], sample: Request) -> None:
        await done
        self.gate.announce("sample.selected", sample)


def _as_kept(payload: JsonObject) -> tuple[bytes, str]:
    """A payload as it is kept, and its digest."""
    body = strictjson.dumps(payload)
    return body, "sha256:" + hashlib.sha256(body).hexdigest()


def _is_written(done: asyncio.Future[None]) -> bool:
    return done.done() and not done.cancelled() and done.exception() is None


def _opened(quarantine: Quarantine, request: Request, done: asyncio.Future[None]) -> None:
    """Whoever still waits for it."""
    if _is_written(done):
        quarantine.opened(request)
