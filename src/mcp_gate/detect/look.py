"""Looks at one text where triggers fired."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import filterfalse
from operator import attrgetter
from typing import Final

import orjson

from mcp_gate.detect import (
    codes,
    cues,
    fields,
    grids,
    ids,
    jsontext,
    mail,
    numbers,
    owners,
    pairs,
    people,
    places,
    records,
    segments,
    statements,
    tables,
    values,
)
from mcp_gate.detect.engine import Fired
from mcp_gate.detect.fields import entity_of
from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.detect.names import full, mentions
from mcp_gate.detect.triggers import CUES, Kind
from mcp_gate.detect.windows import Covered, around

_FIELD, _STATEMENT, _GRID, _MAIL, _PERSON, _SPEECH = map(
    int, (Kind.FIELD, Kind.STATEMENT, Kind.GRID, Kind.MAIL, Kind.PERSON, Kind.SPEECH)
)
_FULL_NAME, _RECORD = map(int, (Kind.FULL_NAME, Kind.RECORD))
_NUMBER, _ID = int(Kind.NUMBER), int(Kind.ID)
"""Asked for in every leaf: as a member of its class each costs as much as all the rest of the question."""
_WHEREVER: Final = frozenset({_FIELD, _STATEMENT, _GRID, _SPEECH, int(Kind.CUE_PHONE)})
"""These are looked at whatever was found there."""
_CUES: Final = frozenset(map(int, CUES))
_AROUND: Final[tuple[tuple[int, int, int, Callable[[str, int, int], Iterator[Finding]]], ...]] = (
    (int(Kind.NUMBER), 30, 8, numbers.find),
    (int(Kind.DOTTED), 16, 16, codes.ipv4),
    (int(Kind.COLONS), 48, 48, codes.ipv6),
    (int(Kind.IBAN), 48, 48, codes.iban),
    (int(Kind.ID), 24, 16, ids.find),
    (int(Kind.STREET), 64, 96, places.find),
)
_NEAR: Final = frozenset(kind for kind, *_ in _AROUND)
_TO_VALUE: Final = 4
"""Characters from a separator to the value behind it: a space, a quote."""
_TO_MAIL: Final = 2
"""Characters from a name to its address of mail: `Ann Lee <ann@…`"""


def look_all(leaves: Sequence[Leaf], fired: Mapping[int, Fired]) -> list[list[Finding]]:
    """All findings in each of the leaves, unmerged.

    Args:
        fired: where triggers fired in the texts of leaves, by which it is.
    """
    named = _by_name(leaves)
    out: list[list[Finding]] = []
    for which, leaf in enumerate(leaves):
        ends = fired.get(which)
        if which not in named:
            out.append([] if ends is None and "\n" not in leaf.text else look(leaf, ends))
        elif (one := named[which]) is not None and (ends is None or _is_all(leaf.text, one, ends)):
            out.append([one])
        else:
            out.append(look(leaf, ends))
    return out


def _by_name(leaves: Sequence[Leaf]) -> dict[int, Finding | None]:
    """Which of the leaves stand under names that say what they are, and the finding that is the whole of one: rows have
    the same names over and over."""
    columns: dict[tuple[str, ...], list[int]] = {}
    for which, (_, keys) in enumerate(leaves):
        if keys in columns:
            columns[keys].append(which)
        else:
            columns[keys] = [which]
    out: dict[int, Finding | None] = {}
    for keys, column in columns.items():
        entity = entity_of(keys) if keys else None
        if entity is not None and entity != fields.NAME:
            out |= zip(column, values.wholes(entity, [leaves[which].text for which in column]), strict=True)
    return out


def look(leaf: Leaf, ends: Fired | None) -> list[Finding]:
    """All findings in a leaf, unmerged.

    Args:
        ends: where triggers fired in its text; None for nowhere.
    """
    found: list[Finding] = []
    text, keys = leaf
    entity = entity_of(keys) if keys else None
    if entity is not None and entity != fields.NAME:
        one = values.find(entity, text, 0, len(text), whole=True)
        if one is not None:
            found.append(one)
    if "\n" in text:
        found.extend(tables.find(text))
        found.extend(mentions.alone(text))
    if ends is None or (len(found) == 1 and _is_all(text, found[0], ends)):
        return found
    if _FIELD in ends:
        found.extend(_by_fields(text, ends[_FIELD], keys))
    if _GRID in ends:
        found.extend(grids.find(text))
        found.extend(segments.find(text, ends[_GRID]))
    if _STATEMENT in ends:
        found.extend(statements.find(text, ends[_STATEMENT]))
    if len(found) > 1:
        found.sort(key=attrgetter("start"))
    known = tuple(found)
    covered = Covered(known, len(text)) if known else None
    others = _all if covered is None else covered.others
    if not ends.keys().isdisjoint(_NEAR):
        for kind, before, after, find in _AROUND:
            if kind in ends:
                places = others(ends[kind])
                if kind == _NUMBER and known and places:
                    places = _but_phones(text, known, places)
                for start, end in around(places, before, after, len(text)):
                    found.extend(find(text, start, end))
    if _PERSON in ends:
        for end in others(ends[_PERSON]):
            found.extend(people.after_cue(text, end))
    if _MAIL in ends:
        found.extend(mail.find(text, others(ends[_MAIL])))
        found.extend(_whose_mail(text, found))
    if _SPEECH in ends:
        for end in ends[_SPEECH]:
            found.extend(people.before_verb(text, end))
    if _FULL_NAME in ends:
        found.extend(full.find(text, others(ends[_FULL_NAME]), tuple(found)))
    if _RECORD in ends:
        found.extend(records.find(text, others(ends[_RECORD])))
    if not ends.keys().isdisjoint(_CUES):
        found.extend(cues.find(text, ends, covered))
    if not keys and text[:1] not in ("{", "["):
        found.extend(owners.beside(text, tuple(found)))
        found.extend(mentions.further(text, found))
    return found


def _whose_mail(text: str, found: Sequence[Finding]) -> list[Finding]:
    """The names before addresses of mail, where none was found yet that ends there."""
    named = {one.end for one in found if one.entity == "PERSON"}
    return [
        name
        for one in found
        if one.entity == "EMAIL_ADDRESS" and one.start - _TO_MAIL not in named
        for name in people.before_mail(text, one.start)
    ]


def _is_all(text: str, one: Finding, ends: Fired) -> bool:
    """Whether a finding is the whole text, and what fired in it leads to nothing else. What has a character behind it
    ends behind the text."""
    size = len(text)
    if one.end - one.start < size or not ends.keys().isdisjoint(_WHEREVER):
        return False
    if _NUMBER in ends and ends[_NUMBER][-1] > size and not _is_only_phone(text, one):
        return False
    return not (_ID in ends and ends[_ID][-1] > size)


def _all(ends: Sequence[int]) -> Sequence[int]:
    return ends


def _but_phones(text: str, known: Sequence[Finding], ends: Sequence[int]) -> Sequence[int]:
    """The places of numbers but of telephones that were found by their names and can be nothing else.

    Args:
        ends: where the numbers end, with the character behind.
    """
    phones = {one.end + 1 for one in known if _is_only_phone(text, one)}
    return [*filterfalse(phones.__contains__, ends)] if phones else ends


def _is_only_phone(text: str, one: Finding) -> bool:
    return one.entity == "PHONE_NUMBER" and numbers.is_only_phone(text, one.start, one.end)


def _by_fields(text: str, ends: Sequence[int], keys: tuple[str, ...]) -> Iterator[Finding]:
    seen: list[Finding] = []
    if jsontext.starts(text):
        seen.extend(jsontext.find(text, keys))
        seen.sort(key=attrgetter("start"))
        yield from seen
        if _is_whole_json(text):
            return
    uncovered = Covered(seen, len(text), _TO_VALUE).others(ends) if seen else ends
    yield from pairs.find(text, uncovered, keys)


def _is_whole_json(text: str) -> bool:
    """Whether the text, or its first line, is JSON and nothing else: all its pairs are seen as such."""
    try:
        orjson.loads(text)
    except ValueError:
        first, _, rest = text.partition("\n")
        return rest.startswith("{") and first.endswith("}") and first.startswith("{")
    return '\\"' not in text
