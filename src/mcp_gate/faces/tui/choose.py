"""A question with a few answers, each under a number. Enter chooses nothing."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult

from mcp_gate.faces.tui.dialog import Dialog
from mcp_gate.faces.tui.lines import BLANK, Line, Row, hang
from mcp_gate.faces.tui.lineview import LineView

WIDEST = 76
EDGE = 4


class Choose(Dialog[int | None]):
    """The place of the answer in the list, or None. Any other key goes back."""

    def __init__(self, title: Line, answers: list[Line]) -> None:
        super().__init__()
        self._count = len(answers)
        rows = [Row(answer, first=((f"{i}  ", "bold"),), further=(("   ", ""),)) for i, answer in enumerate(answers, 1)]
        self._rows = [Row(title), BLANK, *rows, BLANK, Row((("Any other key: back.", "dim"),))]

    def compose(self) -> ComposeResult:
        width = min(WIDEST, self.app.size.width)
        view = LineView(self._rows, id="dialog")
        view.styles.width = width
        view.styles.height = min(self.app.size.height, 2 + len(hang(self._rows, width - EDGE)))
        yield view

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        key = event.character or ""
        self.leave(int(key) - 1 if key.isascii() and key.isdigit() and 1 <= int(key) <= self._count else None)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
