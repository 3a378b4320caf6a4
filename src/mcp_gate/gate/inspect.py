"""What came of a call, before it goes to its agent: by the one door, bound by all that binds the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from mcp_gate.gate import marks
from mcp_gate.gate.egress import egress
from mcp_gate.gate.leaving.exits import Changed, Egress, Passed, Withheld
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Delivered, Ran, UpstreamError
from mcp_gate.model.output import Form, OutputDecision
from mcp_gate.policy.load import Loaded

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


async def inspected(gate: Gate, loaded: Loaded, ran: Ran, payload: JsonObject, form: Form) -> Egress:
    """What may leave of an answer; where something was taken out of a result, it says so."""
    call = ran.call
    seen = await egress(
        loaded, gate.scanner, call.method, payload, call=call, constraints=ran.verdict.constraints,
        schema=gate.catalog.output_schema(call.listed_name) if form is Form.RESULT else None, counts=gate.found,
        tokens=await gate.tokens.of(call, loaded), earlier=gate.inspections, annex=gate.annex,
    )  # fmt: skip
    match seen:
        case Passed():
            gate.taint.delivered(call, loaded.mappings, suspicious=False)
            return seen
        case Changed(out, review):
            gate.taint.delivered(call, loaded.mappings, suspicious="suspicious" in review)
            if form is Form.RESULT and review["output_safety_decision"] == OutputDecision.REDACT.name:
                out = marks.redacted(out, call.id, ran.verdict.as_json(), review["redaction_details"])
            return Changed(out, review)
        case Withheld():
            return seen
        case _:
            assert_never(seen)


def told(payload: JsonObject, form: Form, ran: Ran) -> Delivered | UpstreamError:
    """What is let out, as its agent gets it."""
    match form:
        case Form.RESULT:
            return Delivered(payload, ran)
        case Form.ERROR:
            return UpstreamError(payload)
        case _:
            assert_never(form)
