"""Looks at one text where triggers fired."""

from __future__ import annotations

from collections.abc import Sequence

from mcp_gate.detect import codes, mail, numbers, pairs, values
from mcp_gate.detect.fields import entity_of
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.triggers import Ends, Kind
from mcp_gate.detect.windows import around


def look(text: str, ends: Ends, keys: Sequence[str]) -> list[Finding]:
    """All findings in a view of a text, unmerged; offsets are the view's."""
    size = len(text)
    found: list[Finding] = []
    for start, end in around(ends[Kind.MAIL], 68, 260, size):
        found.extend(mail.find(text, start, end))
    for start, end in around(ends[Kind.NUMBER], 40, 24, size):
        found.extend(numbers.find(text, start, end))
    for start, end in around(ends[Kind.DOTTED], 16, 16, size):
        found.extend(codes.ipv4(text, start, end))
    for start, end in around(ends[Kind.COLONS], 48, 48, size):
        found.extend(codes.ipv6(text, start, end))
    for start, end in around(ends[Kind.IBAN], 48, 48, size):
        found.extend(codes.iban(text, start, end))
    found.extend(pairs.find(text, ends[Kind.FIELD], tuple(keys)))
    entity = entity_of(tuple(keys))
    if entity is not None and (one := values.find(entity, text, 0, size, whole=True)):
        found.append(one)
    return found
