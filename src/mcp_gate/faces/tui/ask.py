"""One line of text: what the queue is filtered by, or the name of a command."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from mcp_gate.faces.tui.actions import ACTIONS, Action
from mcp_gate.faces.tui.dialog import Dialog, T
from mcp_gate.faces.tui.filter import HELP, BadFilter, Filter
from mcp_gate.faces.tui.lines import fitted
from mcp_gate.faces.tui.lineview import OneLine

WIDEST = 76
EDGE = 6


def _told(action: Action, width: int) -> str:
    text = f"{action.name.replace('_', ' '):<15} {action.shown:<6} {action.help}"
    return text if len(text) <= width else text[: width - 1] + "…"


class _Asks(Dialog[T]):
    """A dialog with one line to write in. What is typed before that has the focus is not lost, as on a slow line."""

    def early(self, event: events.Key) -> None:
        """Take a key that came too soon."""
        line = self.query_one(Input)
        if not line.has_focus and event.character is not None and event.is_printable:
            line.insert_text_at_cursor(event.character)


class AskFilter(_Asks[Filter | None]):
    """The new filter, or None where it stays as it was."""

    def __init__(self, now: Filter) -> None:
        super().__init__()
        self._now = now

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield OneLine(id="title")
            yield Input(self._now.text, placeholder="nothing: all of the queue", max_length=200)
            yield OneLine(id="said")

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.call_after_refresh(self._say, HELP)

    def _say(self, text: str) -> None:
        title, said = self.query_one("#title", OneLine), self.query_one("#said", OneLine)
        title.show_line(fitted((("Show only", "bold"),), title.size.width))
        said.show_line(fitted(((text, "dim"),), said.size.width))

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        try:
            self.leave(Filter.parse(event.value))
        except BadFilter as e:
            self._say(str(e))

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self.leave(None)
        else:
            self.early(event)


class Palette(_Asks[str | None]):
    """The name of an action, or None. Those that decide come last, and open the same second step as their keys."""

    LAST = ("approve", "deny", "edit")

    def __init__(self) -> None:
        super().__init__()
        known = [action for action in ACTIONS if action.name and action.name != "palette"]
        self._all = sorted(known, key=lambda action: action.name in self.LAST)
        self._found: list[Action] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Input(placeholder="what to do", max_length=40)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        self._fill("")
        self.query_one(Input).focus()

    def _fill(self, text: str) -> None:
        wanted = text.lower().split()
        self._found = [
            action for action in self._all
            if all(word in f"{action.name} {action.help} {action.shown}".lower() for word in wanted)
        ]  # fmt: skip
        options = self.query_one(OptionList)
        options.clear_options()
        width = min(WIDEST, self.app.size.width) - EDGE
        options.add_options(Option(Content(_told(action, width))) for action in self._found)
        options.highlighted = 0 if self._found else None

    @on(Input.Changed)
    def _narrowed(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    def _chosen(self) -> None:
        at = self.query_one(OptionList).highlighted
        self.leave(self._found[at].name if at is not None and at < len(self._found) else None)

    def on_key(self, event: events.Key) -> None:
        options = self.query_one(OptionList)
        match event.key:
            case "escape":
                event.stop()
                self.leave(None)
            case "down":
                event.stop()
                options.action_cursor_down()
            case "up":
                event.stop()
                options.action_cursor_up()
            case _:
                self.early(event)
