"""How a place in a payload is called in the record (contract 9, Output)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mcp_gate.output.walk import STRUCTURED, Inside, Trail

LONGEST: Final = 64
"""Characters of one key that are told."""


def field_of(trail: Trail, renamed: Mapping[Trail, str]) -> str:
    """`response.customer.ssn` in structured data, `content[0].text` in plain text.

    Args:
        renamed: keys that were found to be private themselves, by the way to them: what stands in their place.
    """
    out: list[str] = []
    while trail is not None:
        before, step = trail
        if step is Inside.JSON or (step == STRUCTURED and before is None):
            out.append("response")
            break
        if isinstance(step, int):
            out.append(f"[{step}]")
        else:
            name = renamed.get(trail, str(step))
            name = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
            out.append(name if before is None else f".{name}")
        trail = before
    return "".join(reversed(out))
