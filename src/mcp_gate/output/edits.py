"""Changes to a payload, by the way to each place, and the changed copy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple, TypeAlias

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import Json
from mcp_gate.output.walk import json_of
from mcp_gate.output.walked import Inside, Step, Trail


class Put(NamedTuple):
    """Another value stands there."""

    value: Json


class Rename(NamedTuple):
    """The key is renamed."""

    key: str


Edit: TypeAlias = Put | Rename


class Clash(Exception):
    """Two keys of one object became the same."""


def edited(payload: Json, edits: Iterable[tuple[Trail, Edit]]) -> Json:
    """A copy with the changes; what is not on the way to one is shared with the original. Where a value is put, what
    was to change within it is gone.

    Raises:
        Clash: the copy would lose something.
    """
    changes = tuple(edits)
    if not changes:
        return payload
    copy = _Copy(payload)
    last: Trail = None
    holder = copy.at(None)
    for trail, edit in changes:
        assert trail is not None, "the payload itself stays what it is"
        before, step = trail
        if before is not last:
            holder, last = copy.at(before), before
        if holder is _GONE:
            continue
        if isinstance(edit, Put):
            copy.put(holder, step, edit.value)
        else:
            copy.rename(holder, step, edit.key)
    return copy.ended()


_GONE: Final[Any] = object()


class _Copy:
    """Every object, list and JSON in a text that leads to a change is copied once."""

    def __init__(self, payload: Json) -> None:
        self._root: Any = payload.copy()
        self._own: dict[int, Any] = {id(self._root): self._root}
        """Copies, by what they are known by: they may be changed."""
        self._ways: dict[int, tuple[Trail, Any]] = {}
        """Where ways lead to; ways are kept, or another one might be taken for them."""
        self._texts: dict[tuple[int, Step], Any] = {}
        """What texts say, by where they stand; the outer before the inner."""
        self._names: dict[int, dict[Step, str]] = {}

    def at(self, trail: Trail) -> Any:
        """The copy of what stands there; `_GONE` where another value was put on the way."""
        if trail is None:
            return self._root
        known = self._ways.get(id(trail))
        if known is None:
            known = self._ways[id(trail)] = trail, self._copied(*trail)
        return known[1]

    def _copied(self, before: Trail, step: Step) -> Any:
        if step is Inside.JSON:
            assert before is not None, "a payload is not a text"
            return self._said(self.at(before[0]), before[1])
        holder = self.at(before)
        value = _GONE if holder is _GONE else holder[step]
        if id(value) not in self._own:
            if not isinstance(value, (dict, list)):
                return _GONE
            value = holder[step] = value.copy()
            self._own[id(value)] = value
        return value

    def _said(self, holder: Any, step: Step) -> Any:
        """What the text there says."""
        if holder is _GONE or not isinstance(holder[step], str):
            return _GONE
        key = id(holder), step
        if key not in self._texts:
            self._texts[key] = said = json_of(holder[step])
            self._own[id(said)] = said
        return self._texts[key]

    def put(self, holder: Any, step: Step, value: Json) -> None:
        """Let a value stand in a copy."""
        holder[step] = value
        if self._texts:
            self._texts.pop((id(holder), step), None)

    def rename(self, holder: Any, step: Step, key: str) -> None:
        """Call a member of a copy something else, in the end."""
        self._names.setdefault(id(holder), {})[step] = key

    def ended(self) -> Json:
        """The copy, as it is now."""
        for known, names in self._names.items():
            holder = self._own[known]
            members = [(names.get(key, key), child) for key, child in holder.items()]
            holder.clear()
            holder.update(members)
            if len(holder) < len(members):
                raise Clash
        for (known, step), said in reversed(self._texts.items()):
            name = self._names.get(known, {}).get(step, step)
            self._own[known][name] = strictjson.dumps(said).decode()
        return self._root
