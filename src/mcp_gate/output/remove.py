"""Takes fields out of a result by path: the structured form, and the JSON text that repeats it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.output import Detail
from mcp_gate.output.fields import field_of
from mcp_gate.output.walk import STRUCTURED, Trail
from mcp_gate.policy.read_output import OutputRule

REMOVED: Final = "field removed"
IN_WORDS: Final = "[REMOVED]"
"""Stands in a text for what a field held that was taken out of the structured form."""
SHORTEST: Final = 5
MOST_VALUES: Final = 256
_ROOT: Final = (None, STRUCTURED)
_AROUND: Final = " \t\r\n\v\f\u00a0\ufeff"
"""What a reader of JSON looks past, or is used to."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A field that was taken out."""

    trail: Trail
    reason: str
    value: Json
    """What stood there; not told."""

    def detail(self, private: Mapping[Trail, str]) -> Detail:
        """
        Args:
            private: as `renamed` of `field_of`.
        """
        return Detail(field_of(self.trail, private), self.reason, REMOVED)


def remove(result: JsonObject, rules: Sequence[OutputRule]) -> tuple[JsonObject, list[Gone]]:
    """A copy of a result without the fields that the rules name, and what was taken out.

    Paths start at `structuredContent`, or at the JSON in a text: of a content block, a resource or a prompt's message.
    A text that repeats the structured form is cleaned with it and not counted again (contract 9, Output).

    Raises:
        ValueError: there is a field to take out of a text that cannot be written again, or nobody can tell.
    """
    found: list[Gone] = []
    out = dict(result)
    structured = result.get(STRUCTURED)
    if isinstance(structured, (dict, list)):
        out[STRUCTURED] = _clean(structured, rules, found)
    told = [] if isinstance(structured, (dict, list)) else found  # a twin of the structured form is not counted again
    words = _words(found, out.get(STRUCTURED))
    for member in ("content", "contents"):  # of a tool's result; of a resource
        if isinstance(result.get(member), list):
            out[member] = [_clean_block(block, rules, told, words) for block in result[member]]
    if isinstance(result.get("messages"), list):  # of a prompt
        out["messages"] = [_clean_message(message, rules, told) for message in result["messages"]]
    return (out, found) if found or out != result else (result, [])


def _clean_message(message: Json, rules: Sequence[OutputRule], found: list[Gone]) -> Json:
    if not isinstance(message, dict) or "content" not in message:
        return message
    content = message["content"]
    if isinstance(content, list):
        return {**message, "content": [_clean_block(block, rules, found) for block in content]}
    return {**message, "content": _clean_block(content, rules, found)}


def _words(found: Sequence[Gone], left: Json) -> re.Pattern[str] | None:
    """Finds what was taken out of the structured form, and is no longer in it, where a text tells it in words."""
    there = set(_said([left]))
    gone = dict.fromkeys(said for said in _said(one.value for one in found) if said not in there)
    longest_first = sorted(list(gone)[:MOST_VALUES], key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)") if gone else None


def _said(values: Iterable[Json]) -> Iterator[str]:
    """Texts and numbers in some values that are long enough to be known again."""
    stack = list(values)
    while stack:
        value = stack.pop()
        if isinstance(value, (dict, list)):
            stack.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, (str, int, float)) and len(said := str(value).strip()) >= SHORTEST:
            yield said


def _clean_block(
    block: Json, rules: Sequence[OutputRule], found: list[Gone], words: re.Pattern[str] | None = None
) -> Json:
    if not isinstance(block, dict):
        return block
    if isinstance(block.get("resource"), dict):  # one that is embedded
        block = {**block, "resource": _clean_block(block["resource"], rules, found, words)}
    if not isinstance(block.get("text"), str):
        return block
    value = _json_of(block["text"].strip(_AROUND))
    if value is None:
        return block if words is None else {**block, "text": words.sub(IN_WORDS, block["text"])}
    before = len(found)
    cleaned = _clean(value, rules, found)
    if len(found) == before and cleaned == value:
        return block
    return {**block, "text": strictjson.dumps(cleaned).decode()}


def _json_of(text: str) -> Json:
    """The object or list that a text is, also one with NaN or of any depth, which many readers take; or None.

    Raises:
        ValueError: a key stands twice, and readers differ in what it says.
    """
    if not text.startswith(("{", "[")):
        return None
    try:
        return strictjson.parse_upstream(text.encode("utf-8", "surrogatepass"))
    except strictjson.JsonError:
        pass
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError:
        return None


def _once(pairs: list[tuple[str, Json]]) -> JsonObject:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return out


def _clean(value: Json, rules: Sequence[OutputRule], found: list[Gone]) -> Json:
    for rule in rules:
        for path in rule.paths:
            value = _without(value, path, _ROOT, rule.reason, found)
    return value


def _without(value: Json, path: tuple[str, ...], at: Trail, reason: str, found: list[Gone]) -> Json:
    step, rest = path[0], path[1:]
    if step == "**":
        if rest:
            value = _without(value, rest, at, reason, found)
        return _below(value, path, at, reason, found)
    if isinstance(value, list):
        if step == "[*]" and rest:
            return [_without(item, rest, (at, i), reason, found) for i, item in enumerate(value)]
        if step == "[*]":
            found.extend(Gone((at, i), reason, item) for i, item in enumerate(value))
            return []
        return value
    if not isinstance(value, dict):
        return value
    out: JsonObject = {}
    for key, child in value.items():
        if step not in (key, "*"):
            out[key] = child
        elif rest:
            out[key] = _without(child, rest, (at, key), reason, found)
        else:
            found.append(Gone((at, key), reason, child))
    return out


def _below(value: Json, path: tuple[str, ...], at: Trail, reason: str, found: list[Gone]) -> Json:
    """Apply a path that starts with `**` to everything inside `value`."""
    if isinstance(value, dict):
        return {key: _without(child, path, (at, key), reason, found) for key, child in value.items()}
    if isinstance(value, list):
        return [_without(item, path, (at, i), reason, found) for i, item in enumerate(value)]
    return value
