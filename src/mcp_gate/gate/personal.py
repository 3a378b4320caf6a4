"""What is personal or secret among the arguments of a held call, for faces that cover it until somebody asks, or at
all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.detect.options import Options
from mcp_gate.gate.leaving.detecting import Scanner
from mcp_gate.lang.strictjson import dumps
from mcp_gate.model.foreign import Json, JsonObject

log = logging.getLogger(__name__)

LARGEST: Final = 65_536
"""Bytes of arguments that are looked through; larger ones are shown as they are."""
LEAST_SCORE: Final = 0.5
LEAST_NUMBER: Final = 1000
"""A number closer to zero is nobody's."""

Place: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    """One text to look through: a value as it is written, or a key."""

    place: Place
    text: str
    is_key: bool = False


async def personal(scanner: Scanner, arguments: JsonObject, options: Options) -> list[JsonObject]:
    """Stretches of values: `{place, start, end, entity}`, `place` being the keys and indices on the way to a text, or
    to a number as JSON writes it.

    A detector that fails covers nothing: what is approved has to be readable. What is not plain ASCII is not covered
    either, so that a look-alike of an address cannot hide under a cover.
    """
    found = await _look(scanner, arguments, options) or []
    return [_mask(one, at) for one, at in found if not one.is_key and one.text[at.start : at.end].isascii()]


async def everything(scanner: Scanner, value: JsonObject, options: Options) -> list[JsonObject] | None:
    """The same for viewers who did not prove who they are, look-alikes included; None where not everything can be
    covered: a detector failed or did not finish, the arguments are too large, or a key is personal."""
    found = await _look(scanner, value, options, wholly=True)
    if found is None or any(one.is_key for one, _ in found):
        return None
    return [_mask(one, at) for one, at in found]


async def _look(
    scanner: Scanner, value: JsonObject, options: Options, *, wholly: bool = False
) -> list[tuple[_Text, Finding]] | None:
    """What is found, each with where; None where it cannot be told."""
    if len(dumps(value)) > LARGEST:
        return None
    texts = list(_texts((), value))
    try:
        leaves = [Leaf(one.text, tuple(str(step) for step in one.place)) for one in texts]
        found = await scanner.scan(leaves, options)
    except Exception:
        log.exception("it cannot be told what is personal in a call")
        return None
    if wholly and found.partial:
        return None
    return [
        (one, at)
        for one, findings in zip(texts, found.findings, strict=True)
        for at in findings
        if at.score >= LEAST_SCORE
    ]


def _mask(one: _Text, at: Finding) -> JsonObject:
    return {"place": list(one.place), "start": at.start, "end": at.end, "entity": at.entity}


def _texts(place: Place, value: Json) -> Iterator[_Text]:
    match value:
        case dict():
            for key, item in value.items():
                yield _Text(place, key, is_key=True)
                yield from _texts((*place, key), item)
        case list():
            for i, item in enumerate(value):
                yield from _texts((*place, i), item)
        case str():
            yield _Text(place, value)
        case int() | float() if abs(value) >= LEAST_NUMBER:
            yield _Text(place, dumps(value).decode())
