"""W3C trace context on its way through the gate: in the headers of HTTP, and in `_meta` of everything else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from mcp_gate.model.foreign import JsonObject

PARENT: Final = "traceparent"
STATE: Final = "tracestate"
KEYS: Final = (PARENT, STATE)

_PARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_STATE: Final = re.compile(r"[\x20-\x7e]{1,512}")


def context_of(meta: JsonObject) -> dict[str, str]:
    """The trace context in `_meta`, fit for headers; {} if there is none, or it is none."""
    return _read(meta.get)


def with_context(params: JsonObject | None, header: Callable[[str], str | None]) -> JsonObject | None:
    """Params of a request that came over HTTP: what its headers say of its trace stands in `_meta` too, unless that
    says something itself."""
    found = _read(header)
    if not found or params is None:
        return params
    meta = params.get("_meta", {})
    if not isinstance(meta, dict) or PARENT in meta:
        return params
    return {**params, "_meta": {**meta, **found}}


def _read(get: Callable[[str], object]) -> dict[str, str]:
    parent, state = get(PARENT), get(STATE)
    if not isinstance(parent, str) or not _PARENT.fullmatch(parent):
        return {}
    if not isinstance(state, str) or not _STATE.fullmatch(state):
        return {PARENT: parent}
    return {PARENT: parent, STATE: state}
