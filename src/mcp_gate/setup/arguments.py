"""The arguments that a tool's schema names, at every depth. The schema is its server's: it may be odd or hostile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mcp_gate.model.foreign import Json, JsonObject

CLOSED: Final = frozenset({"boolean", "number", "integer", "null"})
"""Types whose values say nothing in words."""
MOST: Final = 1500
"""Characters of all values. More than that, or such as do not show, cannot be written down for a person to read."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument."""

    name: str
    values: tuple[str, ...]
    """Texts that the schema lists, each once."""
    free: bool
    """Whether it takes texts that the schema does not list."""
    top: bool
    """Whether it stands in the arguments themselves, not in something below them."""
    told: str
    """Its description."""


def arguments(tool: JsonObject) -> list[Argument]:
    """All arguments of a tool as its server lists it."""
    root = tool.get("inputSchema")
    return list(_arguments(root)) if isinstance(root, dict) else []


def _arguments(root: JsonObject) -> Iterator[Argument]:
    left: list[Json] = [root]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            found = node.get("properties")
            for name, schema in found.items() if isinstance(found, dict) else ():
                values, free = _values(schema, root)
                told = schema.get("description") if isinstance(schema, dict) else None
                yield Argument(name, values, free, node is root, told if isinstance(told, str) else "")
            left += node.values()
        elif isinstance(node, list):
            left += node


def _values(schema: Json, root: JsonObject) -> tuple[tuple[str, ...], bool]:
    """The texts that a schema lists, through its alternatives and references, and whether it takes others."""
    left, seen, values, free = [schema], set[str](), dict[str, None](), False
    while left:
        node = left.pop()
        if not isinstance(node, dict):
            free = True
            continue
        listed = node["enum"] if isinstance(node.get("enum"), list) else [node["const"]] if "const" in node else None
        inner = [one for key in ("anyOf", "oneOf", "allOf") if isinstance(ones := node.get(key), list) for one in ones]
        reference = node.get("$ref")
        if isinstance(listed, list):
            values |= dict.fromkeys(one for one in listed if isinstance(one, str))
        elif isinstance(reference, str):
            if reference not in seen:
                seen.add(reference)
                left.append(_at(root, reference))
        elif inner:
            left += inner
        else:
            free = free or not _closed(node.get("type"))
    if sum(len(one) + len("'', ") for one in values) > MOST or not all(map(str.isprintable, values)):
        return (), True
    return tuple(values), free


def _closed(kinds: Json) -> bool:
    """Whether no type takes a text, or anything that may hold one."""
    several = kinds if isinstance(kinds, list) else [kinds]
    return all(isinstance(kind, str) and kind in CLOSED for kind in several)


def _at(root: JsonObject, reference: str) -> Json:
    """What a reference within the schema leads to; None for any other."""
    node: Json = root if reference.startswith("#/") else None
    for part in reference[2:].split("/"):
        node = node.get(part) if isinstance(node, dict) else None
    return node
