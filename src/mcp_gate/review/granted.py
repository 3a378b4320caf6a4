"""Whether what people said to the question before an action counts for the action itself (contract 9, Workflows)."""

from __future__ import annotations

from collections.abc import Iterable

from mcp_gate.model.decision import Assurance
from mcp_gate.model.verdict import Verdict
from mcp_gate.review.people import People


def counts(said: Iterable[tuple[str, Assurance]], snapshot: str, verdict: Verdict, people: People) -> bool:
    """Whether the rule's group, number and assurance are met, under the policy that is still in force.

    Args:
        said: who approved, and how each proved who he is.
        snapshot: the policy it was said under.
    """
    if snapshot != verdict.policy_snapshot:
        return False
    entitled = {
        person
        for person, assurance in said
        if assurance >= verdict.min_assurance and people.decides_for(person, verdict.group)
    }
    return len(entitled) >= verdict.approvals
