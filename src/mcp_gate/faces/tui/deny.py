"""A denial is safe, so it is quick; but it always says why, to the agent and to the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from mcp_gate.faces.tui.dialog import Dialog
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.kinds import Kind
from mcp_gate.faces.tui.lines import Line, fitted, foreign
from mcp_gate.faces.tui.lineview import OneLine
from mcp_gate.faces.tui.words import NAME

SHORTEST: Final = 8
LONGEST: Final = 500
CHOOSE: Final[Line] = (
    ("1-4", "bold"), (" or ", ""), ("enter", "bold"), (" choose  ", ""), ("tab", "bold"), (" your own words  ", ""),
    ("esc", "bold"), (" back", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """A word that does not let pass, and why."""

    word: str
    reason: str


class Deny(Dialog[Said | None]):
    """The word and its reason, or None. First it is chosen or written, then one key of its own sends it: `enter` never
    does."""

    def __init__(self, held: Held, kind: Kind, others: tuple[Held, ...] = ()) -> None:
        """
        Args:
            others: those that are denied with it, for the same reason.
        """
        super().__init__()
        self.held = held
        self.others = others
        self._kind = kind
        self._reason: str | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield OneLine(id="title")
            options = (Option(Content(f"{i}  {reason}")) for i, reason in enumerate(self._kind.reasons, 1))
            yield OptionList(*options, markup=False)
            yield Input(placeholder=f"or in your own words. {self._kind.tell} this", max_length=LONGEST)
            yield OneLine(id="said")
            yield OneLine(id="keys")

    def on_mount(self) -> None:
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """A number that was typed ahead has chosen already."""
        if self._reason is None:
            self._choose()

    def on_resize(self) -> None:
        self.call_after_refresh(self._redraw)

    # ---- choosing

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self._confirm(self._kind.reasons[event.option_index])

    @on(Input.Submitted)
    def _written(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if len(text) < SHORTEST:
            self._say("said", ((f"at least {SHORTEST} characters: the agent must be able to act on it", "bold"),))
        else:
            self._confirm(text)

    def on_key(self, event: events.Key) -> None:
        if self._reason is not None:
            event.stop()
            event.prevent_default()
            if event.character == "d":
                self.leave(Said(self._kind.no, self._reason))
            elif event.character == "i" and self._kind.worse:
                self.leave(Said(self._kind.worse, self._reason))
            else:
                self._choose()
        elif event.key == "escape":
            event.stop()
            self.leave(None)
        elif not isinstance(self.focused, Input) and (event.character or "") in ("1", "2", "3", "4"):
            event.stop()
            event.prevent_default()
            self._confirm(self._kind.reasons[int(event.character or "1") - 1])

    # ---- two states

    def _choose(self) -> None:
        self._reason = None
        self.query_one(OptionList).focus()
        self._redraw()

    def _confirm(self, reason: str) -> None:
        self._reason = reason
        # Without a focus every key comes to this screen, so none reaches the text or the list meanwhile.
        self.set_focus(None)
        self._redraw()

    def _redraw(self) -> None:
        named = (*foreign(self.held.id, "bold", longest=NAME), ("?  ", ""), *foreign(self.held.tool, longest=NAME))
        verb = self._kind.no_label.rstrip("…")
        if self.others:
            more = (f", and {len(self.others)} more with it?", "bold")
            named = (*foreign(self.held.id, "bold", longest=NAME), more)
        self._say("title", ((f"{verb} ", ""), *named))
        if self._reason is None:
            self._say("said", ())
            self._say("keys", CHOOSE)
        else:
            self._say("said", ((f"{self._kind.tell}: ", ""), *foreign(self._reason, "bold")))
            self._say("keys", self._confirmed())

    def _confirmed(self) -> Line:
        does = {"deny": "denies", "drop": "drops it"}.get(self._kind.no, f"says {self._kind.no}")
        worse: Line = ((f" {does}, ", ""), ("i", "bold reverse"), (f" says {self._kind.worse}", ""))
        plain: Line = ((f" {does}", ""),)
        return (("d", "bold reverse"), *(worse if self._kind.worse else plain), (", any other key: back", ""))

    def _say(self, place: str, line: Line) -> None:
        view = self.query_one(f"#{place}", OneLine)
        view.show_line(fitted(line, view.size.width))
