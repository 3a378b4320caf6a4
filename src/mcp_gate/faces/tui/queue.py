"""The queue: a row for each held call. The cursor belongs to a request, not to a row."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mcp_gate.faces.tui.arguments import lookalike
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.kinds import kind_of
from mcp_gate.faces.tui.lines import Line, Row, fitted, foreign, hang, width_of
from mcp_gate.faces.tui.words import NAME, clock, risk, urgency
from mcp_gate.lang.reveal import reveal

LEFT: Final = 5
RISK: Final = 6
AGENT: Final = 14
FIXED: Final = 2 + 2 + LEFT + 2 + RISK + 2
"""Cells before the tool's name: cursor, claim, time left, risk, and the gaps."""
ROOM_FOR_AGENT: Final = 56
"""Cells from which on the agent has a column."""


class Queue(ScrollView, can_focus=True):
    """Held calls, the nearest deadline first; or a notice where there are none."""

    class Moved(Message):
        """The reviewer, or the first arrival, put the cursor on another request."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"queue--cursor", "queue--head"}
    DEFAULT_CSS = """
    Queue { overflow-x: hidden; height: 1fr; }
    Queue > .queue--cursor { background: $primary-muted; text-style: bold; }
    Queue:focus > .queue--cursor { background: $primary; color: $text; text-style: bold; }
    Queue > .queue--head { text-style: bold; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("g,home", "to(0)", "First", show=False),
        Binding("G,end", "to(-1)", "Last", show=False),
    ]

    def __init__(self, me: str) -> None:
        super().__init__()
        self._me = me
        self._rows: list[Held] = []
        self._now = 0.0
        self._clocks: list[str] = []
        self._notice: Sequence[Row] = ()
        self._marked: Set[str] = frozenset()
        self.current: str | None = None
        """Id of the request under the cursor."""

    @property
    def length(self) -> int:
        """Rows."""
        return len(self._rows)

    # ---- what is shown

    def show_requests(
        self, rows: list[Held], now: float, notice: Sequence[Row], marked: Set[str] = frozenset()
    ) -> None:
        """Show these rows; the cursor stays on its request wherever that went."""
        at = self._index()
        self._rows, self._now, self._notice, self._marked = rows, now, notice, marked
        self._clocks = [self._clock(held) for held in rows]
        self.virtual_size = Size(self.scrollable_content_region.width, 1 + max(len(rows), len(self._noticed())))
        if self._index() < 0:
            self._put(min(max(at, 0), len(rows) - 1))
        else:
            self._follow()
        self.refresh()

    def tick(self, now: float) -> None:
        """Draw again the rows whose clock changed, and only those."""
        self._now = now
        for i, held in enumerate(self._rows):
            text = self._clock(held)
            if text != self._clocks[i]:
                self._clocks[i] = text
                self.refresh_lines(1 + i)

    def _clock(self, held: Held) -> str:
        return clock(held.due - self._now) if held.open else "ended"

    # ---- the cursor

    def action_move(self, rows: int) -> None:
        self._put(max(0, min(self._index() + rows, len(self._rows) - 1)))

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.scrollable_content_region.height - 2))

    def action_to(self, row: int) -> None:
        self._put(row if row >= 0 else len(self._rows) + row)

    def on_click(self, event: events.Click) -> None:
        row = int(event.y) - self.gutter.top - 1 + self.scroll_offset.y
        if event.y > self.gutter.top and 0 <= row < len(self._rows):
            self._put(row)

    def _put(self, row: int) -> None:
        found = self._rows[row].id if 0 <= row < len(self._rows) else None
        if found != self.current:
            self.current = found
            self._follow()
            self.refresh()
            self.post_message(self.Moved())

    def _index(self) -> int:
        return next((i for i, held in enumerate(self._rows) if held.id == self.current), -1)

    def _follow(self) -> None:
        """Keep the cursor on the screen, below the head line."""
        row, top = self._index(), self.scroll_offset.y
        height = max(1, self.scrollable_content_region.height - 1)
        if row < top:
            self.scroll_to(y=max(row, 0), animate=False)
        elif row >= top + height:
            self.scroll_to(y=row - height + 1, animate=False)

    # ---- drawing

    def on_resize(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, 1 + max(len(self._rows), len(self._noticed())))
        self._follow()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if not self._rows:
            lines = self._noticed()
            return _strip(lines[y] if y < len(lines) else (), self.rich_style, width)
        if y == 0:
            return _strip(self._head(width), self.get_component_rich_style("queue--head"), width)
        row = y - 1 + self.scroll_offset.y
        if row >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        held = self._rows[row]
        chosen = held.id == self.current
        style = self.get_component_rich_style("queue--cursor") if chosen else self.rich_style
        return _strip(self._row(held, self._clocks[row], width, chosen), style, width)

    def _row(self, held: Held, left: str, width: int, chosen: bool) -> Line:
        word, color = risk(held.tier)
        quiet = "" if held.open else "dim"
        claim = "●" if held.claimed_by == self._me else "○" if held.claimed_by else " "
        if held.id in self._marked:
            claim = "✓"
        strange = "⚠ " if lookalike(reveal(held.tool)) else ""
        moved = "↑ " if held.escalated_from else ""
        kind = kind_of(held.kind)
        sort: Line = () if kind is not None and not kind.mark else ((kind.mark if kind else "? ", "reverse"),)
        tool = (*sort, (strange + moved, "bold"), *foreign(held.tool, quiet, longest=2 * NAME))
        agent = fitted(foreign(held.agent, quiet, longest=NAME), AGENT)
        return (
            ("❯ " if chosen else "  ", ""),
            (f"{claim} ", ""),
            (f"{left:>{LEFT}}", urgency(held.due - self._now) if held.open else quiet),
            (f"  {word:<{RISK}}  ", "" if chosen else quiet or color),
            *_padded(tool, self._tool_width(width)),
            *((("  ", ""), *agent) if width >= ROOM_FOR_AGENT else ()),
        )

    def _head(self, width: int) -> Line:
        agent = "  agent" if width >= ROOM_FOR_AGENT else ""
        tool_width = self._tool_width(width)
        return ((f"    {'left':>{LEFT}}  {'risk':<{RISK}}  {'tool':<{tool_width}}{agent}", ""),)

    @staticmethod
    def _tool_width(width: int) -> int:
        return max(1, width - FIXED - (AGENT + 2 if width >= ROOM_FOR_AGENT else 0))

    def _noticed(self) -> list[Line]:
        return hang(self._notice, max(10, self.scrollable_content_region.width)) if not self._rows else []


def _padded(line: Line, cells: int) -> Line:
    cut = fitted(line, cells)
    return (*cut, (" " * (cells - width_of(cut)), ""))


def _strip(line: Line, base: Style, width: int) -> Strip:
    return Strip([Segment(text, base + Style.parse(style)) for text, style in line]).adjust_cell_length(width, base)
