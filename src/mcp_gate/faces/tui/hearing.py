"""What the gate tells, taken to the desk."""

from __future__ import annotations

import time
from functools import partial

from textual import on

from mcp_gate.faces.tui.approve import Approve
from mcp_gate.faces.tui.deciding import Deciding
from mcp_gate.faces.tui.deny import Deny
from mcp_gate.faces.tui.desk import Live, Lost
from mcp_gate.faces.tui.editor import Editor
from mcp_gate.faces.tui.feed import Changed, Disconnected, Gone, PageRead, QueueRead, StatusRead
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.lines import foreign
from mcp_gate.faces.tui.sender import Told, Uncovered, look_again
from mcp_gate.faces.tui.words import NAME, ending


class Hearing(Deciding):
    """Messages of the feed and of the sender."""

    def tick(self) -> None:
        """Show what changes with time and with the gate's state."""
        raise NotImplementedError

    @on(PageRead)
    def _page_read(self, message: PageRead) -> None:
        self.desk.add(message.requests)
        self.refill()

    @on(QueueRead)
    def _queue_read(self, message: QueueRead) -> None:
        self.desk.status, self.desk.link = message.status, Live()
        ended = self.desk.kept if self.desk.replace(message.requests) else None
        if ended is not None:
            self.run_worker(partial(look_again, self.client, ended, self.post_message), thread=True)
        self.refill()

    @on(Gone)
    def _gone(self, message: Gone) -> None:
        held = self.desk.requests.get(message.request_id)
        if held is not None and held.open:
            self._changed(Changed(held.gone()))

    @on(Changed)
    def _changed(self, message: Changed) -> None:
        held = message.held
        before = self.desk.requests.get(held.id)
        self.desk.update(held)
        if before is not None and before.open and held.id == self.desk.kept and held.id != self.refused:
            self._hint_of_change(before, held)
        self._drop_dialog(held)
        self.refill()

    def _hint_of_change(self, before: Held, held: Held) -> None:
        """Say what became of the call under the reviewer's eyes."""
        if not held.open:
            self.hint((*foreign(held.id, "bold", longest=NAME), (" is no longer open: ", ""), *ending(held)))
        elif held.escalated_from and not before.escalated_from:
            self.hint((*foreign(held.id, "bold", longest=NAME), (" went to ", ""), *foreign(held.group, longest=NAME)))

    @on(StatusRead)
    def _status_read(self, message: StatusRead) -> None:
        self.desk.status = message.status
        self.tick()

    @on(Disconnected)
    def _disconnected(self, message: Disconnected) -> None:
        if not isinstance(self.desk.link, Lost):
            self.desk.link = Lost(time.monotonic(), message.why)
            self.hint((("connection lost: ", "bold"), *foreign(message.why)))
            self._drop_dialog(None)
            self.refill()
        self.tick()

    @on(Told)
    def _told(self, message: Told) -> None:
        self.sending.discard(message.request_id)
        self.hint(message.line)
        self.refused = message.request_id if message.refused else ""

    @on(Uncovered)
    def _uncovered(self, message: Uncovered) -> None:
        self.desk.uncover(message.request_id, message.result)
        self.refill()

    def _drop_dialog(self, held: Held | None) -> None:
        """A dialog about a call that ended or is another now, or without a gate to answer, has nothing to ask."""
        match self.app.screen:
            case Approve() as dialog if _pointless(dialog.word.held, held):
                dialog.leave(False)
            case Editor() as dialog if _pointless(dialog.held, held):
                dialog.leave(None)
            case Deny() as dialog if not dialog.others and _pointless(dialog.held, held):
                dialog.leave(None)
            case _:
                pass


def _pointless(about: Held, held: Held | None) -> bool:
    """Whether a dialog about a call has nothing to ask: no connection, or the call ended or is another now."""
    return held is None or (held.id == about.id and (not held.open or held.bound != about.bound))
