"""A limit on amounts that can bind no call is told of."""

from __future__ import annotations

import pytest

from mcp_gate.policy.load import load

RULES = b"""version: v1
rules: [ { id: cap, match: { topics: ["job.shop.*"] }, decision: allow, constraints: { max_amount_usd: 5 } } ]
"""


@pytest.mark.parametrize(("attributes", "told"), [("", True), (", attributes: { amount_usd: args.amount }", False)])
def test_a_limit_is_told_of_where_no_tool_it_is_about_declares_its_amount(attributes: str, told: bool) -> None:
    tools = f"{{ pay: {{ topic: job.shop.pay, risk_tags: [write]{attributes} }} }}"
    upstreams = f"version: v1\nupstreams: {{ shop: {{ command: shop, tools: {tools} }} }}\n".encode()
    warnings = [str(one) for one in load({"upstreams.yaml": upstreams, "policies/a.yaml": RULES}).warnings]
    warning = "max_amount_usd of 'cap' binds nothing: no tool of 'shop' declares amount_usd"
    assert any(warning in one for one in warnings) is told
