"""Messages between hospitals (HL7 version 2): segments a line each, fields between bars, parts between circumflexes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_gate.detect import values
from mcp_gate.detect.finding import Finding

_REST: Final = re.compile(r"[^\n\r]{0,4000}")
_NAMED: Final = 4
"""Characters of a segment's name, with the bar behind it."""
_FIELDS: Final = {
    "PID": {2: "MEDICAL_RECORD", 3: "MEDICAL_RECORD", 4: "MEDICAL_RECORD", 5: "PERSON", 6: "PERSON", 7: "DATE_OF_BIRTH",
            9: "PERSON", 11: "ADDRESS", 13: "PHONE_NUMBER", 14: "PHONE_NUMBER", 18: "BANK_ACCOUNT", 19: "US_SSN",
            20: "DRIVER_LICENSE"},
    "NK1": {2: "PERSON", 4: "ADDRESS", 5: "PHONE_NUMBER", 6: "PHONE_NUMBER", 16: "DATE_OF_BIRTH"},
    "GT1": {3: "PERSON", 5: "ADDRESS", 6: "PHONE_NUMBER", 8: "DATE_OF_BIRTH", 12: "US_SSN"},
    "IN1": {16: "PERSON", 18: "DATE_OF_BIRTH", 19: "ADDRESS", 36: "MEDICAL_RECORD"},
    "PV1": {7: "PERSON", 8: "PERSON", 9: "PERSON", 17: "PERSON"},
}  # fmt: skip
"""What the fields of segments hold, counted from one."""
_CARD: Final = re.compile(r"[\n\r]N(?:;[^:\n]{0,64})?:([^;:\n]{1,64});([^;\n]{0,64})")
"""Who a card of vCard is of: the family's name, the given one."""
_PART: Final = r"[^\W\d_]+(?:[ '’.-][^\W\d_]+)*"
_NAME: Final = re.compile(rf"{_PART}(?:\^{_PART})+")


def find(text: str, ends: Sequence[int]) -> Iterator[Finding]:
    """Findings in fields, by the segment they stand in.

    Args:
        ends: where names of segments end, with the bar behind them, among other places.
    """
    for end in ends:
        start = end - _NAMED
        kinds = _FIELDS.get(text[max(0, start) : end - 1])
        if kinds is None or not (start == 0 or text.endswith(("\n", "\r", "\\n", "\\r"), 0, start)):
            continue
        rest = _REST.match(text, end)
        assert rest is not None  # it may be empty
        at = end
        for which, cell in enumerate(rest[0].split("|"), 1):
            if kind := kinds.get(which):
                yield from _cell(text, kind, at, at + len(cell))
            at += len(cell) + 1
    if "BEGIN:VCARD" in text:
        for card in _CARD.finditer(text):
            parts = (values.find("PERSON", text, *card.span(which), whole=True) for which in (1, 2))
            yield from filter(None, parts)


def _cell(text: str, kind: str, start: int, end: int) -> Iterator[Finding]:
    if kind == "PERSON":
        if name := _NAME.search(text, start, end):
            yield Finding(*name.span(), "PERSON", 0.85, "field_person")
        return
    if kind == "ADDRESS":
        if any(map(str.isdigit, text[start:end])):
            yield Finding(start, end, "ADDRESS", 0.85, "field_address")
        return
    stop = text.find("^", start, end)
    if found := values.find(kind, text, start, stop if stop >= 0 else end, whole=True):
        yield found
