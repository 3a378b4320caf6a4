"""What is personal or secret among arguments: covered on the screen until the reviewer asks for it, which is recorded.

It is a courtesy to the people in the call, not a wall: a reviewer may see it, and the record says that he did. It has
to be uncovered before the call is approved: what was not shown cannot be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from mcp_gate.model.foreign import Json, JsonObject

Masks: TypeAlias = tuple[tuple[tuple[str | int, ...], int, int, str], ...]
"""Place of a text, first and one past the last character of it, and what it is. Sorted within a text."""
LARGEST: Final = 65_536
"""Bytes of arguments that are looked through; larger ones are shown as they are."""
LEAST_SCORE: Final = 0.5


def masks_of(arguments: JsonObject, size: int) -> Masks:
    """What the gate's own detectors find. A detector that fails covers nothing: what is sent is to be read."""
    if size > LARGEST:
        return ()
    from mcp_gate.detect.finding import Leaf
    from mcp_gate.detect.scan import scan

    texts = list(_texts((), arguments))
    try:
        found = scan([Leaf(text, tuple(str(step) for step in place)) for place, text in texts])
    except Exception:
        return ()
    return tuple(
        (place, one.start, one.end, one.entity)
        for (place, text), findings in zip(texts, found.findings, strict=True)
        for one in findings
        # What is not plain is shown: a look-alike of an address must not hide under a cover.
        if one.score >= LEAST_SCORE and text[one.start : one.end].isascii()
    )


def masked(arguments: JsonObject, masks: Masks) -> JsonObject:
    """The arguments with what is covered written as `▒▒US_SSN▒▒`; nothing else of them differs."""
    out: JsonObject = _copy(arguments)
    for place, start, end, entity in reversed(masks):
        target: Json = out
        for step in place[:-1]:
            target = target[step]
        text = target[place[-1]]
        target[place[-1]] = f"{text[:start]}▒▒{entity}▒▒{text[end:]}"
    return out


def _texts(place: tuple[str | int, ...], value: Json) -> Iterator[tuple[tuple[str | int, ...], str]]:
    match value:
        case str():
            yield place, value
        case dict():
            for key, item in value.items():
                yield from _texts((*place, key), item)
        case list():
            for i, item in enumerate(value):
                yield from _texts((*place, i), item)


def _copy(value: Json) -> Json:
    match value:
        case dict():
            return {key: _copy(item) for key, item in value.items()}
        case list():
            return [_copy(item) for item in value]
        case _:
            return value
