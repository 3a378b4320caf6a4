"""The second step of an approval: type what only this dialog, or this call, can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size

from mcp_gate.faces.tui.arguments import arguments
from mcp_gate.faces.tui.comparing import compared
from mcp_gate.faces.tui.decision import Word
from mcp_gate.faces.tui.dialog import Dialog
from mcp_gate.faces.tui.kinds import Kind
from mcp_gate.faces.tui.lines import BLANK, Line, Row, fitted, foreign, hang
from mcp_gate.faces.tui.lineview import LineView
from mcp_gate.faces.tui.secret import ALPHABET
from mcp_gate.faces.tui.words import NAME, local_time, risk

SMALLEST: Final = Size(36, 10)
"""Cells below which the dialog does not fit."""
WIDEST: Final = 76
EXCERPT: Final = 10
"""Lines of the arguments that are repeated: room must be left for the code beside the dialog."""
EDGE: Final = 4
"""Cells of border and padding, both sides together."""


class Approve(Dialog[bool]):
    """True once the letters are typed. Any other key goes back; pastes and the mouse do nothing.

    No clock is involved: a delay fails on a slow line, where keys typed early arrive late. Keys that came before the
    dialog was on the screen go back too, so nothing typed ahead gets through, not even by chance.
    """

    def __init__(self, word: Word, wanted: str, kind: Kind, *, coded: bool, low: bool = False) -> None:
        """
        Args:
            word: what is posted when the letters are right.
            wanted: the letters.
            kind: of the request, whose own words are used.
            coded: whether the letters are printed under the call, and not here.
            low: stand at the foot of the screen, because the code is printed in its upper half.
        """
        super().__init__(classes="-low" if low else "")
        self.word = word
        self._wanted = wanted
        self._kind = kind
        self._coded = coded
        self._typed = ""
        self._armed = False
        self._opened_at: Size | None = None

    def compose(self) -> ComposeResult:
        self._opened_at = self.app.size
        width = min(WIDEST, self.app.size.width)
        view = _Whole(self._arm, self._rows(width - EDGE))
        view.styles.width = width
        view.styles.height = 2 + len(hang(view.rows, width - EDGE))
        yield view

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self.left:
            return
        letter = (event.character or "").upper()
        typed = self._typed + letter
        if not self._armed or len(letter) != 1 or letter not in ALPHABET or not self._wanted.startswith(typed):
            self.leave(False)
        elif typed == self._wanted:
            self.leave(True)
        else:
            self._typed = typed
            view = self.query_one(_Whole)
            view.show_rows(self._rows(view.size.width))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()

    def on_resize(self, event: events.Resize) -> None:
        if event.size != self._opened_at:
            self.leave(False)

    def _arm(self) -> None:
        self._armed = True

    # ---- what it says

    @property
    def _is_also(self) -> bool:
        return str(self.word.body["decision"]) == self._kind.also

    @property
    def _asks(self) -> str:
        return (self._kind.also_asks if self._is_also else "") or self._kind.yes_label.rstrip("…")

    @property
    def _does(self) -> str:
        return (self._kind.also_does if self._is_also else "") or self._kind.does

    def _rows(self, width: int) -> list[Row]:
        held = self.word.held
        word, style = risk(held.tier)
        head = [
            Row(((f"{self._asks} ", ""), *foreign(held.id, "bold", longest=NAME), ("?", ""))),
            Row(((f" {word} ", f"reverse {style}"), (" ", ""), *foreign(held.tool, "bold", longest=NAME))),
        ]
        foot = [*self._ask(), Row((("Any other key: back.", "dim"),))]
        room = self.app.size.height - 2 - len(hang([*head, *foot], width))
        roomy = room >= 6
        if roomy:
            head.append(Row((("asked by ", "dim"), *foreign(held.agent, longest=NAME))))
            foot = [BLANK, *foot, BLANK, *self._posted()]
            room = min(EXCERPT, self.app.size.height - 6 - len(hang([*head, *foot], width)))
        return [*head, *self._excerpt(width, room), *foot]

    def _excerpt(self, width: int, room: int) -> list[Row]:
        """The first lines of the arguments, as far as there is room; all were read before."""
        lines = hang(self._arguments(), width)
        if len(lines) <= room:
            return [Row(line) for line in lines]
        if room < 2:
            return []
        read = "" if "arguments" in self.word.body else ", all of them read"
        rest: Line = ((f"  and {len(lines) - room + 1} more lines{read}", "dim"),)
        return [*(Row(line) for line in lines[: room - 1]), Row(fitted(rest, width))]

    def _arguments(self) -> list[Row]:
        held, changed = self.word.held, self.word.body.get("arguments")
        if changed is None:
            return list(arguments(held.shown).rows)
        return [Row((("What you change", "bold"),)), *compared(held.call["arguments"], changed, changed)]

    def _ask(self) -> list[Row]:
        boxes = " ".join(self._typed + "_" * (len(self._wanted) - len(self._typed)))
        if self._coded:
            return [Row((("Type the code printed under the call:  ", ""), (f" {boxes} ", "bold reverse")))]
        letters = " ".join(self._wanted)
        done = f"   {boxes}" if len(self._wanted) > 1 else ""
        ask = (("Press ", ""), (f" {letters} ", "bold reverse"), (f" to {self._does}.", ""), (done, "bold"))
        return [Row(ask)]

    def _posted(self) -> list[Row]:
        """What goes to the gate with the word, as it is shown now."""
        body = self.word.body
        digest = str(body["job_hash"]).removeprefix("sha256:")[:8]
        return [
            Row(
                (
                    *foreign(str(body["approver_id"]), "dim", longest=NAME),
                    (f" at {local_time(body['decision_ts'])}   digest {digest}   policy ", "dim"),
                    *foreign(str(body["policy_snapshot"]), "dim", longest=NAME),
                )
            )
        ]


class _Whole(LineView):
    """Tells when all of it has been on the screen."""

    def __init__(self, tell: Callable[[], None], rows: list[Row]) -> None:
        super().__init__(rows, id="dialog")
        self.rows = rows
        self._tell = tell

    def seen(self) -> None:
        if self.unseen == 0:
            self._tell()
