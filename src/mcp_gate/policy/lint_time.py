"""What is probably not meant about time: approvals that never come, escalations that lead nowhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.model.config import Place
from mcp_gate.model.decision import Assurance, Decision, OnTimeout, Tier
from mcp_gate.policy.covers import covers
from mcp_gate.policy.rules import Match, Rule
from mcp_gate.policy.terms import Terms, TierRule

STAFF: Final = "add it to a reviewer in gate.yaml"


def lint_time(
    reader: Reader, rules: Collection[Rule], terms: Terms, queue_policy: Place, groups: frozenset[str] | None
) -> None:
    """Add warnings to the reader.

    Args:
        rules: of all documents, the invariants among them.
        queue_policy: where `approval_queue_policy` stands, or would.
        groups: those that some reviewer is in; None: everybody is in every group.
    """
    floors = [rule.match for rule in rules if rule.invariant and not rule.match.conditional]
    for rule in rules:
        _rule(reader, rule, terms, floors)
    for tier, found in terms.tiers.items():
        _tier(reader, tier, found, terms, floors)
    if terms.escalate_after_sec is not None and {terms.escalate_to} == {*terms.routing.values()}:
        _same_group(reader, queue_policy, "approval_queue_policy", terms.escalate_to)
    if groups is not None:
        for place, group in _destinations(rules, terms, queue_policy):
            if group not in groups:
                reader.warn(place, f"no reviewer is in the group '{group}', to which requests are escalated", STAFF)


def _rule(reader: Reader, rule: Rule, terms: Terms, floors: list[Match]) -> None:
    if rule.on_timeout is OnTimeout.APPROVE:
        why = _why_never(rule, terms, floors)
        if why:
            reader.warn(
                rule.place, f"on_timeout: approve of '{rule.id}' never applies: {why}", "write deny or escalate"
            )
    if rule.route is not None and rule.route == rule.escalate_to:
        _same_group(reader, rule.place, f"'{rule.id}'", rule.route)


def _why_never(rule: Rule, terms: Terms, floors: list[Match]) -> str:
    """Why time never approves what a rule holds, or ""; "" too where that is not plain to see."""
    match, low = rule.match, terms.tiers.get(Tier.LOW)
    if rule.decision is Decision.DENY:
        return "what it matches is denied"
    if low is None:
        return "no risk tag is in tier low"
    if (rule.approvals or 1) > 1:
        return f"it asks for {rule.approvals} people"
    if rule.min_assurance is not None and rule.min_assurance > Assurance.SESSION:
        return f"it asks for assurance '{rule.min_assurance.word}'"
    if match.risk_tags is not None and all(terms.tier(frozenset({tag})) > Tier.LOW for tag in match.risk_tags):
        return "none of its tags is in tier low"
    if match.risk_tags_all is not None and terms.tier(match.risk_tags_all) > Tier.LOW:
        return "its tags are not in tier low"
    return _gated(match, floors) or _sooner(rule.timeout_sec or low.timeout_sec, terms)


def _tier(reader: Reader, tier: Tier, found: TierRule, terms: Terms, floors: list[Match]) -> None:
    if found.on_timeout is OnTimeout.APPROVE:
        why = _gated(Match(risk_tags=found.risk_tags), floors) or _sooner(found.timeout_sec, terms)
        if why:
            message = f"on_timeout: approve of tier {tier.word} never applies: {why}"
            reader.warn(found.place, message, "write deny or escalate")
    to = found.escalate_to or terms.escalate_to
    escalates = found.on_timeout is OnTimeout.ESCALATE or found.escalate_to is not None
    if escalates and {to} == {terms.group(frozenset({tag})) for tag in found.risk_tags}:
        _same_group(reader, found.place, f"tier {tier.word}", to)


def _gated(match: Match, floors: list[Match]) -> str:
    return "an invariant gates all of it" if any(covers(floor, match) for floor in floors) else ""


def _sooner(timeout_sec: int, terms: Terms) -> str:
    after = terms.escalate_after_sec
    return f"escalate_after_sec: {after} comes first" if after is not None and after <= timeout_sec else ""


def _same_group(reader: Reader, place: Place, who: str, group: str) -> None:
    message = f"{who} escalates to the group '{group}', where its requests are already"
    reader.warn(place, message, "name another group, or on_timeout: deny")


def _destinations(rules: Collection[Rule], terms: Terms, queue_policy: Place) -> Iterator[tuple[Place, str]]:
    """Every group that requests are escalated to, and who says so."""
    yield from ((rule.place, rule.escalate_to) for rule in rules if rule.escalate_to is not None)
    yield from ((tier.place, tier.escalate_to) for tier in terms.tiers.values() if tier.escalate_to is not None)
    tiers = [tier for tier in terms.tiers.values() if tier.escalate_to is None]
    words = [*(rule.on_timeout for rule in rules if rule.escalate_to is None), *(tier.on_timeout for tier in tiers)]
    if terms.escalate_after_sec is not None or OnTimeout.ESCALATE in words:
        yield queue_policy, terms.escalate_to
