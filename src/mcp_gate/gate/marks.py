"""What stands under the gate's own names in the `_meta` of what leaves (contract 6)."""

from __future__ import annotations

from mcp_gate.gate.protocol import with_meta
from mcp_gate.model.foreign import JsonMapping, JsonObject
from mcp_gate.model.outcome import META_PREFIX, VERDICT_KEY


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


def without_gate_meta(payload: JsonObject) -> JsonObject:
    """An upstream does not speak for the gate: what it says under the gate's own names is left out."""
    meta = payload.get("_meta")
    if not isinstance(meta, dict) or not any(key.startswith(META_PREFIX) for key in meta):
        return payload
    return {**payload, "_meta": {key: value for key, value in meta.items() if not key.startswith(META_PREFIX)}}
