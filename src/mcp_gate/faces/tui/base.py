"""What every part of the desk's screen stands on: the client, the desk, one line for sentences, and posting."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.screen import Screen

from mcp_gate.faces.client import ReviewClient
from mcp_gate.faces.tui.decision import Word
from mcp_gate.faces.tui.desk import Desk, Live
from mcp_gate.faces.tui.detail import Detail
from mcp_gate.faces.tui.lines import Line, fitted, foreign
from mcp_gate.faces.tui.lineview import OneLine
from mcp_gate.faces.tui.queue import Queue
from mcp_gate.faces.tui.sender import send_each
from mcp_gate.model.foreign import JsonObject


class Base(Screen[None]):
    """Handlers own the widgets; the feed and the sender only post messages here."""

    def __init__(self, client: ReviewClient, me: str, status: JsonObject) -> None:
        super().__init__()
        self.client = client
        self.desk = Desk(me, status, proof=client.proof)
        self.claims: set[str] = set()
        """Requests claimed from this screen and not given back."""
        self.sending: set[str] = set()
        """Requests about which a word is under way."""
        self.of_this_call = False
        """Whether the hint is the screen's own word on what is being read, and says nothing once that is left."""
        self.nagged = False
        """Whether the hint says that lines are unread."""
        self.refused = ""
        """The request about which the hint says that a word was refused: that is not to be overwritten by why."""

    @property
    def queue(self) -> Queue:
        return self.query_one(Queue)

    @property
    def detail(self) -> Detail:
        return self.query_one(Detail)

    def refill(self) -> None:
        """Show the desk as it is now."""
        raise NotImplementedError

    def hint(self, line: Line) -> None:
        """Say something; where there is nothing to say, how safe it is to decide here."""
        self.nagged, self.refused, self.of_this_call = False, "", False
        line = line or foreign(self.desk.assurance, "dim")
        self.query_one("#hint", OneLine).show_line(fitted(line, self.size.width - 2))

    def say(self, text: str) -> None:
        self.hint(((text, ""),))
        self.of_this_call = True

    def post_words(self, words: Iterable[Word]) -> None:
        """Send words to the gate one after the other, each once."""
        if not isinstance(self.desk.link, Live):
            self.say("no connection to the gate: nothing was sent")
            return
        words = tuple(words)
        self.sending.update(word.held.id for word in words)
        self.run_worker(partial(send_each, self.client, words, self.post_message), thread=True, group="send")
