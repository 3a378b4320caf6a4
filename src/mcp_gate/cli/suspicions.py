"""What `policy check` says of claims and levels without a solver."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_gate.cli.examples import told
from mcp_gate.model.config import Problem
from mcp_gate.policy.lint import POLICIES
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.proof.search import disproved, stricter_above

MORE = "see 'mcp-gate policy prove'"


def suspicions(loaded: Loaded) -> Iterator[Problem]:
    """Claims that do not hold and levels that are stricter than the one below, where a quick search shows it."""
    policy = loaded.policy
    for claim, example in disproved(policy, loaded.claims):
        verdict = example.verdict
        call = f"{told(example.facts, level=bool(policy.levels))}: {verdict.decision.word} by {verdict.rule_id}"
        yield Problem(claim.place, f"the claim '{claim.id}' does not hold: {call}", MORE)
    for step in stricter_above(policy):
        assert step.lower is not None
        assert step.higher is not None
        rules = policy.levels[step.level + 1][1]
        place = rules[0].rule.place if rules else POLICIES
        words = f"{step.lower.verdict.decision.word} becomes {step.higher.verdict.decision.word}"
        call = told(step.lower.facts, level=False)
        yield Problem(place, f"level_{step.level + 1} is stricter than level_{step.level}: {words} for {call}", MORE)
