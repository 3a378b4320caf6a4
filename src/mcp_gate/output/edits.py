"""Changes to a payload, by the way to each place, and the changed copy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import Json
from mcp_gate.output.walk import Inside, Step, Trail, json_of, steps


@dataclass(frozen=True, slots=True)
class Put:
    """Another value stands there."""

    value: Json


@dataclass(frozen=True, slots=True)
class Rename:
    """The key is another one."""

    key: str


Edit: TypeAlias = Put | Rename


class Clash(Exception):
    """Two keys of one object became the same."""


_NONE: Final = object()


@dataclass(slots=True)
class _Node:
    put: Json = _NONE
    key: str | None = None
    below: dict[Step, _Node] = field(default_factory=dict)


def edited(payload: Json, edits: Iterable[tuple[Trail, Edit]]) -> Json:
    """A copy with the changes; what is not on the way to one is shared with the original.

    Raises:
        Clash: the copy would lose something.
    """
    root = _Node()
    for trail, edit in edits:
        node = root
        for step in steps(trail):
            node = node.below.setdefault(step, _Node())
        if isinstance(edit, Put):
            node.put = edit.value
        else:
            node.key = edit.key
    return _apply(payload, root)


def _apply(value: Json, node: _Node) -> Json:
    if node.put is not _NONE:
        return node.put
    if not node.below:
        return value
    if isinstance(value, str):
        inner = _apply(json_of(value), node.below[Inside.JSON])
        return strictjson.dumps(inner).decode()
    if isinstance(value, list):
        return [_apply(child, node.below[i]) if i in node.below else child for i, child in enumerate(value)]
    out: dict[str, Json] = {}
    for key, child in value.items():
        change = node.below.get(key)
        name = key if change is None or change.key is None else change.key
        if name in out:
            raise Clash
        out[name] = child if change is None else _apply(child, change)
    return out
