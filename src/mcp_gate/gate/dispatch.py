"""Steps 5 to 7: send what is already on the record, inspect what comes back, say what may be delivered."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from mcp_gate.gate import words
from mcp_gate.gate.ending import Answer, Ending
from mcp_gate.gate.events import ended
from mcp_gate.gate.inspect import inspected, told
from mcp_gate.gate.job import Sender
from mcp_gate.gate.leaving.exits import Changed, Passed, Withheld
from mcp_gate.gate.receive import Received
from mcp_gate.gate.samples import sample_of
from mcp_gate.model.call import OWN, Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Outcome, Ran
from mcp_gate.model.output import Form, OutputDecision
from mcp_gate.model.request import CallState, Request
from mcp_gate.model.verdict import Verdict
from mcp_gate.output.record import record
from mcp_gate.wire.errors import RpcError, Turned
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)


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
    end = Ending(gate, call, common, kept=request_id is not None or bool(call.parent))
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
    except Turned as turned:
        await end.failed("refused", sent=True)
        return words.failed(verdict, call.id, turned.message, sent=True, request_id=request_id)
    except RpcError as error:
        return await _inspect(end, ran, received, Answer(Form.ERROR, error.as_json()))
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
        return await _inspect(end, ran, received, Answer(Form.RESULT, result))
    finally:
        gate.under_way.end(scope)


async def _inspect(end: Ending, ran: Ran, received: Received, answer: Answer) -> Outcome:
    """What may leave, by the one door; a check that fails withholds. A client that goes away meanwhile is told
    nothing, and what became of its call is recorded all the same."""
    try:
        return await _look(end, ran, received, answer)
    except asyncio.CancelledError:
        if not end.written:
            end.unheard = True
            end.gate.later(_unheard(end, ran, received, answer))
        raise


async def _unheard(end: Ending, ran: Ran, received: Received, answer: Answer) -> None:
    await _look(end, ran, received, answer)


async def _look(end: Ending, ran: Ran, received: Received, answer: Answer) -> Outcome:
    call = end.call
    if answer.form is Form.RESULT and end.sample is None and call.upstream != OWN:
        end.sample = sample_of(end.gate, call, ran.verdict, received)
    with end.gate.tracing.step("inspect") as span:
        seen = await inspected(end.gate, received.loaded, ran, answer.payload, answer.form)
        span.note(found=type(seen).__name__.lower())
    match seen:
        case Passed(payload):
            await end.answered(replace(answer, payload=payload), _clean(end, received))
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


def _clean(end: Ending, received: Received) -> list[Event]:
    """The record that there was nothing to take out; none where nobody looks for anything."""
    outgoing = received.loaded.outgoing
    if not outgoing.enabled and not outgoing.about(end.call):
        return []
    review = record(end.call.id, OutputDecision.ALLOW, (), received.loaded.snapshot.id)
    return [Event("output.reviewed", end.common, review)]


def never_sent(gate: Gate, call: Call, common: JsonObject) -> None:
    """Record that a call whose client went away while its intent was written was not sent."""
    written = [ended("call.failed", common, {"sent": False, "error": "cancelled"})]
    gate.later(gate.store.finish(call, CallState.FAILED, written, sent=False, lazy=True))
