"""How requests look to reviewers (contract 7). Absent values are left out."""

from __future__ import annotations

from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import RecordedDecision, Request


def request_json(request: Request) -> JsonObject:
    """A request in full. Its texts are the agent's and the upstream's own: whoever shows them reveals them."""
    out: JsonObject = {
        "id": request.id,
        "kind": request.kind,
        "status": request.status.value,
        "call": _call_json(request),
        "verdict": request.verdict,
        "tier": request.tier.word,
        "group": request.group,
        "needed": request.needed,
        "decisions": [decision_json(decision) for decision in request.decisions],
        "opened_ts": request.opened_ts,
        "due_ts": request.due_ts,
    }
    if request.escalate_ts:
        out["escalate_ts"] = request.escalate_ts
    if request.claimed_by:
        out["claimed_by"] = request.claimed_by
    out["waiting"] = request.waiting
    out["attempts"] = request.attempts
    return out


def _call_json(request: Request) -> JsonObject:
    call = request.call
    out: JsonObject = {
        "id": call.id,
        "agent": call.agent,
        "session": call.session,
        "upstream": call.upstream,
        "tool": call.tool,
        "listed_name": call.listed_name,
        "topic": call.topic,
        "risk_tags": list(call.risk_tags),
        "arguments": call.arguments,
        "attributes": dict(call.attributes),
        "job_hash": call.job_hash,
        "tool_hash": call.tool_hash,
        "trail": list(request.trail),
    }
    if call.signals:
        out["signals"] = call.signals
    if call.claims:
        out["claims"] = call.claims
    return out


def decision_json(decision: RecordedDecision) -> JsonObject:
    """One person's word, as accepted."""
    out: JsonObject = {
        "decision": decision.decision,
        "reason": decision.reason,
        "approver_id": decision.approver_id,
        "decision_ts": decision.decision_ts,
        "assurance": decision.assurance.word,
        "nonce": decision.nonce,
    }
    if decision.signature is not None:
        out["signature"] = decision.signature
    if decision.final:
        out["final"] = True
    return {name: value for name, value in out.items() if value != ""}
