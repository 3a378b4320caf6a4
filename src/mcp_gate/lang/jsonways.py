"""The ways in which serialisers write JSON unless told otherwise: by them a text is known as JSON at little cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from typing import assert_never

import orjson

from mcp_gate.model.foreign import Json

_BEGINNING = 256
"""Characters in which a name and its value are likely to stand."""
# what was parsed leads nowhere back to itself: not to ask saves a fifth of the time
_SPACED = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False)
_SPACED_ASCII = json.JSONEncoder(allow_nan=False, check_circular=False)


class Way(Enum):
    """How serialisers write JSON unless told otherwise."""

    COMPACT = "compact"
    INDENTED = "indented"
    SPACED = "spaced"
    ASCII = "spaced, in ASCII"


def ways(text: str) -> Sequence[Way]:
    """The ways in which a text may have been written, the likely one first."""
    if text[1:2] == "\n":
        return (Way.INDENTED,)
    spaced = Way.ASCII if text.isascii() else Way.SPACED
    return (spaced, Way.COMPACT) if '": ' in text[:_BEGINNING] else (Way.COMPACT, spaced)


def written(value: Json, way: Way) -> str | None:
    """A value as JSON; None where it cannot be written so."""
    try:
        match way:
            case Way.COMPACT:
                return orjson.dumps(value).decode()
            case Way.INDENTED:
                return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
            case Way.SPACED:
                return _SPACED.encode(value)
            case Way.ASCII:
                return _SPACED_ASCII.encode(value)
            case _:
                assert_never(way)
    except (TypeError, ValueError, RecursionError):
        return None
