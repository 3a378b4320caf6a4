"""The whole reason of a verdict: deciding rules with their places, and the first clause that failed in each other."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from mcp_gate.model.call import UNKNOWN, Attribute, Facts, Signals
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.policy.clauses import Compiled, Subject
from mcp_gate.policy.engine import INVARIANTS, Policy


def explain(policy: Policy, facts: Facts) -> JsonObject:
    """The members of contract 9, "Facts": the verdict's, and `topic`, `risk_tags`, `attributes`, `unknown`, `layers`.

    `level` is there where the policy has levels. A rule that decides has no member `failed`; one that may, as far as
    can be told of the tags, says why in `maybe`. A layer in which no rule surely matches has no member `matched`.
    """
    verdict, subject = policy.decide(facts), policy.kind(facts).subject
    layers = [_layer(name, rules, subject, facts) for name, rules in policy.layers_at(facts.signals.level)]
    if policy.invariants:
        layers.append(_layer(INVARIANTS, policy.invariants, subject, facts))
    signals = facts.signals
    values: dict[str, Attribute] = {
        **facts.description.attributes,
        "confidence": signals.confidence,
        "retry_count": signals.retry_count,
        "anomaly_score": signals.anomaly_score,
        "first_time_action": signals.first_time_action,
        "tainted": signals.tainted,
    }
    return {
        **verdict.as_json(),
        "topic": facts.description.topic,
        "risk_tags": sorted(facts.description.risk_tags),
        "attributes": {name: _plain(value) for name, value in values.items() if value is not UNKNOWN},
        "unknown": sorted(name for name, value in values.items() if value is UNKNOWN),
        **({"windows": _windows(policy, signals)} if policy.windows else {}),
        **({"level": signals.level} if policy.levels else {}),
        "layers": layers,
    }


def _layer(name: str, rules: Sequence[Compiled], subject: Subject, facts: Facts) -> JsonObject:
    lines: list[JsonObject] = []
    matched: str | None = None
    for compiled in rules:
        line: JsonObject = {"id": compiled.rule.id, "where": compiled.word.where}
        failed = compiled.first_failure(subject, facts)
        if not failed and matched is not None and name != INVARIANTS:
            failed = f"'{matched}' comes first in this document"
        if failed:
            line["failed"] = failed
        elif doubt := compiled.doubt(subject):
            line["maybe"] = doubt
        elif matched is None:
            matched = compiled.rule.id
        lines.append(line)
    return {"document": name, **({} if matched is None else {"matched": matched}), "rules": lines}


def _windows(policy: Policy, signals: Signals) -> JsonObject:
    values = {window.text: signals.windows.get(window.text, UNKNOWN) for window in policy.windows}
    return {text: "unknown" if value is UNKNOWN else _plain(value) for text, value in values.items()}


def _plain(value: Attribute) -> Json:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
