"""Looks at one text where triggers fired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from mcp_gate.detect import codes, cues, ids, jsontext, mail, numbers, pairs, people, places, tables, values
from mcp_gate.detect.fields import entity_of
from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.detect.triggers import Ends, Kind
from mcp_gate.detect.windows import around

_AROUND: Final[tuple[tuple[Kind, int, int, Callable[[str, int, int], Iterator[Finding]]], ...]] = (
    (Kind.MAIL, 68, 260, mail.find),
    (Kind.NUMBER, 40, 24, numbers.find),
    (Kind.DOTTED, 16, 16, codes.ipv4),
    (Kind.COLONS, 48, 48, codes.ipv6),
    (Kind.IBAN, 48, 48, codes.iban),
    (Kind.ID, 24, 16, ids.find),
    (Kind.STREET, 64, 96, places.find),
)


def look(leaf: Leaf, ends: Ends | None) -> list[Finding]:
    """All findings in a leaf, unmerged.

    Args:
        ends: where triggers fired in its text; None for nowhere.
    """
    found: list[Finding] = []
    entity = entity_of(leaf.keys) if leaf.keys else None
    if entity is not None and (one := values.find(entity, leaf.text, 0, len(leaf.text), whole=True)):
        found.append(one)
    if ends is None:
        return found
    text = leaf.text
    size = len(text)
    for kind, before, after, find in _AROUND:
        if ends[kind]:
            for start, end in around(ends[kind], before, after, size):
                found.extend(find(text, start, end))
    for one in [one for one in found if one.entity == "EMAIL_ADDRESS"]:
        found.extend(people.before_mail(text, one.start))
    for end in ends[Kind.PERSON]:
        found.extend(people.after_cue(text, end))
    for end in ends[Kind.SPEECH]:
        found.extend(people.before_verb(text, end))
    found.extend(cues.find(text, ends))
    if ends[Kind.FIELD]:
        found.extend(jsontext.find(text, leaf.keys) if jsontext.starts(text) else ())
        found.extend(pairs.find(text, ends[Kind.FIELD], leaf.keys))
    if "\n" in text:
        found.extend(tables.find(text))
    return found
