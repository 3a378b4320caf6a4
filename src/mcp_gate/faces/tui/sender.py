"""What the reviewer says to the gate, one post at a time, each in a thread; the answer comes back as a message."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from textual.message import Message

from mcp_gate.faces.client import Problem, ReviewClient, Unreachable
from mcp_gate.faces.tui.feed import Changed, read_one
from mcp_gate.faces.tui.held import Held, Unreadable
from mcp_gate.faces.tui.lines import Line, foreign
from mcp_gate.model.foreign import JsonObject

UNSURE = "the gate did not answer; whether this counted is not known until the queue is live again"


class Told(Message):
    """What became of a post, in a sentence."""

    def __init__(self, request_id: str, line: Line, *, accepted: bool) -> None:
        super().__init__()
        self.request_id = request_id
        self.line = line
        self.accepted = accepted


def send(
    client: ReviewClient, request_id: str, path: str, body: JsonObject, done: str, post: Callable[[Message], object]
) -> None:
    """Post, then tell: the request as it is afterwards, and `done`, or the gate's own sentence why not.

    Blocks; runs in a thread. Never tries twice: a second post would be a second word.
    """
    try:
        answer = Held.of(client.post(path, body))
    except Problem as problem:
        post(Told(request_id, _refusal(problem), accepted=False))
        _look_again(client, request_id, post)
    except (Unreachable, Unreadable):
        post(Told(request_id, ((UNSURE, "bold"),), accepted=False))
    else:
        post(Changed(answer))
        post(Told(request_id, (*foreign(answer.id, "bold"), (f" {done}", "")), accepted=True))


def _refusal(problem: Problem) -> Line:
    fields = f" ({', '.join(problem.fields)})" if problem.fields else ""
    return (("refused: ", "bold"), *foreign(problem.detail + fields))


def _look_again(client: ReviewClient, request_id: str, post: Callable[[Message], object]) -> None:
    """What was refused may have ended, or be another's, without this screen knowing."""
    with suppress(Unreachable, Problem, Unreadable):  # the feed says so
        read_one(client, request_id, post)
