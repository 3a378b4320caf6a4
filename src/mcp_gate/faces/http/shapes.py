"""How requests look to reviewers (contract 7). Absent values are left out."""

from __future__ import annotations

from mcp_gate.lang.difference import differences
from mcp_gate.model.decision import OnTimeout
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import RecordedDecision, Request, RequestStatus
from mcp_gate.review.due import after, stage_end
from mcp_gate.store.nearest import Nearest
from mcp_gate.upstream.catalog import Tool, Withheld


def request_json(request: Request, *, brief: bool = False) -> JsonObject:
    """A request in full. Its texts are the agent's and the upstream's own: whoever shows them reveals them.

    Args:
        brief: leave out what may be large; it was not read.
    """
    out: JsonObject = {
        "id": request.id,
        "kind": request.kind,
        "status": request.status.value,
        "call": _brief_call_json(request) if brief else _call_json(request),
        "verdict": request.verdict,
        "tier": request.tier.word,
        "group": request.group,
        "needed": request.needed,
        "decisions": [decision_json(decision) for decision in request.decisions],
        "opened_ts": request.opened_ts,
        "due_ts": request.due_ts,
        "stage": request.stage,
    }
    if request.escalated_ts:
        out["escalated_ts"] = request.escalated_ts
        out["escalated_from"] = request.escalated_from
    if request.status is RequestStatus.PENDING:
        out |= _future(request)
    if request.holds and request.stage == 1:
        out["escalate_to"] = request.escalate_to
    if request.claimed_by:
        out["claimed_by"] = request.claimed_by
    if request.asked is not None and not brief:
        out["asked"] = {name: request.asked[name] for name in ("arguments", "job_hash")}
        found = differences(request.asked["arguments"], request.call.arguments)
        out["changed"] = [place.pointer for place in found]
    if request.assigned_to and request.status is RequestStatus.PENDING:
        out["assigned_to"] = request.assigned_to
    out["waiting"] = request.waiting
    out["attempts"] = request.attempts
    return out


def _future(request: Request) -> JsonObject:
    """What becomes of a request that nobody decides: `then`, and `escalate_ts` where it goes to another group."""
    word, ts = after(request), stage_end(request)
    if not request.holds:
        return {"then": {"ts": ts, "what": "expire"}}
    then: JsonObject = {"ts": ts, "what": word.word}
    if word is not OnTimeout.ESCALATE:
        return {"then": then}
    return {"escalate_ts": ts, "then": {**then, "group": request.escalate_to}}


def _call_json(request: Request) -> JsonObject:
    call = request.call
    out: JsonObject = {
        **_brief_call_json(request),
        "arguments": call.arguments,
        "attributes": dict(call.attributes),
        "trail": list(request.trail),
    }
    if call.parent:
        out |= {"parent": call.parent, "step": call.step}
    if call.signals:
        out["signals"] = call.signals
    if call.claims:
        out["claims"] = call.claims
    return out


def _brief_call_json(request: Request) -> JsonObject:
    call = request.call
    return {
        "id": call.id,
        "agent": call.agent,
        "session": call.session,
        "upstream": call.upstream,
        "tool": call.tool,
        "listed_name": call.listed_name,
        "topic": call.topic,
        "risk_tags": list(call.risk_tags),
        "job_hash": call.job_hash,
        "tool_hash": call.tool_hash,
    }


def nearest_json(nearest: Nearest) -> JsonObject:
    """An approved call to compare with."""
    return {
        "request_id": nearest.request_id,
        "ts": nearest.ts,
        "approver_id": nearest.approver_id,
        "arguments": nearest.arguments,
    }


def server_json(tool: Tool | Withheld | None) -> JsonObject:
    """The member `server`: what its server says of the tool. Its own claims: nothing of the gate's rests on them."""
    if tool is None:
        return {}
    said = {name: tool.definition[name] for name in ("title", "description", "annotations") if name in tool.definition}
    return {"server": said} if said else {}


def decision_json(decision: RecordedDecision) -> JsonObject:
    """One person's word, as accepted."""
    out: JsonObject = {
        "decision": decision.decision,
        "reason": decision.reason,
        "approver_id": decision.approver_id,
        "decision_ts": decision.decision_ts,
        "assurance": "" if decision.assurance is None else decision.assurance.word,
        "nonce": decision.nonce,
        "stage": decision.stage,
        "job_hash": decision.job_hash,
    }
    if decision.signature is not None:
        out["signature"] = decision.signature
    if decision.final:
        out["final"] = True
    return {name: value for name, value in out.items() if value != ""}
