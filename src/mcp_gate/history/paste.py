"""A suggested rule as the text that an admin pastes, and the policy as it would be with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from mcp_gate.history.box import Box
from mcp_gate.history.cases import Thing
from mcp_gate.lang.globs import is_literal
from mcp_gate.lang.reader import Reader
from mcp_gate.lang.yamldoc import Refused, read
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.decision import Decision
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.read_rules import Ids, read_layer
from mcp_gate.policy.rules import Layer, Rule

DOCUMENT: Final = "policies/suggested.yaml"
"""The new document of a rule that no existing one must come before."""
HEAD: Final = "version: v1\nrules:\n"
REASONS: Final = {
    Decision.ALLOW: "People approved every call like this",
    Decision.ALLOW_WITH_CONSTRAINTS: "People approved every call like this",
    Decision.DENY: "People denied every call like this",
}


def text_of(
    id_: str, thing: Thing, box: Box, other_tags: Iterable[str], decision: Decision, constraints: Constraints = NONE
) -> str:
    """One item of `rules`, indented by two. It matches this tool with exactly these tags, for these agents.

    Args:
        other_tags: tags that calls of the tool can have besides; the rule matches none that has one.
    """
    lines = [f"- id: {id_}", "  match:"]
    lines += [
        f"    {key}: {_list(values)}"
        for key, values in (
            ("topics", [thing.topic]), ("upstreams", [thing.upstream]), ("tools", [thing.tool]), ("agents", box.agents),
            ("risk_tags_all", sorted(thing.tags)), ("risk_tags_none", sorted(other_tags)),
        )
        if values
    ]  # fmt: skip
    bounds = " AND ".join(
        f"attributes.{name} BETWEEN {_number(low)} AND {_number(high)}" for name, (low, high) in box.bounds.items()
    )
    lines += [f"    when: {_quoted(bounds)}"] if bounds else []
    lines.append(f"  decision: {decision.word}")
    if constraints:
        lines.append(f"  constraints: {json.dumps(constraints.as_json())}")
    lines.append(f"  reason: {_quoted(REASONS[decision])}")
    return "".join(f"  {line}\n" for line in lines)


def parsed(text: str) -> Rule | None:
    """The rule as the policy's own reader takes it: what is judged is what is printed. None: it cannot be written."""
    reader = Reader()
    try:
        root, problems = read(DOCUMENT, (HEAD + text).encode())
    except Refused:
        return None
    layer = read_layer(reader, DOCUMENT, root.entries["rules"], Ids("rule"))
    return layer.rules[0] if layer.rules and not problems and not reader.problems else None


def writable(thing: Thing, box: Box) -> bool:
    """Whether all names are literal: a star in one would widen the rule."""
    return all(map(is_literal, (thing.topic, thing.upstream, thing.tool, *box.agents)))


def with_rule(policy: Policy, rule: Rule, before: Rule | None) -> Policy:
    """The policy with one more rule: right before another in its document, or else in a document of its own."""
    layers = [_layer(name, [one.rule for one in rules], rule, before) for name, rules in policy.layers]
    if before is None:
        layers.append(Layer(DOCUMENT, (rule,)))
    levels = [Layer(name, tuple(one.rule for one in rules)) for name, rules in policy.levels]
    return Policy(layers, [one.rule for one in policy.invariants], policy.terms, dict(enumerate(levels)))


def free_id(stem: str, taken: set[str]) -> str:
    """An id that no rule has; it is taken from now on."""
    clean = re.sub(r"[^A-Za-z0-9_.-]+", "-", stem).strip("-.")[:100]
    numbers = (f"{clean}-{number}" for number in range(2, len(taken) + 3))
    found = clean if clean not in taken else next(id_ for id_ in numbers if id_ not in taken)
    taken.add(found)
    return found


def _layer(name: str, rules: list[Rule], rule: Rule, before: Rule | None) -> Layer:
    at = next((number for number, one in enumerate(rules) if before is not None and one.id == before.id), None)
    if at is not None:
        rules.insert(at, rule)
    return Layer(name, tuple(rules))


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, values))}]"


def _quoted(text: str) -> str:
    """JSON's texts are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _number(value: Decimal) -> str:
    return f"{value:f}"
