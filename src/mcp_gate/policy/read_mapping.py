"""Reads what upstreams.yaml says of tools, resources and prompts."""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.lang.conditions import paths
from mcp_gate.lang.globs import compile_glob, is_literal
from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node
from mcp_gate.model.config import Place
from mcp_gate.policy.clauses import GATE_ATTRIBUTES
from mcp_gate.policy.mapping import Count, TagWhen, ToolMapping, UpstreamMapping, Value
from mcp_gate.policy.read_detection import NAME as ENTITY
from mcp_gate.policy.read_match import read_condition, read_tag

TOPIC: Final = re.compile(r"(?:[A-Za-z0-9_-]|\{tool\})+(?:\.(?:[A-Za-z0-9_-]|\{tool\})+)*")
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
PATH: Final = r"args(?:\.[A-Za-z0-9_-]+)+"
ATTRIBUTE: Final = re.compile(rf"count\(\s*(?P<counted>{PATH})\s*\)|(?P<path>{PATH})")
CONDITION_ROOTS: Final = frozenset({"args", "attributes"})
MAPPING_KEYS: Final = frozenset({"topic", "risk_tags", "attributes", "tag_when", "ask", "taint", "accepts"})
ASKS: Final = {"confidence": "confidence", "reason": "reason"}
GENERIC: Final = frozenset(
    {
        "batch", "bulk", "command", "eval", "exec", "execute", "invoke", "manage", "query", "request", "run", "shell",
        "sql",
    }
)  # fmt: skip
"""Words in the names of tools whose arguments say what is done."""


def read_mapping(reader: Reader, block: Mapping_) -> UpstreamMapping:
    """The sections `tools`, `resources` and `prompts` of one upstream."""
    tools: dict[str, ToolMapping] = {}
    globs = []
    for name, place, body in reader.entries(block.entries.get("tools"), "a mapping of tools"):
        mapping = _tool(reader, body, MAPPING_KEYS)
        if not name:
            reader.error(place, "a tool needs a name", "write the upstream's own name of the tool, or a glob")
        elif mapping is not None and is_literal(name):
            tools[name] = mapping
            _suspect_generic(reader, name, place, mapping)
        elif mapping is not None:
            globs.append((compile_glob(name), mapping))
    others = {
        kind: None if kind not in block.entries else _tool(reader, block.entries[kind], MAPPING_KEYS - {"ask"})
        for kind in ("resources", "prompts")
    }
    return UpstreamMapping(tools, tuple(globs), others["resources"], others["prompts"])


def _tool(reader: Reader, node: Node, keys: frozenset[str]) -> ToolMapping | None:
    block = reader.mapping(node, keys, "a mapping with topic and risk_tags")
    if block is None:
        return None
    get = block.entries.get
    topic = read_topic(reader, reader.need(block, "topic", "add topic: job.area.action"))
    tags = reader.each(get("risk_tags"), lambda item: read_tag(reader, item))
    attributes = _attributes(reader, get("attributes"))
    tag_when = reader.each(get("tag_when"), lambda item: _tag_when(reader, item, frozenset(attributes)))
    ask = reader.each(get("ask"), lambda item: reader.one_of(item, ASKS, "confidence or reason"))
    taint = reader.boolean(get("taint")) or False
    accepts = frozenset(reader.each(get("accepts"), lambda item: reader.name(item, ENTITY, "an entity")))
    if topic is None:
        return None
    return ToolMapping(topic, frozenset(tags), attributes, tag_when, tuple(dict.fromkeys(ask)), accepts, taint)


def read_topic(reader: Reader, node: Node | None) -> str | None:
    """A topic, which may hold `{tool}`."""
    text = reader.text(node, "a topic")
    if node is not None and text is not None and not TOPIC.fullmatch(text):
        reader.error(node.place, f"'{reveal(text)}' is not a topic", "write words of letters and digits joined by dots")
        return None
    return text


def _attributes(reader: Reader, node: Node | None) -> dict[str, Value | Count]:
    out: dict[str, Value | Count] = {}
    for name, place, value in reader.entries(node, "a mapping of attributes"):
        text = reader.text(value, "a path")
        found = ATTRIBUTE.fullmatch(text or "")
        if not NAME.fullmatch(name):
            reader.error(place, f"'{reveal(name)}' is not an attribute name", f"use {NAME.pattern}")
        elif name in GATE_ATTRIBUTES:
            reader.error(place, f"the gate itself supplies '{name}', whatever arguments say", "choose another name")
        elif text is not None and found is None:
            reader.error(value.place, f"'{reveal(text)}' is not a path", "write args.amount or count(args.to)")
        elif found is not None and found["counted"]:
            out[name] = Count(tuple(found["counted"].split(".")[1:]))
        elif found is not None:
            out[name] = Value(tuple(found["path"].split(".")[1:]))
    return out


def _tag_when(reader: Reader, node: Node, declared: frozenset[str]) -> TagWhen | None:
    block = reader.mapping(node, {"when", "add"}, "a block with when and add")
    if block is None:
        return None
    when = read_condition(reader, reader.need(block, "when", "add the condition"), CONDITION_ROOTS, near=True)
    add = reader.each(reader.need(block, "add", "add the tags"), lambda item: read_tag(reader, item))
    if not add and "add" in block.entries:
        reader.error(block.entries["add"].place, "'add' names no tag", "name the tags to add")
    for path in paths(when.tree) if when is not None else ():
        name = str(path.parts[1]) if path.parts[0] == "attributes" and len(path.parts) > 1 else ""
        if name and name not in declared:
            place = block.entries["when"].place
            reader.warn(place, f"this tool has no attribute '{reveal(name)}': the tags are always added", "declare it")
    return None if when is None else TagWhen(when, frozenset(add))


def _suspect_generic(reader: Reader, name: str, place: Place, mapping: ToolMapping) -> None:
    words = GENERIC & set(re.split(r"[_.-]", name.lower()))
    if words and not mapping.tag_when:
        reader.warn(
            place, f"by its name the arguments of '{reveal(name)}' say what is done, and nothing here looks at them",
            "add tag_when, or hold every call of it",
        )  # fmt: skip
