"""What the reviewer says to the gate, one post at a time, each in a thread; the answer comes back as a message."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from textual.message import Message

from mcp_gate.faces.client import Problem, ReviewClient, Unreachable
from mcp_gate.faces.tui.decision import Word, taken
from mcp_gate.faces.tui.feed import Changed, read_one
from mcp_gate.faces.tui.held import Held, Unreadable
from mcp_gate.faces.tui.lines import Line, foreign
from mcp_gate.model.foreign import JsonObject

UNSURE = "the gate did not answer; whether this counted is not known until the queue is live again"


class Told(Message):
    """What became of a post, in a sentence."""

    def __init__(self, request_id: str, line: Line, *, refused: bool = False) -> None:
        super().__init__()
        self.request_id = request_id
        self.line = line
        self.refused = refused


class Uncovered(Message):
    """The gate wrote down that the reviewer sees what is personal in a request."""

    def __init__(self, request_id: str, result: JsonObject | None) -> None:
        super().__init__()
        self.request_id = request_id
        self.result = result
        """A withheld result as it came."""


def send_each(client: ReviewClient, words: tuple[Word, ...], post: Callable[[Message], object]) -> None:
    """`send`, one after the other."""
    for word in words:
        send(client, word, post)


def send(client: ReviewClient, word: Word, post: Callable[[Message], object]) -> None:
    """Post, then tell: the request as it is afterwards and what became of it, or the gate's own sentence why not.

    Blocks; runs in a thread. Never tries twice: a second post would be a second word.
    """
    request_id = word.held.id
    try:
        told = client.post(word.path, word.body)
        if word.verb == "reveal":
            post(Uncovered(request_id, told.get("result")))
            post(Told(request_id, (*foreign(request_id, "bold"), (" uncovered; the record says so", ""))))
            return
        answer = Held.of(told)
    except Problem as problem:
        post(Told(request_id, _refusal(problem), refused=True))
        look_again(client, request_id, post)
    except (Unreachable, Unreadable):
        post(Told(request_id, ((UNSURE, "bold"),)))
    else:
        post(Changed(answer.stripped()))
        post(Told(request_id, (*foreign(answer.id, "bold"), (f" {taken(word, answer)}", ""))))


def look_again(client: ReviewClient, request_id: str, post: Callable[[Message], object]) -> None:
    """Read a request that may have ended, or be another's, without this screen knowing."""
    with suppress(Unreachable, Problem, Unreadable):  # the feed says so
        read_one(client, request_id, post)


def _refusal(problem: Problem) -> Line:
    fields = f" ({', '.join(problem.fields)})" if problem.fields else ""
    return (("refused: ", "bold"), *foreign(problem.detail + fields))
