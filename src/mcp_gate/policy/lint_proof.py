"""Warnings about proofs of identity that a rule asks for and too few reviewers can give."""

from __future__ import annotations

from collections.abc import Iterable

from mcp_gate.lang.reader import Reader
from mcp_gate.model.config import GateSettings, ReviewerSpec
from mcp_gate.model.decision import Assurance
from mcp_gate.policy.rules import Rule

ENROL = "mcp-gate reviewers add ID --key FILE.pub"


def lint_proof(reader: Reader, rules: Iterable[Rule], settings: GateSettings) -> None:
    """Rules whose calls nobody, or too few people, can approve: they would wait until their time is up."""
    reviewers = list((settings.reviewers or {}).values())
    for rule in rules:
        need = rule.min_assurance
        if need not in (Assurance.TOKEN, Assurance.SIGNED):
            continue
        able = sum(_able(one, need, rule.route) for one in reviewers)
        if able >= (rule.approvals or 1):
            continue
        who = "nobody" if not able else f"only {able} of the {rule.approvals} people it needs"
        group = f" of '{rule.route}'" if rule.route is not None else ""
        proof = "has a key to sign with" if need is Assurance.SIGNED else "has a token or a key"
        reader.warn(rule.place, f"'{rule.id}' asks for proof '{need.word}', and {who}{group} {proof}", ENROL)


def _able(one: ReviewerSpec, need: Assurance, route: str | None) -> bool:
    if route is not None and route not in one.groups:
        return False
    return bool(one.keys) or (need is Assurance.TOKEN and one.token_sha256 is not None)
