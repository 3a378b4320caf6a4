"""What a task comes to after its call was answered; it is looked at, recorded and withheld like the call's own
answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.gate import editing, events, inspect
from mcp_gate.gate.handles import TOLD
from mcp_gate.gate.leaving.exits import Changed, Passed, Withheld
from mcp_gate.gate.marks import without_gate_meta
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Outcome, Ran, UpstreamError
from mcp_gate.model.output import Form

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

DELIVERED: Final = UpstreamError(TOLD)


async def again(gate: Gate, ran: Ran) -> Outcome | None:
    """What became of a task's result that was withheld; None where none was."""
    request_id = gate.quarantine.late(ran.call)
    return None if request_id is None else await gate.quarantine.again(request_id, ran) or DELIVERED


async def told(gate: Gate, ran: Ran, payload: JsonObject, form: Form) -> Outcome:
    """What the task's client is told of what it came to."""
    seen = await inspect.inspected(gate, gate.loaded, ran, payload, form)
    match seen:
        case Passed(out):
            outcome: Outcome = inspect.told(out, form, ran)
        case Changed(out, review):
            gate.note(Event("output.reviewed", events.members(ran.call, ran.verdict.policy_snapshot), review))
            outcome = inspect.told(out, form, ran)
        case Withheld():
            told_first = await again(gate, ran)  # whoever asked at the same time
            if told_first is not None:
                return told_first
            outcome = await gate.quarantine.withhold(ran, without_gate_meta(payload), seen, form)
        case _:
            assert_never(seen)
    return outcome if ran.held is None else editing.told(outcome, ran.held)
