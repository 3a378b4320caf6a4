"""A condition that another spelling of an argument slips past is told of."""

from __future__ import annotations

import pytest

from support.directories import loaded, rule, rules


@pytest.mark.parametrize(
    ("when", "decision", "told"),
    [
        ("args.env = 'prod'", "deny", "'PROD' is not 'prod'"),
        ("args.env <> 'prod'", "allow", "'PROD' is not 'prod'"),
        ("NOT (args.env IN ('PROD', 'live'))", "allow", "'prod' is not 'PROD'"),
        ("args.sql LIKE 'drop %' OR args.n > 5", "require_approval", "'DROP %' is not 'drop %'"),
        ("args.to CONTAINS 'all'", "deny", "'ALL' is not 'all'"),
        ("args.env = 'prod'", "allow", ""),
        ("args.env <> 'dev'", "deny", ""),
        ("args.env IN ('prod', 'PROD')", "deny", ""),
        ("args.code = '007' OR args.n = 5", "deny", ""),
        ("call.tool = 'deploy'", "deny", ""),
    ],
)
def test_a_text_that_an_agent_may_spell_otherwise_is_told_of(when: str, decision: str, told: str) -> None:
    warnings = [str(one) for one in loaded(rules(rule("r", f'when: "{when}"', decision))).warnings]
    found = [one for one in warnings if "compares exactly" in one]
    assert len(found) == bool(told)
    assert all(f"'r' compares exactly: {told}" in one for one in found)
