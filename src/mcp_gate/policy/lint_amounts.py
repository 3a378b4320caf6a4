"""Warnings about limits on amounts that bind nothing: no tool they are about says what its amount is."""

from __future__ import annotations

from collections.abc import Iterable

from mcp_gate.lang.reader import Reader
from mcp_gate.model.decision import Decision
from mcp_gate.policy.reach import may_concern
from mcp_gate.policy.read_upstreams import Upstreams
from mcp_gate.policy.rules import Rule

AMOUNT = "amount_usd"


def lint_amounts(reader: Reader, rules: Iterable[Rule], upstreams: Upstreams) -> None:
    """An amount that no mapping declares is absent, and no limit binds what is absent (contract 3.1)."""
    for rule in rules:
        if rule.decision is Decision.DENY or rule.constraints.max_amount_usd is None:
            continue
        about = [(id_, found) for id_, found in upstreams.mappings.items() if may_concern(rule.match, id_, found)]
        if not any(AMOUNT in tool.attributes for _, found in about for tool in found.all()):
            ids = ", ".join(f"'{id_}'" for id_, _ in about) or "any upstream"
            message = f"max_amount_usd of '{rule.id}' binds nothing: no tool of {ids} declares {AMOUNT}"
            reader.warn(rule.place, message, f"add attributes: {{ {AMOUNT}: args.… }} to the tool in upstreams.yaml")
