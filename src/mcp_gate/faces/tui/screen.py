"""The reviewer's desk: queue and call, side by side or one at a time."""

from __future__ import annotations

import time
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content

from mcp_gate.faces.client import ReviewClient
from mcp_gate.faces.tui.actions import bindings, foot
from mcp_gate.faces.tui.ask import AskFilter, Palette
from mcp_gate.faces.tui.detail import Detail
from mcp_gate.faces.tui.feed import Feed
from mcp_gate.faces.tui.filter import Filter
from mcp_gate.faces.tui.hearing import Hearing
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.help import Help
from mcp_gate.faces.tui.kinds import kind_of
from mcp_gate.faces.tui.lineview import OneLine
from mcp_gate.faces.tui.notices import notice
from mcp_gate.faces.tui.order import Order
from mcp_gate.faces.tui.pager import Pager
from mcp_gate.faces.tui.queue import Queue
from mcp_gate.faces.tui.sender import look_again
from mcp_gate.faces.tui.topline import topline
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.foreign import JsonObject


class DeskScreen(Hearing):
    """What lies on the desk, shown; and moving about in it."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(self, client: ReviewClient, me: str, status: JsonObject) -> None:
        super().__init__(client, me, status)
        self._feed = Feed(client, me, self.post_message)

    def compose(self) -> ComposeResult:
        yield OneLine(id="top")
        with Horizontal():
            yield Queue(self.desk.me)
            yield Detail()
        yield OneLine(id="hint")
        yield OneLine(id="foot")

    def on_mount(self) -> None:
        self.queue.focus()
        self.refill()
        self.call_after_refresh(self.hint, ())
        self.set_interval(1.0, self.tick)
        self.run_worker(self._feed.run, thread=True, group="feed", exclusive=True)

    def on_unmount(self) -> None:
        self._feed.stop()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.tick)

    # ---- what is shown

    def refill(self) -> None:
        desk, queue, now = self.desk, self.queue, time.time()
        queue.show_requests(desk.in_order(now), now, notice(desk), frozenset(desk.marked))
        queue.border_title = Content(self._title(now))
        self._show_current()
        self.tick()

    def _title(self, now: float) -> str:
        """What the queue shows, and how much of it that is."""
        desk = self.desk
        parts = [f"held {desk.counts(now)[0]}"]
        if desk.filter:
            parts.append(f"{self.queue.length} like {reveal(desk.filter.text)}")
        if desk.marked:
            parts.append(f"{len(desk.marked)} marked: d denies them")
        if desk.order is not Order.DUE:
            parts.append(desk.order.value)
        return " · ".join(parts)

    @on(Queue.Moved)
    def _moved(self) -> None:
        self.hint(())
        if self.desk.keep(self.queue.current):
            self.refill()
        else:
            self._show_current()

    def _show_current(self) -> None:
        current = self.queue.current
        self.desk.kept = current if self.desk.kept is None else self.desk.kept
        held = self.desk.requests.get(current) if current else None
        detail = self.detail
        if held is not None and not held.whole:
            self._read_whole(held.id)
            if detail.held is not None and detail.held.id != held.id:
                detail.show_request(None)
        elif held != detail.held:
            detail.show_request(held)
            detail.tick(time.time())
            self.tick()

    def _read_whole(self, request_id: str) -> None:
        """Read the request under the cursor, unless the cursor has moved on when its turn comes."""

        def read() -> None:
            if self.desk.kept == request_id or self.queue.current == request_id:
                look_again(self.client, request_id, self.post_message)

        self.run_worker(read, thread=True, group="whole")

    def tick(self) -> None:
        if not self.is_attached:
            return  # one more tick while the screen is being taken down
        now, width = time.time(), self.size.width - 2
        self.query_one("#top", OneLine).show_line(topline(self.desk, now, time.monotonic(), width))
        held = self.detail.held
        keys = foot(kind_of(held.kind) if held is not None else None, width)
        self.query_one("#foot", OneLine).show_line(keys)
        self.queue.tick(now)
        self.detail.tick(now)

    @on(Detail.Read)
    def _read(self) -> None:
        kind = kind_of(self.detail.held.kind) if self.detail.held is not None else None
        if self.nagged and kind is not None:
            self.say(f"read to its end: a to {kind.yes}, d to {kind.no}")

    # ---- moving about

    def action_read(self) -> None:
        if self.queue.current is not None:
            self.add_class("-reading")
            self.detail.focus()

    def action_leave(self) -> None:
        if self.of_this_call:
            self.hint(())
        self.remove_class("-reading")
        self.queue.focus()

    def action_switch(self) -> None:
        if isinstance(self.focused, Queue):
            self.action_read()
        else:
            self.action_leave()

    def action_page(self) -> None:
        self.detail.action_page(1)

    def action_filter(self) -> None:
        def chosen(found: Filter | None) -> None:
            if found is not None:
                self.desk.filter = found
                self.refill()

        self.app.push_screen(AskFilter(self.desk.filter), chosen)

    def action_order(self) -> None:
        self.desk.order = self.desk.order.next()
        self.refill()
        self.say(f"the queue stands by {self.desk.order.value}")

    def action_palette(self) -> None:
        def chosen(name: str | None) -> None:
            if name is not None:
                self.call_after_refresh(getattr(self, f"action_{name}"))

        self.app.push_screen(Palette(), chosen)

    def action_help(self) -> None:
        self.app.push_screen(Help())

    def action_leave_for_good(self) -> None:
        self.app.exit()

    def action_whole(self) -> None:
        held = self.detail.held
        if held is None:
            return
        if held.too_large or held.unreadable:
            self.say("too large to be shown whole")
            return
        self.app.push_screen(Pager(held), partial(self._whole_read, held))

    def _whole_read(self, held: Held, unseen: int | None) -> None:
        if unseen == 0:
            self.detail.whole_was_read(held)
        elif unseen:
            self.say(f"{unseen} lines of it were not on the screen; read on to the end (v, space)")
