"""`upstreams.yaml`."""

from __future__ import annotations

from typing import Final

from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.clauses import GATE_ATTRIBUTES
from mcp_gate.policy.read_detection import NAME as ENTITY
from mcp_gate.policy.read_mapping import ASKS, ATTRIBUTE, NAME, TOPIC
from mcp_gate.policy.read_upstreams import HEADER_NAME, PREFIX, UPSTREAM_ID, VARIABLE_NAME
from mcp_gate.policy.schema.parts import (
    SHARED,
    TAGS,
    VERSION,
    block,
    described,
    document,
    each,
    free,
    one_of,
    ref,
    text,
    truth,
)

_ANY: Final[JsonObject] = {"type": "string"}
_PLAIN: Final[JsonObject] = {"type": ["string", "number", "boolean"]}
"""Taken as the text that it is written as."""


def upstreams_schema() -> JsonObject:
    """For the whole file."""
    servers = free(ref("upstream"), "The MCP servers behind the gate, by id.", UPSTREAM_ID.pattern)
    body = block({"version": VERSION, "upstreams": {**servers, "minProperties": 1}}, ("version", "upstreams"))
    upstream = {"oneOf": [_child(), _remote()]}
    definitions = {"tag": SHARED["tag"], "tool": _mapping(tool=True), "other": _mapping(tool=False)}
    return document("upstreams.yaml", body, {**definitions, "upstream": upstream})


def _child() -> JsonObject:
    sandbox = block({"network": one_of(["allowlist"]), "enforcement": one_of(["strict", "advisory"])})
    variables = free(
        _PLAIN, "Only these reach the child; ${env:NAME} is expanded when it starts.", VARIABLE_NAME.pattern
    )
    members = {
        "command": text(), "args": each(_PLAIN), "env": variables, "sandbox": sandbox,
        "cwd": text("Where it starts; counted from the gate directory, which is the default."),
        "pin_program": truth("Start it only while its files are those that were accepted: the first start accepts."),
        "pin_except": each(text("An argument of args that names data, not a part of the program.")),
    }  # fmt: skip
    return block({**members, **_common()}, ("command",), "A server on standard input and output.")


def _remote() -> JsonObject:
    members = {"url": text("", "https?://.+"), "headers": free(_ANY, names=HEADER_NAME.pattern)}
    return block({**members, **_common()}, ("url",), "A server over streamable HTTP.")


def _common() -> JsonObject:
    return {
        "prefix": described("Of listed names; <id>_ unless written.", {**_ANY, "pattern": f"^{PREFIX.pattern}$"}),
        "tools": free(ref("tool"), "By the upstream's own name or a glob; exact names first, then globs in order."),
        "resources": ref("other"),
        "prompts": ref("other"),
    }


def _mapping(*, tool: bool) -> JsonObject:
    taken = "|".join(sorted(GATE_ATTRIBUTES))
    added = block({"when": text("A condition over args and attributes."), "add": TAGS}, ("when", "add"))
    members = {
        "topic": text("Words joined by dots; {tool} stands for the tool's name.", TOPIC),
        "risk_tags": each(ref("tag")),
        "attributes": free(
            text("args.amount, or count(args.to).", ATTRIBUTE),
            "Numbers and texts that rules look at.",
            f"(?!(?:{taken})$){NAME.pattern}",
        ),
        "tag_when": each(added, "Tags added where a condition holds or cannot be told."),
    }
    members["accepts"] = each(
        text("An entity.", ENTITY), "Entities whose tokens are put back in the arguments right before they are sent."
    )
    members["taint"] = truth("What its results say nobody vouches for: later calls of the session are tainted.")
    if tool:
        members["ask"] = each(one_of(ASKS), "Adds optional gate_confidence and gate_reason to the listed schema.")
    return block(members, ("topic",))
