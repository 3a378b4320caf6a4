"""Reads upstreams.yaml (contract 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from mcp_gate.lang.globs import compile_glob, is_literal
from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node, Scalar
from mcp_gate.model.config import Place, UpstreamSpec
from mcp_gate.policy.mapping import Count, TagWhen, ToolMapping, UpstreamMapping, Value
from mcp_gate.policy.read_match import ROOTS, read_condition, read_tag

UPSTREAM_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{0,64}")
TOPIC: Final = re.compile(r"(?:[A-Za-z0-9_-]|\{tool\})+(?:\.(?:[A-Za-z0-9_-]|\{tool\})+)*")
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
ATTRIBUTE: Final = re.compile(
    r"count\(\s*(?P<counted>args(?:\.[A-Za-z0-9_-]+)+)\s*\)|(?P<path>args(?:\.[A-Za-z0-9_-]+)+)"
)
UPSTREAM_KEYS: Final = frozenset(
    {"command", "args", "env", "url", "headers", "prefix", "cwd", "sandbox", "tools", "resources", "prompts"}
)
MAPPING_KEYS: Final = frozenset({"topic", "risk_tags", "attributes", "tag_when", "ask"})
ASKS: Final = {"confidence": "confidence", "reason": "reason"}


@dataclass(frozen=True, slots=True)
class Upstreams:
    specs: dict[str, UpstreamSpec]
    mappings: dict[str, UpstreamMapping]
    places: dict[str, Place]


def read_upstreams(reader: Reader, root: Mapping_) -> Upstreams:
    """The whole file."""
    reader.mapping(root, {"version", "upstreams"})
    read_version(reader, root)
    out = Upstreams({}, {}, {})
    node = reader.need(root, "upstreams", "add 'upstreams:' with at least one MCP server")
    for id_, place, body in reader.entries(node, "a mapping of upstreams"):
        if not UPSTREAM_ID.fullmatch(id_):
            reader.error(place, f"'{reveal(id_)}' is no upstream id", f"use {UPSTREAM_ID.pattern}")
            continue
        block = reader.mapping(body, UPSTREAM_KEYS, "an upstream")
        if block is not None:
            out.specs[id_] = _spec(reader, id_, block)
            out.mappings[id_] = _mapping(reader, block)
            out.places[id_] = place
    if isinstance(node, Mapping_) and not node.entries:
        reader.error(node.place, "there is no upstream", "add at least one MCP server")
    _distinct_prefixes(reader, out)
    return out


def read_version(reader: Reader, root: Mapping_, *, required: bool = True) -> None:
    """`version: v1`, the only one there is."""
    node = root.entries.get("version")
    if node is None and required:
        reader.error(root.place, "'version' is missing", "add 'version: v1'")
    reader.one_of(node, {"v1": 1}, "a version this gate knows")


def _spec(reader: Reader, id_: str, block: Mapping_) -> UpstreamSpec:
    get = block.entries.get
    command, url = reader.text(get("command"), "a command"), reader.text(get("url"), "a URL")
    if (command is None) == (url is None):
        reader.error(block.place, "an upstream needs either 'command' or 'url'", "write exactly one of them")
    for key in ("args", "env", "cwd", "sandbox") if url is not None else ("headers",):
        if key in block.keys:
            reader.error(block.keys[key], f"'{key}' does not go with {'url' if url else 'command'}", "remove it")
    if url is not None:
        _check_url(reader, get("url"), url)
    prefix = get("prefix")
    return UpstreamSpec(
        id=id_,
        prefix=f"{id_}_" if prefix is None else _prefix(reader, prefix),
        command=command,
        args=reader.each(get("args"), _argument(reader)),
        env=_texts(reader, get("env"), "environment variables"),
        url=url,
        headers=_texts(reader, get("headers"), "headers"),
        cwd=reader.text(get("cwd"), "a directory"),
        sandbox=_sandbox(reader, get("sandbox")),
    )


def _argument(reader: Reader):  # type: ignore[no-untyped-def]  # a closure over the reader, typed by its use
    def read(node: Node) -> str | None:
        if isinstance(node, Scalar) and node.quoted:
            return node.text  # an argument may be empty
        return reader.text(node, "an argument")

    return read


def _prefix(reader: Reader, node: Node) -> str:
    if isinstance(node, Scalar) and PREFIX.fullmatch(node.text) and (node.text or node.quoted):
        return node.text
    reader.error(node.place, "this is no prefix", f'use {PREFIX.pattern}; "" keeps the upstream\'s own names')
    return ""


def _check_url(reader: Reader, node: Node | None, url: str) -> None:
    parts = urlsplit(url)
    if node is not None and (parts.scheme not in ("http", "https") or not parts.hostname):
        reader.error(node.place, f"'{reveal(url)}' is no http(s) URL", "write https://host/mcp")
    elif node is not None and (parts.username or parts.password):
        reader.error(node.place, "the URL holds credentials", "put them into headers: with ${env:NAME}")


def _texts(reader: Reader, node: Node | None, what: str) -> dict[str, str]:
    out = {}
    for key, _, value in reader.entries(node, f"a mapping of {what}"):
        text = value.text if isinstance(value, Scalar) and value.quoted else reader.text(value)
        if text is not None:
            out[key] = text
    return out


def _sandbox(reader: Reader, node: Node | None) -> dict[str, str]:
    block = reader.mapping(node, {"network", "enforcement"}, "a sandbox block")
    if block is None:
        return {}
    reader.warn(block.place, "the sandbox is not yet in force: only what arguments say is looked at")
    network = reader.one_of(block.entries.get("network"), {"allowlist": "allowlist"}, "allowlist")
    words = {"strict": "strict", "advisory": "advisory"}
    enforcement = reader.one_of(block.entries.get("enforcement"), words, "strict or advisory")
    return {key: value for key, value in (("network", network), ("enforcement", enforcement)) if value is not None}


def _mapping(reader: Reader, block: Mapping_) -> UpstreamMapping:
    tools: dict[str, ToolMapping] = {}
    globs = []
    for name, place, body in reader.entries(block.entries.get("tools"), "a mapping of tools"):
        mapping = _tool(reader, body, named=True)
        if mapping is None:
            continue
        if not name:
            reader.error(place, "a tool needs a name", "write the upstream's own name of the tool, or a glob")
        elif is_literal(name):
            tools[name] = mapping
        else:
            globs.append((compile_glob(name), mapping))
    others = {}
    for kind in ("resources", "prompts"):
        node = block.entries.get(kind)
        others[kind] = None if node is None else _tool(reader, node, named=False)
    return UpstreamMapping(tools, tuple(globs), others["resources"], others["prompts"])


def _tool(reader: Reader, node: Node, *, named: bool) -> ToolMapping | None:
    keys = MAPPING_KEYS if named else MAPPING_KEYS - {"ask"}
    block = reader.mapping(node, keys, "a mapping with topic and risk_tags")
    if block is None:
        return None
    topic = reader.name(reader.need(block, "topic", "add topic: job.area.action"), TOPIC, "a topic")
    tags = reader.each(block.entries.get("risk_tags"), lambda item: read_tag(reader, item))
    ask = reader.each(block.entries.get("ask"), lambda item: reader.one_of(item, ASKS, "confidence or reason"))
    attributes = _attributes(reader, block.entries.get("attributes"))
    tag_when = reader.each(block.entries.get("tag_when"), lambda item: _tag_when(reader, item))
    if topic is None:
        return None
    return ToolMapping(topic, frozenset(tags), attributes, tag_when, tuple(dict.fromkeys(ask)))


def _attributes(reader: Reader, node: Node | None) -> dict[str, Value | Count]:
    out: dict[str, Value | Count] = {}
    for name, place, value in reader.entries(node, "a mapping of attributes"):
        text = reader.text(value, "a path")
        found = ATTRIBUTE.fullmatch(text or "")
        if not NAME.fullmatch(name):
            reader.error(place, f"'{reveal(name)}' is no attribute name", f"use {NAME.pattern}")
        elif text is not None and found is None:
            reader.error(value.place, f"'{reveal(text)}' is no path", "write args.amount or count(args.to)")
        elif found is not None and found["counted"]:
            out[name] = Count(tuple(found["counted"].split(".")[1:]))
        elif found is not None:
            out[name] = Value(tuple(found["path"].split(".")[1:]))
    return out


def _tag_when(reader: Reader, node: Node) -> TagWhen | None:
    block = reader.mapping(node, {"when", "add"}, "a block with when and add")
    if block is None:
        return None
    when = read_condition(reader, reader.need(block, "when", "add the condition"), ROOTS, near=True)
    add = reader.each(reader.need(block, "add", "add the tags"), lambda item: read_tag(reader, item))
    if not add and "add" in block.entries:
        reader.error(block.entries["add"].place, "'add' is empty", "name the tags to add")
    return None if when is None else TagWhen(when, frozenset(add))


def _distinct_prefixes(reader: Reader, found: Upstreams) -> None:
    """Two upstreams under one prefix are legal while their tools' names differ; the listing tells."""
    seen: dict[str, str] = {}
    for spec in found.specs.values():
        if spec.prefix in seen:
            reader.warn(
                found.places[spec.id], f"'{spec.id}' and '{seen[spec.prefix]}' have the same prefix",
                "names that collide refuse to start",
            )  # fmt: skip
        seen[spec.prefix] = spec.id
