"""What paths of rules take out of a value, and out of the JSON in its texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_gate.lang import strictjson
from mcp_gate.model.output import Detail
from mcp_gate.output.fields import field_of
from mcp_gate.output.hiding import AROUND, IN_WORDS, Hidden, Path, begins, hides, may_hide
from mcp_gate.output.loose import Loose, documents, like, members, written
from mcp_gate.output.walked import Trail

REMOVED: Final = "field removed"
_OPEN: Final = re.compile(r"\[[\w .:,+-]*\]|([{\[])")
"""A label, or a bracket that may begin something."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A field that was taken out."""

    trail: Trail
    reason: str
    value: Any
    """What stood there; not told."""
    wild: bool = False
    """Whether the rule names it by a wildcard: then its key is as much the tool's data as its value."""

    def detail(self, private: Mapping[Trail, str]) -> Detail:
        """
        Args:
            private: as `renamed` of `field_of`.
        """
        return Detail(field_of(self.trail, private), self.reason, REMOVED)


def without(value: Any, path: Path, at: Trail, reason: str, found: list[Gone]) -> Any:
    """A value without what a path leads to; the very same one where that is nothing.

    Args:
        at: where the value stands.
        found: what was taken out is added to it.

    Raises:
        Hidden: a text may tell such a field, and it cannot be taken out.
        RecursionError: the value is too deep.
    """
    if isinstance(value, str):
        return in_text(value, [(path, reason)], at, found)
    step, rest = path[0], path[1:]
    if step == "**":
        if rest:
            value = without(value, rest, at, reason, found)
        return _children(value, at, lambda child, here: without(child, path, here, reason, found))
    if isinstance(value, list):
        if step != "[*]":
            return value
        if rest:
            return _children(value, at, lambda child, here: without(child, rest, here, reason, found))
        found.extend(Gone((at, i), reason, item) for i, item in enumerate(value))
        return [] if value else value
    pairs = members(value)
    if pairs is None:
        return value
    out: list[tuple[str, Any]] = []
    for key, child in pairs:
        if step not in (key, "*"):
            out.append((key, child))
        elif rest:
            out.append((key, without(child, rest, (at, key), reason, found)))
        else:
            found.append(Gone((at, key), reason, child, step == "*"))
    same = len(out) == len(pairs) and all(new[1] is old[1] for new, old in zip(out, pairs, strict=True))
    return value if same else like(value, out)


def without_all(value: Any, paths: Sequence[tuple[Path, str]], at: Trail, found: list[Gone]) -> Any:
    """`without` for several paths, each with the reason of its rule."""
    for path, reason in paths:
        value = without(value, path, at, reason, found)
    return value


def _children(value: Any, at: Trail, change: Callable[[Any, Trail], Any]) -> Any:
    """A list or an object with each of its values changed."""
    if isinstance(value, list):
        items = [change(item, (at, i)) for i, item in enumerate(value)]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    pairs = members(value)
    if pairs is None:
        return value
    out = [(key, change(child, (at, key))) for key, child in pairs]
    return value if all(new[1] is old[1] for new, old in zip(out, pairs, strict=True)) else like(value, out)


def in_text(
    text: str, paths: list[tuple[Path, str]], at: Trail, found: list[Gone], words: re.Pattern[str] | None = None
) -> str:
    """A text without what paths lead to in the JSON that it is, or that stands in it; the very same one where that is
    nothing. Of a key that stands twice both are taken out.

    Args:
        paths: each with the reason of its rule.
        words: what is taken out of a text that is more than one document.

    Raises:
        Hidden: see `without`.
    """
    bare = text.strip(AROUND)
    paths = [(path, reason) for path, reason in paths if may_hide(text, path)]
    if not paths:
        return text if words is None or begins(text) else words.sub(IN_WORDS, text)
    if begins(bare):
        try:
            value = strictjson.parse_text(bare)
        except strictjson.JsonError:
            pass
        else:
            cleaned = without_all(value, paths, at, found)
            return text if cleaned is value else strictjson.dumps(cleaned).decode()
    there = tuple(documents(text))
    if words is not None and not (len(there) == 1 and there[0][1] - there[0][0] == len(bare)):
        left = words.sub(IN_WORDS, text)
        text, there = left, there if left == text else tuple(documents(left))
    return _in_parts(text, there, paths, at, found)


def _in_parts(
    text: str, there: Sequence[tuple[int, int, Loose]], paths: list[tuple[Path, str]], at: Trail, found: list[Gone]
) -> str:
    """The same for a text that is not strict JSON as a whole."""
    pieces: list[str] = []
    between: list[str] = []
    past, broken = 0, False
    for start, end, value in there:
        count, said = len(found), text[start:end]
        try:
            cleaned: Loose = without_all(value, [one for one in paths if may_hide(said, one[0])], at, found)
            new = said if cleaned is value else written(cleaned)
        except RecursionError:  # too deep to be looked at: it is only a text
            del found[count:]
            continue
        before = text[past:start]
        broken = broken or any(match[1] for match in _OPEN.finditer(before))
        between += [before, new] if broken else [before]  # within something that cannot be read no path leads to it
        pieces += [before, new]
        past = end
    rest = " \ufffc ".join([*between, text[past:]]) if pieces else text
    if any(hides(rest, path) for path, _ in paths):
        raise Hidden("a text may hold a field that is to be removed, and is not JSON from which it could be taken out")
    out = "".join([*pieces, text[past:]])
    return text if out == text else out
