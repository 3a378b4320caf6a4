"""All arguments of one call, nothing left out."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from mcp_gate.faces.tui.arguments import arguments
from mcp_gate.faces.tui.dialog import Dialog
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.lines import BLANK, heading
from mcp_gate.faces.tui.lineview import LineView, OneLine
from mcp_gate.faces.tui.story import as_object
from mcp_gate.lang.reveal import reveal


class Pager(Dialog[int]):
    """Answers how many lines have not been on the screen when it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,v", "close", "Back", show=False)]
    FOOT = (("j k space G", "bold"), (" move   ", ""), ("esc", "bold"), (" back", ""))

    def __init__(self, held: Held) -> None:
        super().__init__()
        self._held = held

    def compose(self) -> ComposeResult:
        held = self._held
        rows = list(arguments(held.shown, whole=True).rows)
        for name, value in held.more.items():
            rows += [BLANK, heading(name.replace("_", " ").capitalize())]
            rows += arguments(as_object(name, value), whole=True).rows
        yield LineView(rows, id="whole", can_focus=True)
        yield OneLine(id="foot")

    def on_mount(self) -> None:
        view = self.query_one("#whole", LineView)
        view.border_title = Content(f"{reveal(self._held.id)}  all of the arguments")
        view.focus()
        self.query_one("#foot", OneLine).show_line(self.FOOT)

    def action_close(self) -> None:
        self.leave(self.query_one("#whole", LineView).unseen)
