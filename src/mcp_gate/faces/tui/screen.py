"""The reviewer's desk: queue and call, side by side or one at a time, and the keys that act on the call shown."""

from __future__ import annotations

import time
from functools import partial
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen

from mcp_gate.faces.client import ReviewClient
from mcp_gate.faces.tui.actions import bindings, foot
from mcp_gate.faces.tui.approve import SMALLEST, Approve
from mcp_gate.faces.tui.decision import Word, approval, claim, denial
from mcp_gate.faces.tui.deny import Deny
from mcp_gate.faces.tui.desk import Desk, Live, Lost, Reading
from mcp_gate.faces.tui.detail import Detail
from mcp_gate.faces.tui.feed import Changed, Disconnected, Feed, QueueRead, StatusRead
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.help import Help
from mcp_gate.faces.tui.lines import BLANK, Line, Row, fitted, foreign
from mcp_gate.faces.tui.lineview import OneLine
from mcp_gate.faces.tui.pager import Pager
from mcp_gate.faces.tui.queue import Queue
from mcp_gate.faces.tui.secret import nonce
from mcp_gate.faces.tui.sender import Told, look_again, send
from mcp_gate.faces.tui.topline import topline
from mcp_gate.faces.tui.words import NAME, ending
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.foreign import JsonObject

MARGIN: Final[Line] = ((" ", ""),)
EMPTY: Final = (
    Row((("Nothing is held.", "bold"),), MARGIN, MARGIN),
    BLANK,
    Row((("A call waits here when a rule says require_approval, when an invariant asks for a person, "
          "or when its tool has no mapping in upstreams.yaml.", ""),), MARGIN, MARGIN),
    BLANK,
    Row((("To see one, run  ", ""), ("mcp-gate demo", "bold"), ("  in another terminal.", "")), MARGIN, MARGIN),
)  # fmt: skip
READING: Final = (Row((("Reading the queue…", "dim"),), MARGIN),)


class DeskScreen(Screen[None]):
    """Handlers own the widgets; the feed and the sender only post messages here."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(self, client: ReviewClient, me: str, status: JsonObject) -> None:
        super().__init__()
        self._client = client
        self._feed = Feed(client, me, self.post_message)
        self.desk = Desk(me, status)
        self.claims: set[str] = set()
        """Requests claimed from this screen and not given back."""
        self._sending: set[str] = set()
        self._nagged = False
        """Whether the hint says that lines are unread."""

    def compose(self) -> ComposeResult:
        yield OneLine(id="top")
        with Horizontal():
            yield Queue(self.desk.me)
            yield Detail()
        yield OneLine(id="hint")
        yield OneLine(id="foot")

    def on_mount(self) -> None:
        self.query_one(Queue).focus()
        self._refill()
        self.set_interval(1.0, self._tick)
        self.run_worker(self._feed.run, thread=True, group="feed", exclusive=True)

    def on_unmount(self) -> None:
        self._feed.stop()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._tick)

    # ---- what the gate tells

    @on(QueueRead)
    def _queue_read(self, message: QueueRead) -> None:
        self.desk.status, self.desk.link = message.status, Live()
        ended = self.desk.kept if self.desk.replace(message.requests) else None
        if ended is not None:
            self.run_worker(partial(look_again, self._client, ended, self.post_message), thread=True)
        self._refill()

    @on(Changed)
    def _changed(self, message: Changed) -> None:
        held = message.held
        before = self.desk.requests.get(held.id)
        self.desk.update(held)
        if before is not None and before.open and held.id == self.desk.kept:
            self._hint_of_change(before, held)
        self._drop_dialog(held)
        self._refill()

    def _hint_of_change(self, before: Held, held: Held) -> None:
        """Say what became of the call under the reviewer's eyes."""
        if not held.open:
            self._hint((*foreign(held.id, "bold", longest=NAME), (" is no longer open: ", ""), *ending(held)))
        elif held.escalated_from and not before.escalated_from:
            self._hint((*foreign(held.id, "bold", longest=NAME), (" went to ", ""), *foreign(held.group, longest=NAME)))

    @on(StatusRead)
    def _status_read(self, message: StatusRead) -> None:
        self.desk.status = message.status
        self._tick()

    @on(Disconnected)
    def _disconnected(self, message: Disconnected) -> None:
        if not isinstance(self.desk.link, Lost):
            self.desk.link = Lost(time.monotonic(), message.why)
            self._hint((("connection lost: ", "bold"), *foreign(message.why)))
            self._drop_dialog(None)
        self._tick()

    @on(Told)
    def _told(self, message: Told) -> None:
        self._sending.discard(message.request_id)
        self._hint(message.line)

    def _drop_dialog(self, held: Held | None) -> None:
        """A dialog about a call that ended or is another now, or without a gate to answer, has nothing to ask."""
        match self.app.screen:
            case Approve() as dialog if _pointless(dialog.word.held, held):
                dialog.leave(False)
            case Deny() as dialog if _pointless(dialog.held, held):
                dialog.leave(None)
            case _:
                pass

    # ---- what is shown

    def _refill(self) -> None:
        notice = READING if isinstance(self.desk.link, Reading) else EMPTY
        queue = self.query_one(Queue)
        queue.show_requests(self.desk.in_order(), time.time(), notice)
        queue.border_title = Content(f"held {self.desk.counts(time.time())[0]}")
        self._show_current()
        self._tick()

    @on(Queue.Moved)
    def _moved(self) -> None:
        self._hint(())
        if self.desk.keep(self.query_one(Queue).current):
            self._refill()
        else:
            self._show_current()

    def _show_current(self) -> None:
        current = self.query_one(Queue).current
        self.desk.kept = current if self.desk.kept is None else self.desk.kept
        held = self.desk.requests.get(current) if current else None
        detail = self.query_one(Detail)
        if held != detail.held:
            detail.show_request(held)
            detail.tick(time.time())

    def _tick(self) -> None:
        if not self.is_attached:
            return  # one more tick while the screen is being taken down
        now = time.time()
        top = self.query_one("#top", OneLine)
        top.show_line(topline(self.desk, now, time.monotonic(), self.size.width - 2))
        self.query_one("#foot", OneLine).show_line(fitted(foot(), self.size.width - 2))
        self.query_one(Queue).tick(now)
        self.query_one(Detail).tick(now)

    @on(Detail.Read)
    def _read(self) -> None:
        if self._nagged:
            self._say("read to its end: a approves, d denies")

    def _hint(self, line: Line) -> None:
        self._nagged = False
        self.query_one("#hint", OneLine).show_line(fitted(line, self.size.width - 2))

    def _say(self, text: str) -> None:
        self._hint(((text, ""),))

    # ---- moving about

    def action_read(self) -> None:
        if self.query_one(Queue).current is not None:
            self.add_class("-reading")
            self.query_one(Detail).focus()

    def action_leave(self) -> None:
        self.remove_class("-reading")
        self.query_one(Queue).focus()

    def action_switch(self) -> None:
        if isinstance(self.focused, Queue):
            self.action_read()
        else:
            self.action_leave()

    def action_page(self) -> None:
        self.query_one(Detail).action_page(1)

    def action_help(self) -> None:
        self.app.push_screen(Help())

    def action_leave_for_good(self) -> None:
        self.app.exit()

    def action_whole(self) -> None:
        held = self.query_one(Detail).held
        if held is None:
            return
        if held.too_large:
            self._say("over 256 KiB: too large to be shown whole; it can only be denied")
            return
        detail = self.query_one(Detail)
        self.app.push_screen(Pager(held), lambda read: detail.whole_was_read(held) if read else None)

    # ---- deciding

    def _decidable(self) -> Held | None:
        """The call that is shown, if a word on it could count; else a sentence says why not."""
        held = self.query_one(Detail).held
        why = self._why_not(held)
        if why:
            self._say(why)
            return None
        return held

    def _why_not(self, held: Held | None) -> str:
        if held is None:
            return "nothing is held"
        if held.id != self.query_one(Queue).current:
            return "the call under the cursor is not on the screen yet"
        if not isinstance(self.desk.link, Live):
            return "no connection to the gate: nothing can be decided"
        if not held.open:
            return "this call is no longer open"
        if held.id in self._sending:
            return "the gate has not answered the last word on this call yet"
        if held.sampled:
            return f"it ran already: mcp-gate requests good, bad or incident {reveal(held.id)[:NAME]}"
        if held.kind == "quarantine":
            return f"its result is withheld: mcp-gate requests release, redact or drop {reveal(held.id)[:NAME]}"
        if held.kind != "gate":
            return "this screen decides on held calls only"
        return ""

    def action_claim(self) -> None:
        held = self._decidable()
        if held is None:
            return
        (self.claims.discard if held.claimed_by == self.desk.me else self.claims.add)(held.id)
        self._post(claim(held, self.desk.me))

    def action_approve(self) -> None:
        held = self._decidable()
        if held is None:
            return
        detail = self.query_one(Detail)
        why = self._why_no_approval(held, detail)
        if why:
            self._say(why)
            self._nagged = not detail.is_read
            return
        word = approval(held, self.desk.me, detail.nonce, time.time())
        low = detail.code_row < self.app.size.height // 2
        self.app.push_screen(Approve(word, detail.letters, low=low), partial(self._approved, word))

    def _why_no_approval(self, held: Held, detail: Detail) -> str:
        if held.too_large:
            return "over 256 KiB: what cannot be read cannot be approved; deny it (d)"
        if held.claimed_by not in ("", self.desk.me):
            return "somebody else has claimed it"
        if not detail.display:
            return "open it first (enter)"
        if not detail.is_read:
            unseen = detail.unseen
            detail.to_unseen()
            return f"{unseen} lines are unread; read on to the end (space), then a"
        if not detail.is_whole_read:
            return "some of the arguments are left out here; read all of them first (v)"
        if self.app.size.width < SMALLEST.width or self.app.size.height < SMALLEST.height:
            return f"the window is too small to approve in: {SMALLEST.width} x {SMALLEST.height} at least"
        return ""

    def _approved(self, word: Word, typed: bool | None) -> None:
        detail = self.query_one(Detail)
        if typed is not True:
            detail.new_code()
            return
        if detail.held is None or detail.held.bound != word.held.bound:
            self._say("the call on the screen is another one now; nothing was sent")
            return
        self._post(word)

    def action_deny(self) -> None:
        held = self._decidable()
        if held is not None:
            self.app.push_screen(Deny(held), partial(self._denied, held))

    def _denied(self, held: Held, reason: str | None) -> None:
        if reason:
            self._post(denial(held, self.desk.me, nonce(), time.time(), reason))

    def _post(self, word: Word) -> None:
        if not isinstance(self.desk.link, Live):
            self._say("no connection to the gate: nothing was sent")
            return
        self._sending.add(word.held.id)
        self.run_worker(partial(send, self._client, word, self.post_message), thread=True, group="send")


def _pointless(about: Held, held: Held | None) -> bool:
    """Whether a dialog about a call has nothing to ask: no connection, or the call ended or is another now."""
    return held is None or (held.id == about.id and (not held.open or held.bound != about.bound))
