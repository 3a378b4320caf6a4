"""The review program on Textual."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar, Final

from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter

from mcp_gate.faces.client import Problem, ReviewClient, Unreachable
from mcp_gate.faces.tui.dialog import Dialog
from mcp_gate.faces.tui.guard import Guard
from mcp_gate.faces.tui.screen import DeskScreen
from mcp_gate.model.foreign import JsonObject

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C (contract 5)."""


class ReviewApp(App[None]):
    """One reviewer at one gate."""

    TITLE = "mcp-gate"
    # Before a text that is being written takes it for "copy".
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "interrupt", show=False, priority=True)]
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False
    ALLOW_SELECT: ClassVar[bool] = False
    CSS = """
    #top, #foot { background: $panel; padding: 0 1; }
    #hint { padding: 0 1; }
    Queue, Detail, #whole {
        border: round $panel; border-title-color: $text; border-subtitle-color: $text;
        scrollbar-gutter: stable; scrollbar-size-vertical: 1;
    }
    Queue:focus, Detail:focus, #whole:focus { border: round $accent; }
    Detail, #whole { padding: 0 1; }
    .-wide Queue { width: 53%; }
    .-wide Detail { width: 1fr; }
    .-narrow Detail { display: none; }
    .-narrow.-reading Queue { display: none; }
    .-narrow.-reading Detail { display: block; }
    Pager { background: $background; }
    Approve, Deny, Help, Choose, AskFilter, Palette, Editor { align: center middle; background: $background 60%; }
    Approve { align: center top; }
    Approve.-low { align: center bottom; }
    #dialog { border: round $warning; background: $surface; padding: 0 1; scrollbar-size-vertical: 1; }
    Deny #dialog, AskFilter #dialog, Palette #dialog, Editor #dialog {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
    }
    Palette OptionList { height: auto; max-height: 14; border: none; padding: 0; background: $surface; }
    Editor TextArea { height: auto; min-height: 3; max-height: 70vh; border: none; padding: 0; }
    Deny OptionList { height: auto; max-height: 4; border: none; padding: 0; margin: 0; background: $surface; }
    Deny Input, AskFilter Input, Palette Input { height: 1; border: none; padding: 0; }
    """

    def __init__(self, client: ReviewClient, me: str, status: JsonObject) -> None:
        """
        Args:
            me: the reviewer's id, as he gave it.
            status: what `/v1/status` said when the program started.
        """
        super().__init__()
        self._client = client
        self.desk_screen = DeskScreen(client, me, status)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), Guard()]

    def on_mount(self) -> None:
        self.push_screen(self.desk_screen)

    def action_interrupt(self) -> None:
        """Back out of a dialog, else out of the program."""
        if isinstance(self.screen, Dialog):
            self.screen.leave(None)
        else:
            self.exit(return_code=INTERRUPTED)

    def give_back_claims(self) -> None:
        """Give back what was claimed here. Blocks; a claim that the gate does not take back lapses by itself."""
        for request_id in self.desk_screen.claims:
            with suppress(Unreachable, Problem):
                self._client.release_claim(request_id, self.desk_screen.desk.me)
