"""What became of a person's word about agents, break-glass and old records, as an answer."""

from __future__ import annotations

from starlette.responses import Response

from mcp_gate.faces.http.problem import Failure, answer
from mcp_gate.faces.http.routes import refusal
from mcp_gate.gate import glass, governing, purging
from mcp_gate.gate.glass import NoSuchGlass
from mcp_gate.gate.governing import NoSuchAgent
from mcp_gate.gate.purging import NoSuchPurge
from mcp_gate.model.judged import Refused


def told(outcome: governing.Answer | glass.Answer | purging.Answer) -> Response:
    """
    Raises:
        Failure: it was refused; 404, it is about nothing that is there.
    """
    match outcome:
        case Refused():
            raise refusal(outcome)
        case NoSuchAgent():
            raise Failure(404, "not_found", "there is no agent with this id")
        case NoSuchGlass():
            raise Failure(404, "not_found", "nothing with this id waits for anybody, or is broken")
        case NoSuchPurge():
            raise Failure(404, "not_found", "no purge with this id waits for anybody; it waits for an hour")
        case _:
            return answer(outcome)
