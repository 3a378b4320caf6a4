"""MCP's own HTTP headers in the stateless era: what of a body is repeated in them, and how.

Both sides of the gate use it: towards upstreams to write them, towards clients to compare them with the body. The body
alone is what is decided on.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mcp_gate.model.foreign import Json, JsonObject

VERSION: Final = "mcp-protocol-version"
METHOD: Final = "mcp-method"
NAME: Final = "mcp-name"
SESSION: Final = "mcp-session-id"
PARAM_PREFIX: Final = "mcp-param-"

HEADER_MISMATCH: Final = -32020
"""The protocol's own code for a header that says something else than the body."""

_ANNOTATION: Final = "x-mcp-header"
_ENCODED: Final = re.compile(r"=\?base64\?(.*)\?=")
_PLAIN: Final = re.compile(r"[\x20-\x7e]*")
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_WHOLE: Final = re.compile(r"(-?[0-9]{1,4000})(?:\.0+)?")
_TYPES: Final = ("string", "integer", "boolean")

# Where JSON Schema 2020-12 holds schemas, besides `properties`. Data (`const`, `enum`, `default`) is never entered and
# `$ref` never followed.
_ONE: Final = (
    "items", "contains", "unevaluatedItems", "additionalProperties", "propertyNames", "unevaluatedProperties", "not",
    "if", "then", "else", "contentSchema",
)  # fmt: skip
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS: Final = ("patternProperties", "dependentSchemas", "$defs", "definitions")


def name_of(method: str, params: JsonObject | None) -> str | None:
    """What `Mcp-Name` repeats of a request; None where the method names nothing."""
    if method in ("tools/call", "prompts/get"):
        key = "name"
    elif method == "resources/read":
        key = "uri"
    elif method.startswith("tasks/"):
        key = "taskId"
    else:
        return None
    value = (params or {}).get(key)
    return value if isinstance(value, str) else None


def encode(value: str) -> str:
    """A header value that survives the way: as it is, or wrapped in base64 where HTTP could change it.

    Raises:
        UnicodeEncodeError: it holds a lone surrogate.
    """
    if _PLAIN.fullmatch(value) and value == value.strip() and not _ENCODED.fullmatch(value):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode('ascii')}?="


def decode(value: str) -> str | None:
    """The inverse of `encode`; None for a wrapping that no encoder writes."""
    match = _ENCODED.fullmatch(value)
    if match is None:
        return value
    try:
        data = base64.b64decode(match[1], validate=True)
        return data.decode() if base64.b64encode(data).decode("ascii") == match[1] else None
    except (binascii.Error, UnicodeDecodeError):
        return None


@dataclass(frozen=True, slots=True)
class Repeated:
    """One argument that a tool's schema wants repeated in a header."""

    path: tuple[str, ...]
    header: str
    """Lower case, with the prefix."""
    type: str


def repeated_in(schema: Json) -> tuple[Repeated, ...]:
    """The arguments that an input schema annotates with `x-mcp-header`.

    A schema with an annotation that breaks the protocol's rules annotates nothing: clients drop such a tool.
    """
    found: dict[str, Repeated] = {}
    for path, node in _schemas(schema):
        if _ANNOTATION not in node:
            continue
        token, kind = node[_ANNOTATION], node.get("type")
        if not path or not isinstance(token, str) or not _TOKEN.fullmatch(token) or kind not in _TYPES:
            return ()
        header = PARAM_PREFIX + token.lower()
        if header in found:
            return ()
        found[header] = Repeated(path, header, str(kind))
    return tuple(found.values())


def _schemas(root: Json) -> Iterator[tuple[tuple[str, ...] | None, JsonObject]]:
    """Every schema in a schema, with its path of property names; None off that path."""
    stack: list[tuple[tuple[str, ...] | None, Json]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if not isinstance(node, dict):
            continue
        yield path, node
        for key, value in node.items():
            if key == "properties" and isinstance(value, dict):
                stack.extend(((*path, name) if path is not None else None, sub) for name, sub in value.items())
            elif key in _ONE:
                stack.append((None, value))
            elif key in _LISTS and isinstance(value, list):
                stack.extend((None, sub) for sub in value)
            elif key in _MAPS and isinstance(value, dict):
                stack.extend((None, sub) for sub in value.values())


def param_headers(repeated: tuple[Repeated, ...], arguments: Json) -> dict[str, str]:
    """The `Mcp-Param-*` headers of a call: absent and null arguments have none."""
    out: dict[str, str] = {}
    for one in repeated:
        text = _rendered(_at(arguments, one.path))
        if text is not None:
            out[one.header] = encode(text)
    return out


def param_mismatch(repeated: tuple[Repeated, ...], arguments: Json, headers: Mapping[str, str]) -> str | None:
    """Why headers and arguments do not agree; None if they do.

    Args:
        headers: lower-case names; each once.
    """
    for one in repeated:
        value = _at(arguments, one.path)
        text, raw = _rendered(value), headers.get(one.header)
        if raw is None:
            if text is not None:
                return f"the header {one.header} is missing"
            continue
        shown = decode(raw)
        if text is None or shown is None or not _same(one, value, text, shown):
            return f"the header {one.header} does not match the arguments"
    return None


def _same(one: Repeated, value: Json, text: str, shown: str) -> bool:
    """Whole numbers are compared as numbers (42 is 42.0), digit by digit; everything else as text."""
    if shown == text:
        return True
    if one.type != "integer" or isinstance(value, bool):
        return False
    if isinstance(value, float):
        if not value.is_integer():
            return False
        value = int(value)
    match = _WHOLE.fullmatch(shown)
    return isinstance(value, int) and match is not None and int(match[1]) == value


def _rendered(value: Json) -> str | None:
    """A plain value as a header shows it; None for what has no such form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return None if any("\ud800" <= char <= "\udfff" for char in value) else value
    if isinstance(value, int | float):
        try:
            return str(value)
        except ValueError:  # more digits than Python turns into text
            return None
    return None


def _at(arguments: Json, path: tuple[str, ...]) -> Json:
    for key in path:
        if not isinstance(arguments, dict):
            return None
        arguments = arguments.get(key)
    return arguments
