"""What in a tool's schemas would make its readers do more than read. The gate itself never resolves anything."""

from __future__ import annotations

from typing import Final

from mcp_gate.model.foreign import Json, JsonObject

SCHEMAS: Final = ("inputSchema", "outputSchema")
REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")


def leads_elsewhere(definition: JsonObject) -> bool:
    """Whether a reference in a tool's schemas leads out of them: a client that resolved it would fetch what the
    upstream chose, from where the client stands."""
    left: list[Json] = [definition.get(name) for name in SCHEMAS]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            if any(isinstance(found := node.get(name), str) and found[:1] not in ("#", "") for name in REFERENCES):
                return True
            left += node.values()
        elif isinstance(node, list):
            left += node
    return False
