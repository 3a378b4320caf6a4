"""Small builders of JSON Schema (draft 7, the one that editors of YAML know), and what several files share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.policy.read_match import MOST_SEC, TAG
from mcp_gate.policy.read_rules import GROUP

DIALECT: Final = "http://json-schema.org/draft-07/schema#"


def document(title: str, body: JsonObject, definitions: JsonObject) -> JsonObject:
    """A whole schema; `definitions` is what `ref` refers to."""
    return {"$schema": DIALECT, "title": f"mcp-gate: {title}", **body, "definitions": definitions}


def ref(name: str) -> JsonObject:
    """A reference to one of the shared definitions."""
    return {"$ref": f"#/definitions/{name}"}


def described(about: str, schema: JsonObject) -> JsonObject:
    """With the words that an editor shows."""
    return {"description": about, **schema} if about else schema


def block(members: JsonObject, required: Iterable[str] = (), about: str = "", **more: Json) -> JsonObject:
    """A mapping with exactly these keys."""
    out: JsonObject = {"type": "object", "additionalProperties": False, "properties": members, **more}
    if needed := list(required):
        out["required"] = needed
    return described(about, out)


def free(values: JsonObject, about: str = "", names: str = "") -> JsonObject:
    """A mapping with keys of the writer's choice, as far as `names` lets them be."""
    out: JsonObject = {"type": "object", "additionalProperties": values}
    if names:
        out["propertyNames"] = {"pattern": f"^(?:{names})$"}
    return described(about, out)


def each(item: JsonObject, about: str = "", *, least: int = 0) -> JsonObject:
    """A list."""
    out: JsonObject = {"type": "array", "items": item}
    if least:
        out["minItems"] = least
    return described(about, out)


def one_of(words: Iterable[str], about: str = "") -> JsonObject:
    """One of some words."""
    return described(about, {"enum": sorted(words)})


def text(about: str = "", pattern: re.Pattern[str] | str = "") -> JsonObject:
    """A text that is not empty, of a given form."""
    out: JsonObject = {"type": "string", "minLength": 1}
    if pattern:
        form = pattern if isinstance(pattern, str) else pattern.pattern
        out["pattern"] = f"^(?:{re.sub(r'[?]P<[a-z]+>', '', form)})$"
    return described(about, out)


def number(about: str = "", *, least: float = 0, most: float | None = None) -> JsonObject:
    """A number within bounds, both included."""
    out: JsonObject = {"type": "number", "minimum": least}
    if most is not None:
        out["maximum"] = most
    return described(about, out)


def whole(about: str = "", *, least: int = 0, most: int | None = None) -> JsonObject:
    """A number without a fraction."""
    return {**number(about, least=least, most=most), "type": "integer"}


def truth(about: str = "") -> JsonObject:
    """`true` or `false`."""
    return described(about, {"type": "boolean"})


VERSION: Final = described("The one version there is.", {"const": "v1"})
SHARED: Final[JsonObject] = {
    "tag": text("A risk tag.", TAG),
    "group": text("A group of reviewers.", GROUP),
    "seconds": whole("Whole seconds.", least=1, most=MOST_SEC),
}
TAGS: Final = each(ref("tag"), least=1)
