"""One line of the record (contract 8), before it is numbered and chained."""

from __future__ import annotations

from dataclasses import dataclass, field

from mcp_gate.model.foreign import JsonObject

EVENTS = frozenset(
    {
        "call.received", "call.decided", "call.dispatched", "call.executed", "call.failed", "call.unknown",
        "call.delivered", "request.opened", "request.assigned", "request.escalated", "request.decided",
        "request.refused", "request.expired", "request.cancelled", "output.reviewed", "sample.selected",
        "sample.reviewed", "agent.level_changed", "agent.stopped", "policy.loaded", "policy.refused", "tool.changed",
        "key.revoked", "queue.breached",
    }
)  # fmt: skip
"""All names but those of the family `security.*`."""


@dataclass(frozen=True, slots=True)
class Event:
    """`fields` are the members of contract 8 next to `data`: call_id, request_id, agent, upstream, tool, topic,
    risk_tags, job_hash, decision, rule_ids, reason, policy_snapshot, approver_id, decision_ts, assurance.
    Absent ones are left out. Arguments and results stand here only as digests."""

    event: str
    fields: JsonObject = field(default_factory=dict)
    data: JsonObject = field(default_factory=dict)
