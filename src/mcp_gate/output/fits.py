"""Whether what is left of a result still is what the tool's `outputSchema` promises."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final, NoReturn

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject
from mcp_gate.output.walked import STRUCTURED

if TYPE_CHECKING:
    from jsonschema_rs import Validator

KEPT: Final = 64
"""Compiled schemas."""
MISFIT: Final = (
    "The call ran. What the gate took out of its result leaves nothing that fits the tool's output schema, so what is "
    "left stands here as text. Do not call it again to get the rest."
)


def fits(payload: JsonObject, schema: JsonObject | None) -> bool:
    """Nothing fits a schema that cannot be read, or that refers to another document. Time is linear in the size of the
    result: patterns run without backtracking."""
    structured = payload.get(STRUCTURED)
    if schema is None or structured is None or payload.get("isError") is True:
        return True
    try:
        return _validator(strictjson.dumps(schema)).is_valid(structured)
    except ValueError:  # of the library, all of them; a text with half a surrogate pair as well
        return False


@functools.lru_cache(KEPT)
def _validator(schema: bytes) -> Validator:
    import jsonschema_rs

    patterns = jsonschema_rs.RegexOptions()
    return jsonschema_rs.validator_for(schema.decode(), pattern_options=patterns, retriever=_elsewhere)


def as_error(payload: JsonObject) -> JsonObject:
    """The result as one that clients take without looking at the schema."""
    content = payload.get("content")
    said = [{"type": "text", "text": MISFIT}, *(content if isinstance(content, list) else ())]
    if len(said) == 1:
        said.append({"type": "text", "text": strictjson.dumps(payload[STRUCTURED]).decode()})
    rest = {key: value for key, value in payload.items() if key != STRUCTURED}
    return {**rest, "content": said, "isError": True}


def _elsewhere(uri: str) -> NoReturn:
    raise ValueError("the gate fetches no schema")
