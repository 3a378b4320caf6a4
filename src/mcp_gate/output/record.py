"""The output record (contract 8): decisions, places and reasons, and never what was there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import Detail, OutputDecision

MOST: Final = 1000
"""Places that one record tells of; their number is told in full."""


def record(
    job_id: str, decision: OutputDecision, details: Sequence[Detail], snapshot: str, partial: Sequence[str] = ()
) -> JsonObject:
    """
    Args:
        partial: optional detectors whose time ran out.
    """
    changed = 0 if decision is OutputDecision.QUARANTINE else len(details)
    out: JsonObject = {
        "job_id": job_id,
        "output_safety_decision": decision.name,
        "original_fields_redacted": changed,
        "redaction_details": [detail.as_json() for detail in details[:MOST]],
        "policy_snapshot": snapshot,
    }
    return {**out, "partial": list(partial)} if partial else out
