"""The whole keymap."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.app import ComposeResult

from mcp_gate.faces.tui.actions import help_rows
from mcp_gate.faces.tui.dialog import Dialog
from mcp_gate.faces.tui.lines import hang
from mcp_gate.faces.tui.lineview import LineView

SCROLLING: Final = frozenset({"j", "k", "up", "down", "space", "pageup", "pagedown", "g", "G", "home", "end", "b"})
WIDEST: Final = 76


class Help(Dialog[None]):
    """Any key but those that scroll closes it."""

    def compose(self) -> ComposeResult:
        width = min(WIDEST, self.app.size.width)
        view = LineView(help_rows(), id="dialog", can_focus=True)
        view.styles.width = width
        view.styles.height = min(self.app.size.height, 2 + len(hang(help_rows(), width - 6)))
        yield view

    def on_mount(self) -> None:
        self.query_one(LineView).focus()

    def on_key(self, event: events.Key) -> None:
        if event.key not in SCROLLING:
            event.stop()
            self.leave(None)
