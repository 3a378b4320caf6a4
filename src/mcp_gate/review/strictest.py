"""The verdict on a held call that was changed: the strictest of what it was held with and what the policy says now."""

from __future__ import annotations

from mcp_gate.model.call import Call
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Decision
from mcp_gate.model.edit import Edit
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import Request
from mcp_gate.model.verdict import Verdict


def strictest(request: Request, call: Call, verdict: Verdict, changed: tuple[str, ...]) -> Edit:
    """An edit of a request's call.

    Args:
        call: the changed call.
        verdict: the policy's word on it; no denial.
        changed: see `Edit`.

    Times stay those that the request was opened with: they are running.
    """
    tier = max(request.tier, verdict.tier)
    needed = max(request.needed, verdict.approvals)
    assurance = max(request.min_assurance, verdict.min_assurance)
    on_timeout = max(request.on_timeout, verdict.on_timeout)
    told: JsonObject = {
        **_said(request.verdict, verdict.as_json()),
        "constraints": Constraints.of(request.verdict.get("constraints", {})).join(verdict.constraints).as_json(),
        "tier": tier.word,
        "approvals": needed,
        "min_assurance": assurance.word,
        "on_timeout": on_timeout.word,
        "terms_of": request.id,
    }
    return Edit(request.call.job_hash, call, told, tier, needed, assurance, on_timeout, verdict.group, changed)


def _said(held: JsonObject, edited: JsonObject) -> JsonObject:
    """The verdict that decided, with the rules of both."""
    first, second = (edited, held) if _strictness(edited) >= _strictness(held) else (held, edited)
    rules = [*first["rule_ids"], *(rule for rule in second["rule_ids"] if rule not in first["rule_ids"])]
    said = list(first.get("layers", ()))
    layers = [*said, *(word for word in second.get("layers", ()) if word not in said)]
    # Whoever waits for it, and where, is as it was.
    kept: JsonObject = {name: held[name] for name in ("route", "timeout_sec", "escalate_to") if name in held}
    return {**first, **kept, "rule_ids": rules, "layers": layers}


def _strictness(verdict: JsonObject) -> Decision:
    return Decision[str(verdict["decision"]).upper()]
