"""Whether a held call's tool is still defined as it was when the call was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from mcp_gate.model.call import Call
from mcp_gate.upstream.catalog import Tool, Withheld

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


def accepted_hash(gate: Gate, call: Call) -> str | None:
    """The digest of the tool's accepted definition as of now; "" for a withheld tool, which has none, and None where
    the upstream was not asked yet."""
    if call.method != "tools/call":
        return call.tool_hash
    found = gate.catalog.lookup(call.listed_name)
    match found:
        case Tool():
            return found.tool_hash
        case Withheld():
            return ""
        case None:
            return None
        case _:
            assert_never(found)


def tool_changed(gate: Gate, call: Call) -> bool:
    """Whether the definition that a call was made by is not the accepted one any more."""
    return accepted_hash(gate, call) not in (None, call.tool_hash)
