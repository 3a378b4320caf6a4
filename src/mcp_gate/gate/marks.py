"""What a changed result says of itself (contract 6)."""

from __future__ import annotations

from mcp_gate.gate.protocol import with_meta
from mcp_gate.model.foreign import JsonMapping, JsonObject
from mcp_gate.model.outcome import VERDICT_KEY


def redacted(payload: JsonObject, call_id: str, verdict: JsonMapping, redactions: list[JsonObject]) -> JsonObject:
    """The result with the mark.

    Args:
        verdict: `Verdict.as_json()`.
    """
    told = {name: verdict[name] for name in ("decision", "rule_id", "reason", "policy_snapshot")}
    mark: JsonObject = {
        "call_id": call_id, "status": "redacted", **told, "retry": "never", "redactions": redactions,
    }  # fmt: skip
    return with_meta(payload, VERDICT_KEY, mark)
