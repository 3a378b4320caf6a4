"""What is personal or secret among the arguments of a held call, for faces that cover it until somebody asks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final, TypeAlias

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.gate.egress import Scanner
from mcp_gate.lang.strictjson import dumps
from mcp_gate.model.foreign import Json, JsonObject

log = logging.getLogger(__name__)

LARGEST: Final = 65_536
"""Bytes of arguments that are looked through; larger ones are shown as they are."""
LEAST_SCORE: Final = 0.5

Place: TypeAlias = tuple[str | int, ...]


async def personal(scanner: Scanner, arguments: JsonObject, options: Options) -> list[JsonObject]:
    """Stretches of texts: `{place, start, end, entity}`, `place` being the keys and indices on the way to the text.

    A detector that fails covers nothing: what is approved has to be readable. What is not plain ASCII is not covered
    either, so that a look-alike of an address cannot hide under a cover.
    """
    if len(dumps(arguments)) > LARGEST:
        return []
    texts = list(_texts((), arguments))
    try:
        leaves = [Leaf(text, tuple(str(step) for step in place)) for place, text in texts]
        found = await scanner.scan(leaves, options)
    except Exception:
        log.exception("it cannot be told what is personal in a call")
        return []
    return [
        {"place": list(place), "start": one.start, "end": one.end, "entity": one.entity}
        for (place, text), findings in zip(texts, found.findings, strict=True)
        for one in findings
        if one.score >= LEAST_SCORE and text[one.start : one.end].isascii()
    ]


def _texts(place: Place, value: Json) -> Iterator[tuple[Place, str]]:
    match value:
        case str():
            yield place, value
        case dict():
            for key, item in value.items():
                yield from _texts((*place, key), item)
        case list():
            for i, item in enumerate(value):
                yield from _texts((*place, i), item)
