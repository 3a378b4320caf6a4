"""A scrolling view of lines that knows which of them have been on the screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mcp_gate.faces.tui.lines import Line, Row, hang


class LineView(ScrollView):
    """Rows laid out for the width there is, drawn line by line."""

    DEFAULT_CSS = """
    LineView { overflow-x: hidden; overflow-y: auto; height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "line(1)", "Down", show=False),
        Binding("k,up", "line(-1)", "Up", show=False),
        Binding("space,pagedown", "page(1)", "Page down", show=False),
        Binding("b,pageup", "page(-1)", "Page up", show=False),
        Binding("g,home", "first", "First line", show=False),
        Binding("G,end", "last", "Last line", show=False),
    ]

    def __init__(self, rows: Iterable[Row] = (), *, id: str | None = None, can_focus: bool = False) -> None:
        super().__init__(id=id, can_focus=can_focus)
        self._rows: Sequence[Row] = tuple(rows)
        self._lines: list[Line] = []
        self._painted = bytearray()
        self.muted = False

    def show_rows(self, rows: Iterable[Row], *, anew: bool = False) -> None:
        """Show other rows. Lines that stay as and where they were count as seen, unless `anew`."""
        self._rows = tuple(rows)
        if anew:
            self._lines, self._painted = [], bytearray()
            self.scroll_to(y=0, animate=False)
        self._lay_out()

    @property
    def unseen(self) -> int:
        """Lines that have not been on the screen yet, whole width."""
        return self._painted.count(0) if self._lines else 1

    def to_unseen(self) -> None:
        """Scroll to the first line that has not been on the screen."""
        first = self._painted.find(0)
        if first >= 0:
            self.scroll_to(y=first, animate=False)

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        before, seen = self._lines, self._painted
        self._lines = hang(self._rows, width)
        self._painted = bytearray(len(self._lines))
        for i, line in enumerate(self._lines[: len(before)]):
            self._painted[i] = seen[i] and line == before[i]
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        base = self.rich_style + (_style("dim") if self.muted else Style.null())
        width = self.scrollable_content_region.width
        number = self.scroll_offset.y + y
        if number >= len(self._lines):
            return Strip.blank(width, base)
        if self.screen.is_current:
            self._painted[number] = 1
            self.seen()
        segments = [Segment(text, base + _style(style)) for text, style in self._lines[number]]
        return Strip(segments).adjust_cell_length(width, base)

    def seen(self) -> None:
        """A line was drawn."""

    def action_line(self, lines: int) -> None:
        self._move(lines)

    def action_page(self, pages: int) -> None:
        self._move(pages * max(1, self.scrollable_content_region.height - 1))

    def _move(self, lines: int) -> None:
        """So many lines on, but not before all that is on the screen was drawn: however fast keys come, none of it is
        left out."""
        top = self.scroll_offset.y
        shown = self._painted[top : top + self.scrollable_content_region.height]
        if self.screen.is_current and 0 in shown:
            self.refresh()
            self.call_after_refresh(self._move, lines)
        else:
            self.scroll_to(y=top + lines, animate=False)

    def action_first(self) -> None:
        self.scroll_to(y=0, animate=False)

    def action_last(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False)


class OneLine(LineView):
    """A line of text that is cut, not wrapped."""

    DEFAULT_CSS = """
    OneLine { height: 1; overflow-y: hidden; }
    """

    def show_line(self, line: Line) -> None:
        """Show a line that fits; the same one again draws nothing."""
        if self._lines == [line]:
            return
        self._lines, self._painted = [line], bytearray(1)
        self.virtual_size = Size(self.size.width, 1)
        self.refresh()

    def _lay_out(self) -> None:
        """Whoever shows the line fits it."""


@lru_cache(256)
def _style(words: str) -> Style:
    return Style.parse(words)
