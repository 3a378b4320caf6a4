"""Arguments as JSON to be changed. What is hidden in them stands as `\\u202e`, so that it can be seen and taken out."""

from __future__ import annotations

import json

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import TextArea

from mcp_gate.faces.tui.dialog import Dialog
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.lines import Line, fitted, foreign
from mcp_gate.faces.tui.lineview import OneLine
from mcp_gate.faces.tui.words import NAME
from mcp_gate.lang import strictjson
from mcp_gate.lang.difference import differences
from mcp_gate.lang.reveal import is_hidden
from mcp_gate.model.foreign import Json, JsonObject

KEYS: Line = (("ctrl+s", "bold"), (" goes on to the second step   ", ""), ("esc", "bold"), (" back", ""))


class Editor(Dialog[JsonObject | None]):
    """The changed arguments, or None. Nothing is sent from here: the second step follows."""

    def __init__(self, held: Held) -> None:
        super().__init__()
        self.held = held

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield OneLine(id="title")
            yield TextArea(written(self.held.call["arguments"]), show_line_numbers=False, soft_wrap=True)
            yield OneLine(id="said")
            yield OneLine(id="keys")

    def on_mount(self) -> None:
        self.query_one(TextArea).focus()
        self.call_after_refresh(self._redraw)

    def on_resize(self) -> None:
        self.call_after_refresh(self._redraw)

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self.leave(None)
        elif event.key == "ctrl+s":
            event.stop()
            self._go_on()

    def _go_on(self) -> None:
        try:
            value = strictjson.parse(self.query_one(TextArea).text.encode("utf-8", "surrogatepass"))
        except strictjson.JsonError as e:
            self._say("said", ((f"not JSON that the gate accepts: {e}", "bold"),))
            return
        if not isinstance(value, dict):
            self._say("said", (("arguments are a JSON object", "bold"),))
        elif not differences(self.held.call["arguments"], value):
            self._say("said", (("nothing is changed yet", "bold"),))
        else:
            self.leave(value)

    def _redraw(self) -> None:
        named = (*foreign(self.held.id, "bold", longest=NAME), ("  ", ""), *foreign(self.held.tool, longest=NAME))
        self._say("title", (("Change and approve ", ""), *named))
        self._say("keys", KEYS)

    def _say(self, place: str, line: Line) -> None:
        view = self.query_one(f"#{place}", OneLine)
        view.show_line(fitted(line, view.size.width))


def written(value: Json) -> str:
    """JSON for an editor: it parses back to the value, and shows every character of it."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(_escaped(char) if char != "\n" and is_hidden(char) else char for char in text)


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]
