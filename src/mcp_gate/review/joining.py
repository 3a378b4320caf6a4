"""The same call, made again while people are asked: its own facts may ask for more than they were asked. Pure."""

from __future__ import annotations

from dataclasses import replace

from mcp_gate.model.constraints import Constraints
from mcp_gate.model.request import Request
from mcp_gate.model.verdict import LayerWord, Verdict


def covers(request: Request, verdict: Verdict) -> bool:
    """Whether what a request asks for is enough for the call made again, by the verdict on that one."""
    if request.needed < verdict.approvals or request.min_assurance < verdict.min_assurance:
        return False
    if request.on_timeout < verdict.on_timeout:
        return False
    here = request.group == (verdict.group, verdict.escalate_to)[request.stage - 1]
    return here or frozenset(request.verdict["rule_ids"]).issuperset(verdict.rule_ids)


def suffices(approved: Verdict, verdict: Verdict) -> bool:
    """Whether an approval under one verdict is enough for the same operation, going on under another."""
    if approved.approvals < verdict.approvals or approved.min_assurance < verdict.min_assurance:
        return False
    return approved.group == verdict.group or frozenset(approved.rule_ids).issuperset(verdict.rule_ids)


def with_terms_of(request: Request, verdict: Verdict) -> Verdict:
    """A verdict at least as strict as what a request asked for; whom it goes to is the verdict's to say.

    It names the rules of both, so that calls of either kind are covered by it and none asks anew.
    """
    said = request.verdict
    layers = (LayerWord(**word) for word in said.get("layers", ()))
    return replace(
        verdict,
        rule_ids=tuple(dict.fromkeys((*verdict.rule_ids, *said["rule_ids"]))),
        tier=max(verdict.tier, request.tier),
        constraints=verdict.constraints.join(Constraints.of(said.get("constraints", {}))),
        approvals=max(verdict.approvals, request.needed),
        on_timeout=max(verdict.on_timeout, request.on_timeout),
        min_assurance=max(verdict.min_assurance, request.min_assurance),
        layers=tuple(dict.fromkeys((*verdict.layers, *layers))),
        terms_of=request.id,
    )
