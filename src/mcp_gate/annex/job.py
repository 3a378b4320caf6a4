"""What an object is looked at by, as it goes to a process of the annex."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mcp_gate.gate.terms import Terms
from mcp_gate.model.output import OutputDecision, Unscannable
from mcp_gate.policy.read_output import OutputRule
from mcp_gate.scanning import frames


def packed(terms: Terms) -> tuple[Any, ...]:
    """As plain values."""
    rules = tuple(
        (
            rule.id, rule.paths, tuple(rule.entities), str(rule.min_score), rule.count_above,
            None if rule.decision is None else rule.decision.name,
            None if rule.unscannable is None else rule.unscannable.name, rule.reason,
        )
        for rule in terms.rules
    )  # fmt: skip
    return (
        rules, terms.enabled, frames.encode_options(terms.detection), terms.snapshot, terms.job_id, terms.most_bytes,
        terms.schema, terms.gives_tokens,
    )  # fmt: skip


def unpacked(told: tuple[Any, ...]) -> Terms:
    """The same, in the process."""
    rules, enabled, detection, *rest = told
    return Terms(tuple(map(_rule, rules)), enabled, frames.decode_options(detection), *rest)


def _rule(told: tuple[Any, ...]) -> OutputRule:
    id_, paths, entities, least, count_above, decision, unscannable, reason = told
    return OutputRule(
        id_, paths=paths, entities=frozenset(entities), min_score=Decimal(least), count_above=count_above,
        decision=None if decision is None else OutputDecision[decision],
        unscannable=None if unscannable is None else Unscannable[unscannable], reason=reason,
    )  # fmt: skip
