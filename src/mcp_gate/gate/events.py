"""Audit events of a call, built from the call itself: one place that knows which members they carry."""

from __future__ import annotations

from mcp_gate.evidence.record import members
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import Request
from mcp_gate.model.verdict import Verdict

__all__ = ["decided", "dispatched", "ended", "members", "opened", "received", "request_event"]


def received(common: JsonObject, call: Call) -> Event:
    """`call.received`."""
    data: JsonObject = {"session": call.session, "method": call.method}
    if call.parent:
        data |= {"parent": call.parent, "step": call.step}
    return Event("call.received", common, data)


def decided(common: JsonObject, verdict: Verdict, call: Call) -> Event:
    """`call.decided`, with what the policy says."""
    fields = {
        **common,
        "decision": verdict.decision.word,
        "rule_ids": list(verdict.rule_ids),
        "reason": verdict.reason,
    }
    data: JsonObject = {
        "rule_ids": list(verdict.rule_ids),
        "constraints": verdict.constraints.as_json(),
        "tier": verdict.tier.word,
        "layers": verdict.as_json()["layers"],
    }
    if call.signals.get("tainted"):
        data["tainted"] = True
    if "anomaly" in call.signals:  # values of arguments do not stand in the record
        data["anomaly_score"] = call.signals["anomaly_score"]
        data["anomaly"] = [{"feature": why["feature"], "p": why["p"]} for why in call.signals["anomaly"]]
    return Event("call.decided", fields, data)


def dispatched(common: JsonObject, bytes_sha256: str, tool_hash: str) -> Event:
    """`call.dispatched`, with the digest of what is sent."""
    return Event("call.dispatched", common, {"bytes_sha256": bytes_sha256, "tool_hash": tool_hash})


def ended(name: str, common: JsonObject, data: JsonObject) -> Event:
    """`call.executed`, `call.failed` or `call.unknown`."""
    return Event(name, common, data)


def opened(common: JsonObject, request: Request, **more: str) -> Event:
    """`request.opened`, with what people are asked for."""
    data: JsonObject = {
        "group": request.group, "needed": request.needed, "min_assurance": request.min_assurance.word,
        "due_ts": request.due_ts,
    }  # fmt: skip
    return request_event("request.opened", common, request.id, {**data, **more})


def request_event(name: str, common: JsonObject, request_id: str, data: JsonObject) -> Event:
    """One that is about a request as well."""
    return Event(name, {**common, "request_id": request_id}, data)
