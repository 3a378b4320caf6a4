"""What became of a person's word, as an answer."""

from __future__ import annotations

from typing import TypeVar

from starlette.responses import Response

from mcp_gate.faces.http.problem import Failure, answer
from mcp_gate.gate import glass, governing, purging
from mcp_gate.gate.glass import NoSuchGlass
from mcp_gate.gate.governing import NoSuchAgent
from mcp_gate.gate.purging import NoSuchPurge
from mcp_gate.gate.reviewing import NoSuchRequest
from mcp_gate.model.judged import Refused

T = TypeVar("T")


def told(outcome: governing.Answer | glass.Answer | purging.Answer) -> Response:
    """Of a word about agents, break-glass and old records.

    Raises:
        Failure: it was refused; 404, it is about nothing that is there.
    """
    match outcome:
        case Refused():
            raise refusal(outcome)
        case NoSuchAgent():
            raise Failure(404, "not_found", "there is no agent with this id")
        case NoSuchGlass():
            raise Failure(404, "not_found", "no break-glass with this id waits for a second person, or is in force")
        case NoSuchPurge():
            raise Failure(404, "not_found", "no purge with this id waits for anybody; it waits for an hour")
        case _:
            return answer(outcome)


def refusal(refused: Refused) -> Failure:
    """A refusal of the gate's as an answer."""
    return Failure(refused.http, refused.code, refused.text, refused.fields)


def there(outcome: T | Refused | NoSuchRequest) -> T:
    """What came of a word about a request.

    Raises:
        Failure: it was refused; 404, there is no such request.
    """
    match outcome:
        case Refused():
            raise refusal(outcome)
        case NoSuchRequest():
            raise no_request()
        case _:
            return outcome


def no_request() -> Failure:
    """The answer where there is no such request, or none that the caller may see."""
    return Failure(404, "not_found", "there is no request with this id")
