"""Arguments that a reviewer writes in place of an agent's."""

from __future__ import annotations

from mcp_gate.cli.options import Exit, leave
from mcp_gate.lang import strictjson
from mcp_gate.lang.difference import ABSENT, differences
from mcp_gate.lang.reveal import reveal, reveal_json
from mcp_gate.model.foreign import JsonObject


def parsed(text: str) -> JsonObject:
    """The arguments in an option; what is no JSON object ends the command."""
    try:
        value = strictjson.parse(text.encode("utf-8", "surrogateescape"))
    except strictjson.JsonError as e:
        leave(Exit.USAGE, f"--args: {e}")
    if not isinstance(value, dict):
        leave(Exit.USAGE, "--args: the arguments of a call are a JSON object")
    return value


def changes(request: JsonObject, wanted: JsonObject) -> str:
    """What is changed, place by place, for a terminal."""
    lines = ["", "What you change"]
    for place in differences(request["call"]["arguments"], wanted):
        before, after = (_value(value) for value in (place.before, place.after))
        lines.append(f"  {reveal(place.pointer) or '(all of it)'}: {before} → {after}")
    return "\n".join(lines if len(lines) > 2 else [*lines, "  nothing"])


def _value(value: object) -> str:
    return "(nothing)" if value is ABSENT else reveal_json(value, indent=0).replace("\n", " ")
