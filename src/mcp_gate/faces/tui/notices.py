"""What stands in the queue where there are no rows. Pure."""

from __future__ import annotations

from typing import Final

from mcp_gate.faces.tui.desk import Desk, Lost, Reading
from mcp_gate.faces.tui.lines import BLANK, Line, Row, foreign

MARGIN: Final[Line] = ((" ", ""),)


def notice(desk: Desk) -> tuple[Row, ...]:
    """Why there is nothing, and what to do about it."""
    if isinstance(desk.link, Reading):
        return (_row((("Reading the queue…", "dim"),)),)
    if isinstance(desk.link, Lost):
        why = (("The gate does not answer: ", "bold"), *foreign(desk.link.why, longest=200))
        wait = "It is tried again every second. Nothing is lost: calls wait at the gate."
        return (_row(why), BLANK, _row(((wait, ""),)))
    if desk.filter:
        text = (("Nothing in the queue is like ", "bold"), *foreign(desk.filter.text, "bold", longest=100))
        return (_row(text), BLANK, _row((("/", "bold"), (" and an empty line shows all of it again.", ""))))
    return (
        _row((("Nothing is held.", "bold"),)),
        BLANK,
        _row((("A call waits here when a rule says require_approval, when an invariant asks for a person, "
               "or when its tool has no mapping in upstreams.yaml.", ""),)),
        BLANK,
        _row((("mcp-gate demo", "bold"), ("  holds one to try, and says how to open its screen.", ""))),
    )  # fmt: skip


def _row(line: Line) -> Row:
    return Row(line, MARGIN, MARGIN)
