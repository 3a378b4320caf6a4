"""Takes fields out of a payload by path: of the structured form, of the JSON in texts, and of what is said beside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.output.exact import MOST_VALUES, SHORTEST, any_of
from mcp_gate.output.hiding import Path
from mcp_gate.output.paths import Gone, in_text, without_all
from mcp_gate.output.walked import STRUCTURED
from mcp_gate.policy.read_output import OutputRule

UNSAID: Final = "Not for agents"
"""The reason of a rule that gives none."""
_ROOT: Final = (None, STRUCTURED)
_WORDED: Final = frozenset({"message", "statusMessage"})
_OF_RESULTS: Final = frozenset({"content", STRUCTURED, "isError", "_meta", "resultType", "task"})
_WRAPPED: Final = "result"
"""Where servers put a result that is not an object."""
Paths = list[tuple[Path, str]]


def remove(result: JsonObject, rules: Sequence[OutputRule]) -> tuple[JsonObject, list[Gone]]:
    """A copy of a payload without the fields that the rules name, and what was taken out.

    Paths start at `structuredContent`, or at the JSON in a text: of a content block, a resource or a prompt's message;
    of an error and of a log message at its `data`; in what errors, progress and questions say in words. Those that
    begin with `**` go through `_meta`, annotations and members of a result that the protocol does not know as well.
    A text that repeats the structured form is cleaned with it and not counted again (contract 9, Output).

    Raises:
        Hidden: there may be a field to take out of a text that it cannot be taken out of.
        RecursionError: it is too deep.
    """
    paths = [(path, rule.reason or UNSAID) for rule in rules for written in rule.paths for path in _ended(written)]
    found: list[Gone] = []
    out = dict(result)
    structured = result.get(STRUCTURED)
    if isinstance(structured, (dict, list, str)):
        out[STRUCTURED] = _data(structured, paths, found)
    told = [] if STRUCTURED in result else found  # a twin of the structured form is not counted again
    words = _words(found, out.get(STRUCTURED))
    for member in ("content", "contents"):  # of a tool's result; of a resource
        if isinstance(result.get(member), list):
            out[member] = [_block(block, paths, told, words) for block in result[member]]
    if isinstance(result.get("messages"), list):  # of a prompt
        out["messages"] = [_message(message, paths, told) for message in result["messages"]]
    if ("code" in result or "level" in result) and "data" in result:  # of an error, of a log message
        out["data"] = without_all(result["data"], paths, (None, "data"), found)
    for member in _WORDED.intersection(result):
        if isinstance(result[member], str):
            out[member] = in_text(result[member], paths, (None, member), found)
    out = _beside(out, paths, found)
    if "content" in result or STRUCTURED in result:
        out = _odd(out, paths, found)
    return (out, found) if found or out != result else (result, [])


def _ended(path: Path) -> Iterator[Path]:
    """A path that ends in `**`, which is any depth and none, as paths that end in what they take out."""
    while len(path) > 1 and path[-1] == "**":
        path = path[:-1]
    yield from (("*",), ("[*]",)) if path == ("**",) else (path,)


def _data(structured: Json, paths: Paths, found: list[Gone]) -> Json:
    out = without_all(structured, paths, _ROOT, found)
    if isinstance(out, dict) and out.keys() == {_WRAPPED} and isinstance(out[_WRAPPED], str):
        text = in_text(out[_WRAPPED], paths, (_ROOT, _WRAPPED), found)
        out = out if text is out[_WRAPPED] else {_WRAPPED: text}
    return out


def _beside(holder: JsonObject, paths: Paths, found: list[Gone]) -> JsonObject:
    """Without the fields in its `_meta` and annotations that may stand at any depth."""
    for member in ("_meta", "annotations"):
        said = holder.get(member)
        if isinstance(said, dict):
            left = without_all(said, _anywhere(paths), (None, member), found)
            holder = holder if left is said else {**holder, member: left}
    return holder


def _odd(result: JsonObject, paths: Paths, found: list[Gone]) -> JsonObject:
    """Without the fields that may stand at any depth among members that a tool's result has beyond the protocol."""
    odd = {name: value for name, value in result.items() if name not in _OF_RESULTS}
    left = without_all(odd, _anywhere(paths), None, found)
    return result if left is odd else {k: left.get(k, v) for k, v in result.items() if k in left or k not in odd}


def _anywhere(paths: Paths) -> Paths:
    return [(path, reason) for path, reason in paths if path[0] == "**"]


def _message(message: Json, paths: Paths, found: list[Gone]) -> Json:
    if not isinstance(message, dict) or "content" not in message:
        return message
    content = message["content"]
    if isinstance(content, list):
        return {**message, "content": [_block(block, paths, found) for block in content]}
    return {**message, "content": _block(content, paths, found)}


def _words(found: Sequence[Gone], left: Json) -> re.Pattern[str] | None:
    """Finds what was taken out of the structured form, and is no longer in it, where a text tells it in words."""
    there = set(_said([left]))
    gone = dict.fromkeys(said for said in _said(one.value for one in found) if said not in there)
    return any_of(list(gone)[:MOST_VALUES]) if gone else None


def _said(values: Iterable[Json]) -> Iterator[str]:
    """Texts and numbers in some values that are long enough to be known again."""
    stack = list(values)
    while stack:
        value = stack.pop()
        if isinstance(value, (dict, list)):
            stack.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, (str, int, float)) and len(said := str(value).strip()) >= SHORTEST:
            yield said


def _block(block: Json, paths: Paths, found: list[Gone], words: re.Pattern[str] | None = None) -> Json:
    if not isinstance(block, dict):
        return block
    block = _beside(block, paths, found)
    if isinstance(block.get("resource"), dict):  # one that is embedded
        block = {**block, "resource": _block(block["resource"], paths, found, words)}
    if not isinstance(block.get("text"), str):
        return block
    text = in_text(block["text"], paths, _ROOT, found, words)
    return block if text == block["text"] else {**block, "text": text}
