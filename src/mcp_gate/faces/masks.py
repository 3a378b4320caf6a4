"""What is personal or secret among arguments: covered until the reviewer asks for it, which is recorded.

It is a courtesy to the people in the call, not a wall: a reviewer may see it, and the record says that he did. It has
to be uncovered before the call is approved: what was not shown cannot be.
"""

from __future__ import annotations

from typing import TypeAlias

from mcp_gate.lang.strictjson import dumps
from mcp_gate.model.foreign import Json, JsonObject

Masks: TypeAlias = tuple[JsonObject, ...]
"""As the gate tells them (`personal`): `{place, start, end, entity}`, in order within a text."""


def masked(arguments: JsonObject, masks: Masks) -> JsonObject:
    """The arguments with what is covered written as `▒▒US_SSN▒▒`; nothing else of them differs."""
    out: JsonObject = _copy(arguments)
    for mask in reversed(masks):
        target: Json = out
        for step in mask["place"][:-1]:
            target = target[step]
        last = mask["place"][-1]
        text = target[last] if isinstance(target[last], str) else dumps(target[last]).decode()
        target[last] = f"{text[: mask['start']]}▒▒{mask['entity']}▒▒{text[mask['end'] :]}"
    return out


def _copy(value: Json) -> Json:
    match value:
        case dict():
            return {key: _copy(item) for key, item in value.items()}
        case list():
            return [_copy(item) for item in value]
        case _:
            return value
