"""What a job is: topic, tags and attributes, by the admin's mapping and the arguments."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from mcp_gate.lang.conditions import Truth
from mcp_gate.lang.evaluate import MISSING, member
from mcp_gate.model.call import UNKNOWN, Attribute, Description
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.policy.clauses import Subject
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.mapping import AMOUNTS, Count, ToolMapping, Value

SEVERAL: Final = re.compile(r"[,;|\n\r\t\v\f\x85\u2028\u2029\u3001]|@.*@")
"""What may part several values in one text, or shows that there are several."""


def describe(loaded: Loaded, upstream: str, tool: str, method: str, arguments: JsonObject) -> Description:
    """Describe a job.

    Args:
        tool: the upstream's own name of a tool or prompt, or the URI of a resource.
        method: the MCP method; `resources/*` and `prompts/*` have mappings of their own, `completion/complete` takes
            that of what it completes.
    """
    mapping = loaded.mappings[upstream].of(tool, _family(method, arguments))
    if mapping is None:
        return _unmapped(upstream, tool)
    topic = _topic(mapping, tool)
    if not mapping.attributes and not mapping.tag_when:
        return Description(topic, mapping.risk_tags)
    attributes = {name: _attribute(name, source, arguments) for name, source in mapping.attributes.items()}
    tags, unsure = _tags(mapping, arguments, attributes)
    return Description(topic, tags, attributes, unsure=unsure)


def always_denied(loaded: Loaded, agent: str, upstream: str, tool: str, method: str, level: int = 0) -> bool:
    """Whether every call of a tool, resource or prompt by this agent is denied, whatever its arguments.

    Args:
        method: `tools/call`, `resources/read` or `prompts/get`.
        level: the agent's autonomy level.
    """
    mapping = loaded.mappings[upstream].of(tool, method)
    if mapping is None:
        told, varies = _unmapped(upstream, tool), False
    else:
        told, varies = Description(_topic(mapping, tool), mapping.risk_tags), bool(mapping.tag_when)
    return loaded.policy.always_denied(Subject(agent, upstream, tool, told.topic, told.risk_tags), varies, level)


def _family(method: str, arguments: JsonObject) -> str:
    """The method whose mapping applies."""
    if method != "completion/complete":
        return method
    ref = arguments.get("ref")
    kind = ref.get("type") if isinstance(ref, dict) else None
    return "prompts/get" if kind == "ref/prompt" else "resources/read"


def _unmapped(upstream: str, tool: str) -> Description:
    return Description(f"unmapped.{upstream}.{_segment(tool)}", frozenset({"unmapped"}), {}, unmapped=True)


def _topic(mapping: ToolMapping, tool: str) -> str:
    return mapping.topic.replace("{tool}", _segment(tool)) if "{tool}" in mapping.topic else mapping.topic


def _segment(tool: str) -> str:
    """A tool's name as one part of a topic: a dot in it would make it another topic."""
    return tool.replace(".", "-")


def _tags(
    mapping: ToolMapping, arguments: JsonObject, attributes: Mapping[str, Attribute]
) -> tuple[frozenset[str], frozenset[str]]:
    """All tags, and those of them that only conditions add which cannot be told."""
    tags, maybe = mapping.risk_tags, frozenset[str]()
    for entry in mapping.tag_when:
        match entry.when.holds({"args": arguments, "attributes": attributes}):
            case Truth.TRUE:
                tags |= entry.add
            case Truth.UNKNOWN:
                maybe |= entry.add
            case Truth.FALSE:
                pass
    return tags | maybe, maybe - tags


def _attribute(name: str, source: Value | Count, arguments: JsonObject) -> Attribute:
    found: Json = arguments
    for part in source.path:
        found = member(found, part) if isinstance(found, dict) else MISSING
        if found is MISSING or found is UNKNOWN:
            return UNKNOWN
    value = _count(found) if isinstance(source, Count) else _value(found)
    return UNKNOWN if name in AMOUNTS and not _is_amount(value) else value


def _value(found: Json) -> Attribute:
    if isinstance(found, (bool, str, int)):
        return found
    return Decimal(repr(found)) if isinstance(found, float) and math.isfinite(found) else UNKNOWN


def _is_amount(value: Attribute) -> bool:
    """Less than nothing is none: minus 5,000 is not small."""
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool) and value >= 0


def _count(found: Json) -> Attribute:
    """How many items; one for a single text. What may hold several in one cannot be counted."""
    items = found if isinstance(found, list) else [found] if isinstance(found, str) else None
    if items is None or any(_holds_several(item) for item in items):
        return UNKNOWN
    return len(items)


def _holds_several(item: Json) -> bool:
    match item:
        case str():
            return SEVERAL.search(unicodedata.normalize("NFKC", item)) is not None
        case dict():
            return any(isinstance(value, list) and len(value) > 1 for value in item.values())
        case _:
            return isinstance(item, list)
