"""Takes fields out of a result by path: the structured form, and the JSON text that repeats it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.output import Detail
from mcp_gate.policy.read_output import OutputRule

REMOVED: Final = "field removed"


def remove(result: JsonObject, rules: Sequence[OutputRule]) -> tuple[JsonObject, list[Detail]]:
    """A copy of a result without the fields that the rules name, and what was taken out.

    Paths start at `structuredContent`, or at the JSON in a text: of a content block, a resource or a prompt's message.
    A text that repeats the structured form is cleaned with it and not counted again (contract 9, Output).
    """
    found: list[Detail] = []
    out = dict(result)
    structured = result.get("structuredContent")
    if isinstance(structured, (dict, list)):
        out["structuredContent"] = _clean(structured, rules, "response", found)
    told = [] if isinstance(structured, (dict, list)) else found  # a twin of the structured form is not counted again
    for member in ("content", "contents"):  # of a tool's result; of a resource
        if isinstance(result.get(member), list):
            out[member] = [_clean_block(block, rules, told) for block in result[member]]
    if isinstance(result.get("messages"), list):  # of a prompt
        out["messages"] = [_clean_message(message, rules, told) for message in result["messages"]]
    return (out, found) if found or out != result else (result, [])


def _clean_message(message: Json, rules: Sequence[OutputRule], found: list[Detail]) -> Json:
    if not isinstance(message, dict) or "content" not in message:
        return message
    content = message["content"]
    if isinstance(content, list):
        return {**message, "content": [_clean_block(block, rules, found) for block in content]}
    return {**message, "content": _clean_block(content, rules, found)}


def _clean_block(block: Json, rules: Sequence[OutputRule], found: list[Detail]) -> Json:
    if not isinstance(block, dict):
        return block
    if isinstance(block.get("resource"), dict):  # one that is embedded
        block = {**block, "resource": _clean_block(block["resource"], rules, found)}
    if not isinstance(block.get("text"), str):
        return block
    text = block["text"]
    if not text.lstrip().startswith(("{", "[")):
        return block
    try:
        value = strictjson.parse_upstream(text.encode("utf-8", "surrogatepass"))
    except strictjson.JsonError:
        return block
    before = len(found)
    cleaned = _clean(value, rules, "response", found)
    if len(found) == before and cleaned == value:
        return block
    return {**block, "text": strictjson.dumps(cleaned).decode()}


def _clean(value: Json, rules: Sequence[OutputRule], at: str, found: list[Detail]) -> Json:
    for rule in rules:
        for path in rule.paths:
            value = _without(value, path, at, rule.reason, found)
    return value


def _without(value: Json, path: tuple[str, ...], at: str, reason: str, found: list[Detail]) -> Json:
    step, rest = path[0], path[1:]
    if step == "**":
        if rest:
            value = _without(value, rest, at, reason, found)
        return _below(value, path, at, reason, found)
    if isinstance(value, list):
        if step == "[*]" and rest:
            return [_without(item, rest, f"{at}[{i}]", reason, found) for i, item in enumerate(value)]
        if step == "[*]":
            found.extend(Detail(f"{at}[{i}]", reason, REMOVED) for i in range(len(value)))
            return []
        return value
    if not isinstance(value, dict):
        return value
    out: JsonObject = {}
    for key, child in value.items():
        if step not in (key, "*"):
            out[key] = child
        elif rest:
            out[key] = _without(child, rest, f"{at}.{key}", reason, found)
        else:
            found.append(Detail(f"{at}.{key}", reason, REMOVED))
    return out


def _below(value: Json, path: tuple[str, ...], at: str, reason: str, found: list[Detail]) -> Json:
    """Apply a path that starts with `**` to everything inside `value`."""
    if isinstance(value, dict):
        return {key: _without(child, path, f"{at}.{key}", reason, found) for key, child in value.items()}
    if isinstance(value, list):
        return [_without(item, path, f"{at}[{i}]", reason, found) for i, item in enumerate(value)]
    return value
