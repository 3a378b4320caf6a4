"""The output record (contract 8): decisions, places and reasons, and never what was there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import Detail, OutputDecision

MOST: Final = 1000
"""Places that one record names; how many there were is told in full."""


def record(
    job_id: str, decision: OutputDecision, details: Sequence[Detail], snapshot: str, partial: Sequence[str] = (),
    suspicious: Sequence[str] = (),
) -> JsonObject:  # fmt: skip
    """
    Args:
        partial: optional detectors whose time ran out.
        suspicious: fields that speak to the model rather than to its user.
    """
    changed = 0 if decision is OutputDecision.QUARANTINE else len(details)
    out: JsonObject = {
        "job_id": job_id,
        "output_safety_decision": decision.name,
        "original_fields_redacted": changed,
        "redaction_details": [detail.as_json() for detail in details[:MOST]],
        "policy_snapshot": snapshot,
    }
    if partial:
        out["partial"] = list(partial)
    if suspicious:
        out["suspicious"] = list(dict.fromkeys(suspicious))[:MOST]
    return out
