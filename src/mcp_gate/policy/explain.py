"""The whole reason of a verdict: deciding rules with their places, and the first clause that failed in each other."""

from __future__ import annotations

from decimal import Decimal

from mcp_gate.model.call import UNKNOWN, Facts
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.policy.engine import Policy


def explain(policy: Policy, facts: Facts) -> JsonObject:
    """The members of contract 9, "Facts": the verdict's, and topic, risk_tags, attributes, unknown, layers."""
    verdict = policy.decide(facts)
    subject = policy.kind(facts).subject
    told = facts.description
    layers = []
    for name, rules in [*policy.layers, ("invariants", policy.invariants)]:
        lines: list[JsonObject] = []
        matched: str | None = None
        for compiled in rules:
            failed = compiled.first_failure(subject, facts)
            line: JsonObject = {"id": compiled.rule.id, "where": _where(compiled.rule.place)}
            if failed:
                line["failed"] = failed
            elif matched is not None and name != "invariants":
                line["failed"] = f"an earlier rule of this document matched: {matched}"
            else:
                matched = matched or compiled.rule.id
            lines.append(line)
        layers.append({"document": name, "matched": matched, "rules": lines})
    attributes = {name: _plain(value) for name, value in told.attributes.items() if value is not UNKNOWN}
    unknown = sorted(name for name, value in told.attributes.items() if value is UNKNOWN)
    if facts.signals.confidence is UNKNOWN:
        unknown.append("confidence")
    return {
        **verdict.as_json(),
        "topic": told.topic,
        "risk_tags": sorted(told.risk_tags),
        "attributes": {
            **attributes,
            "retry_count": facts.signals.retry_count,
            "anomaly_score": _plain(facts.signals.anomaly_score),
            "first_time_action": facts.signals.first_time_action,
            **({} if facts.signals.confidence is UNKNOWN else {"confidence": _plain(facts.signals.confidence)}),
        },
        "unknown": unknown,
        "layers": layers,
    }


def _where(place: object) -> str:
    return str(place).rsplit(":", 1)[0]


def _plain(value: object) -> Json:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
