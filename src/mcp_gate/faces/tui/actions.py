"""Every key of the screen, once: bindings, the line at the foot and the help are made from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding

from mcp_gate.faces.tui.lines import BLANK, Line, Row


@dataclass(frozen=True, slots=True)
class Action:
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
    Action("enter", "read", "enter", "Read", "open the call under the cursor; it never decides"),
    Action("escape", "leave", "esc", "", "back to the queue"),
    Action("tab", "switch", "tab", "", "queue ⇄ call"),
    Action("space", "page", "space", "Page", "page through the call; all of it has to be on the screen before a"),
    Action("v", "whole", "v", "Whole", "all of the arguments, however long"),
    Action("c", "claim", "c", "Claim", "claim the call for ten minutes, or give it back"),
    Action("a", "approve", "a", "Approve…", "approve the one call shown, once it is read; a second step follows"),
    Action("d", "deny", "d", "Deny…", "deny it with a reason; the agent is told the reason"),
    Action("question_mark", "help", "?", "Keys", "this list"),
    Action("q", "leave_for_good", "q", "Quit", "quit; your claims are given back"),
)  # fmt: skip

CLOSING: Final = "There is no key that approves more than one call, and enter never decides."


def bindings() -> list[Binding]:
    """The bindings of the desk's screen."""
    return [Binding(action.keys, action.name, action.help, show=False) for action in ACTIONS if action.name]


def foot() -> Line:
    """The line of keys at the foot. It is text: a click on it does nothing."""
    out: Line = ()
    for action in ACTIONS:
        if action.label:
            out = (*out, ((" " if out else "") + action.shown, "bold"), (f" {action.label} ", ""))
    return out


def help_rows() -> list[Row]:
    """All keys and what they do."""
    rows = [
        Row(((action.help, ""),), first=((f"{action.shown:<14}", "bold"),), further=((" " * 14, ""),))
        for action in ACTIONS
    ]
    return [*rows, BLANK, Row(((CLOSING, "bold"),))]
