"""Every key of the screen, once: bindings, the line at the foot, the help and the palette are made from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding

from mcp_gate.faces.tui.kinds import Kind
from mcp_gate.faces.tui.lines import BLANK, Line, Row, fitted, width_of


@dataclass(frozen=True, slots=True)
class Action:
    """One key of the screen, and what it does."""

    keys: str
    """As Textual names them, separated by commas."""
    name: str
    """The method `action_<name>` of the desk's screen; "" where a widget has the key."""
    shown: str
    """The keys as a person writes them."""
    label: str
    """In the line at the foot; "" is not shown there."""
    help: str


ACTIONS: Final = (
    Action("", "", "j k ↑ ↓ g G", "", "move in the queue, or line by line in the call"),
    Action("enter", "read", "enter", "Read", "open the request under the cursor; it never decides"),
    Action("escape", "leave", "esc", "", "back to the queue"),
    Action("tab", "switch", "tab", "", "queue ⇄ call"),
    Action("space", "page", "space", "Page", "page through the call; all of it has to be on the screen before a"),
    Action("v", "whole", "v", "", "all of the arguments, however long"),
    Action("r", "uncover", "r", "", "uncover what is personal, or withheld; that you did is recorded"),
    Action("c", "claim", "c", "Claim", "claim the request for ten minutes, or give it back"),
    Action("a", "approve", "a", "Approve…", "let the one request shown pass, once it is read; a second step follows"),
    Action("d", "deny", "d", "Deny…", "deny it, or all that are marked, with a reason; the agent is told the reason"),
    Action("e", "edit", "e", "Edit…", "change the arguments and approve that; a withheld result: let the rest pass"),
    Action("x", "extend", "x", "", "more time for it"),
    Action("s", "send_on", "s", "", "send it on to the next group, which then decides"),
    Action("m", "mark", "m", "Mark", "mark it; only denying takes several"),
    Action("slash", "filter", "/", "Filter", "show only some of the queue"),
    Action("o", "order", "o", "", "another order of the queue"),
    Action("colon,ctrl+p", "palette", ":", "More", "everything by name"),
    Action("question_mark", "help", "?", "Keys", "this list"),
    Action("q", "leave_for_good", "q", "Quit", "quit; your claims are given back"),
)  # fmt: skip

SPARE: Final = ("palette", "mark", "filter", "page", "claim", "edit")
"""What the foot can do without, first to last."""
CLOSING: Final = "There is no key that approves more than one call, and enter never decides."


def bindings() -> list[Binding]:
    """The bindings of the desk's screen."""
    return [Binding(action.keys, action.name, action.help, show=False) for action in ACTIONS if action.name]


def foot(kind: Kind | None, width: int) -> Line:
    """The line of keys at the foot. It is text: a click on it does nothing.

    Args:
        kind: of the request that is shown: its words stand there.
        width: cells; where there are too few, what is needed least is left to the list of keys.
    """
    left_out: tuple[str, ...] = ()
    for spare in (*SPARE, ""):
        line = _foot(kind, left_out)
        if width_of(line) <= width:
            break
        left_out = (*left_out, spare)
    return fitted(line, width)


def _foot(kind: Kind | None, left_out: tuple[str, ...]) -> Line:
    out: Line = ()
    for action in ACTIONS:
        label = "" if action.name in left_out else action.label
        if kind is not None:
            label = {"approve": kind.yes_label, "deny": kind.no_label, "edit": kind.also_label}.get(action.name, label)
        if label:
            out = (*out, ((" " if out else "") + action.shown, "bold"), (f" {label} ", ""))
    return out


def help_rows() -> list[Row]:
    """All keys and what they do."""
    rows = [
        Row(((action.help, ""),), first=((f"{action.shown:<14}", "bold"),), further=((" " * 14, ""),))
        for action in ACTIONS
    ]
    return [*rows, BLANK, Row(((CLOSING, "bold"),))]
