"""Reads upstreams.yaml (contract 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node, Scalar
from mcp_gate.model.config import Enforcement, Place, Sandbox, UpstreamSpec
from mcp_gate.policy.mapping import UpstreamMapping
from mcp_gate.policy.read_mapping import read_mapping
from mcp_gate.policy.read_variables import Variables
from mcp_gate.policy.read_version import read_version

UPSTREAM_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{0,64}")
VARIABLE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
UPSTREAM_KEYS: Final = frozenset(
    {
        "command",
        "args",
        "env",
        "url",
        "headers",
        "prefix",
        "cwd",
        "sandbox",
        "pin_program",
        "pin_except",
        "tools",
        "resources",
        "prompts",
    }
)
ENFORCEMENTS: Final = {word.value: word for word in Enforcement}
NOT_WITH_URL: Final = ("args", "env", "cwd", "sandbox", "pin_program", "pin_except")
NOT_WITH_COMMAND: Final = ("headers",)


@dataclass(frozen=True, slots=True)
class Upstreams:
    """In the order of the file."""

    specs: dict[str, UpstreamSpec]
    mappings: dict[str, UpstreamMapping]


def read_upstreams(reader: Reader, root: Mapping_, variables: Variables) -> Upstreams:
    """The whole file."""
    reader.mapping(root, {"version", "upstreams"})
    read_version(reader, root)
    out = Upstreams({}, {})
    node = reader.need(root, "upstreams", "add 'upstreams:' with at least one MCP server")
    for id_, place, body in reader.entries(node, "a mapping of upstreams"):
        if not UPSTREAM_ID.fullmatch(id_):
            reader.error(place, f"'{reveal(id_)}' is not an upstream id", f"use {UPSTREAM_ID.pattern}")
            continue
        block = reader.mapping(body, UPSTREAM_KEYS, "an upstream")
        if block is not None:
            out.specs[id_] = _spec(reader, id_, place, block, variables)
            out.mappings[id_] = read_mapping(reader, block)
    if isinstance(node, Mapping_) and not node.entries:
        reader.error(node.place, "there is no upstream", "add at least one MCP server")
    _distinct_prefixes(reader, out)
    return out


def _spec(reader: Reader, id_: str, place: Place, block: Mapping_, variables: Variables) -> UpstreamSpec:
    get = block.entries.get
    command, url = get("command"), get("url")
    misspelt = reader.misspelt(block, "command") or reader.misspelt(block, "url")
    if (command is None) == (url is None) and not misspelt:
        reader.error(block.place, "an upstream needs either 'command' or 'url'", "write exactly one of them")
    kind, others = ("command", NOT_WITH_COMMAND) if url is None else ("url", NOT_WITH_URL)
    for key in others:
        if key in block.keys:
            reader.error(block.keys[key], f"'{key}' does not go with '{kind}'", "remove it")
    prefix = get("prefix")
    args = _arguments(reader, get("args"), variables)
    pinned = reader.boolean(get("pin_program")) or False
    return UpstreamSpec(
        id=id_,
        prefix=f"{id_}_" if prefix is None else _prefix(reader, prefix),
        command=None if command is None else variables.text(reader, command, "a command", empty=False),
        args=args,
        env=_texts(reader, get("env"), VARIABLE_NAME, "an environment variable", variables),
        url=None if url is None else _url(reader, url),
        headers=_texts(reader, get("headers"), HEADER_NAME, "a header", variables),
        cwd=reader.text(get("cwd"), "a directory"),
        sandbox=_sandbox(reader, get("sandbox")),
        pin_program=pinned,
        pin_except=_no_part(reader, get("pin_except"), args, pinned=pinned),
        place=place,
    )


def _arguments(reader: Reader, node: Node | None, variables: Variables) -> tuple[str, ...]:
    """An argument after an option may be its value."""
    out: list[str] = []
    option = ""
    for item in reader.sequence(node):
        text = variables.text(reader, item, "an argument", name=option, plain=True)
        option = text if text is not None and text.startswith("-") else ""
        if text is not None:
            out.append(text)
    return tuple(out)


def _no_part(reader: Reader, node: Node | None, args: tuple[str, ...], *, pinned: bool) -> tuple[str, ...]:
    """Arguments that name data, which changes, and no part of the program."""
    if node is not None and not pinned:
        reader.error(
            node.place, "'pin_except' makes exceptions from 'pin_program'", "write pin_program: true beside it"
        )
    words = {word: word for word in args}
    return reader.each(node, lambda item: reader.one_of(item, words, "an argument of this upstream"))


def _prefix(reader: Reader, node: Node) -> str:
    text = node.text if isinstance(node, Scalar) and node.quoted else reader.text(node, "a prefix")
    if text is None or PREFIX.fullmatch(text):
        return text or ""
    reader.error(node.place, "this is not a prefix", f'use {PREFIX.pattern}; "" keeps the upstream\'s own names')
    return ""


def _url(reader: Reader, node: Node) -> str | None:
    text = reader.text(node, "a URL")
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or not text.isascii() or not text.isprintable() or " " in text:
        reader.error(node.place, f"'{reveal(text)}' is not an http(s) URL", "write https://host/mcp")
        return None
    if "@" in parts.netloc:
        reader.error(node.place, "the URL holds credentials", "put them into headers: with ${env:NAME}")
        return None
    return text


def _texts(reader: Reader, node: Node | None, name: re.Pattern[str], what: str, variables: Variables) -> dict[str, str]:
    out = {}
    for key, place, value in reader.entries(node, f"a mapping, each entry {what}"):
        header = name is HEADER_NAME
        never = "\0\r\n" if header else "\0"
        text = variables.text(reader, value, f"the value of {what}", name=key, never=never, plain=not header)
        if not name.fullmatch(key):
            reader.error(place, f"'{reveal(key)}' is not the name of {what}", f"use {name.pattern}")
        elif text is not None:
            out[key] = text
    return out


def _sandbox(reader: Reader, node: Node | None) -> Sandbox | None:
    block = reader.mapping(node, {"network", "enforcement"}, "a sandbox block")
    if block is None:
        return None
    network = reader.need(block, "network", "add network: allowlist")
    reader.one_of(network, {"allowlist": "allowlist"}, "allowlist")
    enforcement = reader.one_of(block.entries.get("enforcement"), ENFORCEMENTS, "strict or advisory")
    return Sandbox(block.place, enforcement or Enforcement.STRICT)


def _distinct_prefixes(reader: Reader, found: Upstreams) -> None:
    """Two upstreams under one prefix are legal while their tools' names differ; the listing tells."""
    seen: dict[str, str] = {}
    for spec in found.specs.values():
        if spec.prefix in seen:
            reader.warn(
                spec.place, f"'{spec.id}' and '{seen[spec.prefix]}' have the same prefix",
                "names that collide refuse to start",
            )  # fmt: skip
        seen[spec.prefix] = spec.id
