"""What a job is: topic, tags and attributes, by the admin's mapping and the arguments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal

from mcp_gate.lang.conditions import Truth
from mcp_gate.model.call import UNKNOWN, Attribute, Description
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.mapping import Count, ToolMapping, Value


def describe(loaded: Loaded, upstream: str, tool: str, method: str, arguments: JsonObject) -> Description:
    """Describe a job.

    Args:
        tool: the upstream's own name of a tool or prompt, or the URI of a resource.
        method: the MCP method; `resources/*` and `prompts/*` have mappings of their own, `completion/complete` takes
            that of what it completes.
    """
    kind = _kind(method, arguments)
    mapping = loaded.mappings[upstream].of(tool, kind)
    if mapping is None:
        return Description(f"unmapped.{upstream}.{_segment(tool)}", frozenset({"unmapped"}), {}, unmapped=True)
    topic = mapping.topic.replace("{tool}", _segment(tool)) if "{tool}" in mapping.topic else mapping.topic
    if not mapping.attributes and not mapping.tag_when:
        return Description(topic, mapping.risk_tags)
    attributes = {name: _attribute(source, arguments) for name, source in mapping.attributes.items()}
    return Description(topic, _tags(mapping, arguments, attributes), attributes)


def standing(loaded: Loaded, upstream: str, tool: str, method: str) -> Description:
    """What holds of every call of a tool, whatever its arguments: the tags that arguments add are left out."""
    mapping = loaded.mappings[upstream].of(tool, method)
    if mapping is None:
        return describe(loaded, upstream, tool, method, {})
    return Description(mapping.topic.replace("{tool}", _segment(tool)), mapping.risk_tags)


def _kind(method: str, arguments: JsonObject) -> str:
    """The method whose mapping applies."""
    if method != "completion/complete":
        return method
    ref = arguments.get("ref")
    kind = ref.get("type") if isinstance(ref, dict) else None
    return "prompts/get" if kind == "ref/prompt" else "resources/read"


def _segment(tool: str) -> str:
    """A tool's name as one part of a topic: a dot in it would make it another topic."""
    return tool.replace(".", "-")


def _tags(mapping: ToolMapping, arguments: JsonObject, attributes: Mapping[str, Attribute]) -> frozenset[str]:
    """A condition that cannot be told adds its tags: never less strict than if it held."""
    tags = mapping.risk_tags
    for entry in mapping.tag_when:
        held = entry.when.holds({"args": arguments, "attributes": attributes, "call": {}})
        if held is not Truth.FALSE:
            tags = tags | entry.add
    return tags


def _attribute(source: Value | Count, arguments: JsonObject) -> Attribute:
    found: Json = arguments
    for part in source.path:
        if not isinstance(found, dict) or part not in found:
            return UNKNOWN
        found = found[part]
    if isinstance(source, Count):
        return _count(found)
    if isinstance(found, (bool, str, int)):
        return found
    if isinstance(found, float) and math.isfinite(found):
        return Decimal(repr(found))
    return UNKNOWN


def _count(found: Json) -> Attribute:
    """How many items; one for a single text. Nothing else can be counted."""
    if isinstance(found, list):
        return len(found)
    return 1 if isinstance(found, str) else UNKNOWN
