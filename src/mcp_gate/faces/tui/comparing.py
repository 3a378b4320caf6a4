"""What is new in a call, compared with the approved one that is most like it, or with what was asked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mcp_gate.faces.tui.lines import Line, Row, foreign
from mcp_gate.faces.tui.words import NAME
from mcp_gate.lang.difference import ABSENT, Absent, Difference, differences
from mcp_gate.lang.reveal import reveal_json
from mcp_gate.model.foreign import Json, JsonObject

MOST: Final = 12
"""Differences that are told one by one; the arguments themselves follow in full."""
LONGEST: Final = 160
"""Characters of a value."""


def compared(
    before: JsonObject, after: JsonObject, shown: JsonObject, shown_before: JsonObject | None = None
) -> Iterator[Row]:
    """A row for each place that differs: `~` another value, `+` new, `-` gone.

    Args:
        shown: `after` as it may be shown. Of what is covered there the other value is not told either.
        shown_before: `before` as it may be shown; None: as it is.
    """
    found = differences(before, after)
    if not found:
        yield Row((("nothing differs", ""),), first=(("  ", ""),))
    for place in found[:MOST]:
        yield _row(_covered(place, shown, before if shown_before is None else shown_before))
    if len(found) > MOST:
        yield Row(((f"and {len(found) - MOST} more places", "reverse"),), first=(("  ", ""),))


def _covered(found: Difference, shown: JsonObject, shown_before: JsonObject) -> Difference:
    if found.before is not ABSENT:
        found = replace(found, before=_at(shown_before, found))
    if found.after is ABSENT:
        return found
    value = _at(shown, found)
    if value == found.after:
        return found
    return replace(found, after=value, before=found.before if found.before is ABSENT else "another one")


def _at(value: Json, found: Difference) -> Json:
    for step in found.place:
        value = value[step]
    return value


def _row(place: Difference) -> Row:
    sign = "+" if place.before is ABSENT else "-" if place.after is ABSENT else "~"
    name = place.pointer.removeprefix("/") or "(all of it)"
    body: Line = (*foreign(name, "bold", longest=NAME), ("  ", ""))
    if sign == "~":
        body = (*body, *_value(place.before, "dim"), (" → ", ""), *_value(place.after, ""))
    else:
        body = (*body, *_value(place.after if sign == "+" else place.before, "" if sign == "+" else "dim"))
    return Row(body, first=((f"{sign} ", "bold"),), further=(("┃ ", "dim"),))


def _value(value: Json | Absent, style: str) -> Line:
    text = reveal_json(value, indent=0).replace("\n", " ")
    return foreign(text, style, longest=LONGEST)
