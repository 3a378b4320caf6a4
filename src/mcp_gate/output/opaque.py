"""Pictures, sounds and blobs: what cannot be looked into is left out where a rule says so."""

from __future__ import annotations

from collections.abc import Mapping

from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import Detail
from mcp_gate.output.edits import Edit, Put, edited
from mcp_gate.output.fields import field_of
from mcp_gate.output.paths import REMOVED
from mcp_gate.output.walked import Opaque, Trail, Walked, steps


def dropped(
    payload: JsonObject, walked: Walked, reason: str, private: Mapping[Trail, str]
) -> tuple[JsonObject, list[Detail]]:
    """A copy in which a text says what was left out, so that the result keeps its form.

    Args:
        private: as `renamed` of `field_of`.
    """
    edits: list[tuple[Trail, Edit]] = []
    for one in walked.opaque:
        holder = payload
        for step in steps(one.trail):
            holder = holder[step]  # type: ignore[index]  # no JSON in texts leads to one
        edits.append((one.trail, Put(_instead(holder, one))))
    details = [Detail(field_of((one.trail, one.member), private), reason, REMOVED) for one in walked.opaque]
    out: JsonObject = edited(payload, edits)
    return out, details


def withheld(walked: Walked, reason: str, private: Mapping[Trail, str]) -> list[Detail]:
    """What the record says of each where the whole is withheld for it."""
    return [Detail(field_of((one.trail, one.member), private), reason, "withheld") for one in walked.opaque]


def _instead(block: JsonObject, one: Opaque) -> JsonObject:
    text = f"[REMOVED: {one.what}]"
    if one.member == "blob":
        return {**{k: v for k, v in block.items() if k not in ("blob", "mimeType")}, "text": text}
    rest = {k: v for k, v in block.items() if k not in ("data", "mimeType")}
    return {**rest, "type": "text", "text": text}
