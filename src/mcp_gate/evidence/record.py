"""What every event of a call says about the call."""

from __future__ import annotations

from mcp_gate.model.call import Call
from mcp_gate.model.foreign import JsonObject


def members(call: Call, snapshot: str, request_id: str | None = None) -> JsonObject:
    """The members of contract 8 that all events of a call share; arguments stand in them as `job_hash` alone."""
    out: JsonObject = {
        "call_id": call.id,
        "agent": call.agent,
        "upstream": call.upstream,
        "tool": call.tool,
        "topic": call.topic,
        "risk_tags": list(call.risk_tags),
        "job_hash": call.job_hash,
        "policy_snapshot": snapshot,
    }
    if request_id is not None:
        out["request_id"] = request_id
    return out
