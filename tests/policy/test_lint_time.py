"""What `policy check` says about time: approvals that never come, escalations that lead nowhere."""

from __future__ import annotations

import pytest

from mcp_gate.policy.load import load
from support.directories import files, rule, rules

LOW = "  low: { risk_tags: [read], timeout_sec: 600, on_timeout: approve }\n"
TIERS = (
    "risk_tiers:\n  medium: { risk_tags: [write], timeout_sec: 60, on_timeout: escalate, escalate_to: bosses }\n" + LOW
)
PEOPLE = "reviewers: { dana: { groups: [ops] } }"


def said(*documents: str, gate: str | None = None) -> list[str]:
    """The warnings about time, without the one that every `on_timeout: approve` of a rule has."""
    found = [str(warning) for warning in load(files(*documents, gate=gate)).warnings]
    marks = ("never applies", "escalates to", "are escalated")
    return [line for line in found if any(mark in line for mark in marks)]


def approving(match: str, more: str = "", decision: str = "require_approval") -> str:
    return rules(rule("a", match, decision, "on_timeout: approve" + more))


ANY = 'topics: ["*"]'


@pytest.mark.parametrize(
    ("documents", "why"),
    [
        ((approving(ANY),), "no risk tag is in tier low"),
        ((TIERS, approving(ANY, ", approvals: 2")), "it asks for 2 people"),
        ((TIERS, approving(ANY, ", min_assurance: token")), "it asks for assurance 'token'"),
        ((TIERS, approving(ANY, decision="deny")), "what it matches is denied"),
        ((TIERS, approving("risk_tags: [write, other]")), "none of its tags is in tier low"),
        ((TIERS, approving("risk_tags_all: [read, write]")), "its tags are not in tier low"),
        (
            (TIERS, approving('topics: ["job.a.*"]'),
             'invariants: [ { id: i, match: { topics: ["job.*"] }, at_least: require_approval } ]\n'),
            "an invariant gates all of it",
        ),
        (
            (TIERS, approving(ANY, ", timeout_sec: 90"), "approval_queue_policy: { escalate_after_sec: 90 }\n"),
            "escalate_after_sec: 90 comes first",
        ),
    ],
)  # fmt: skip
def test_an_approval_at_the_time_out_that_never_comes_is_warned_of(documents: tuple[str, ...], why: str) -> None:
    lines = [line for line in said(*documents) if "on_timeout: approve of 'a' never applies" in line]
    assert len(lines) == 1
    assert f"never applies: {why}; write deny or escalate" in lines[0]


@pytest.mark.parametrize("match", [ANY, "risk_tags: [read, write]", "risk_tags_all: [read]"])
def test_one_that_can_come_is_not_warned_of(match: str) -> None:
    assert said(TIERS, approving(match), "approval_queue_policy: { escalate_after_sec: 601 }\n") == []


def test_the_same_is_said_of_tier_low_with_its_place() -> None:
    gated = "invariants: [ { id: i, match: { risk_tags: [read, x] }, at_least: deny } ]\n"
    (line,) = said(TIERS, gated)
    assert line.startswith("policies/a.yaml:4:8: on_timeout: approve of tier low never applies: an invariant gates")
    (line,) = said(TIERS, "approval_queue_policy: { escalate_after_sec: 600 }\n")
    assert "tier low never applies: escalate_after_sec: 600 comes first" in line


@pytest.mark.parametrize(
    ("documents", "begins"),
    [
        ((TIERS,), "policies/a.yaml:3:11: no reviewer is in the group 'bosses', to which requests are escalated"),
        (
            (rules(rule("a", ANY, "require_approval", "escalate_to: bosses")),),
            "policies/a.yaml:3:5: no reviewer is in the group 'bosses'",
        ),
        (
            ("approval_queue_policy: { escalate_after_sec: 60 }\n",),
            "policies/a.yaml:2:1: no reviewer is in the group 'escalation'",
        ),
        (
            (rules(rule("a", ANY, "require_approval", "on_timeout: escalate")),),
            "policies:1:1: no reviewer is in the group 'escalation'",
        ),
    ],
)
def test_an_escalation_to_a_group_that_nobody_is_in_is_warned_of(documents: tuple[str, ...], begins: str) -> None:
    (line,) = said(*documents, gate=PEOPLE)
    assert line.startswith(begins)
    assert said(*documents) == [], "without reviewers everybody is in every group"


@pytest.mark.parametrize(
    ("documents", "begins"),
    [
        (
            (rules(rule("a", ANY, "require_approval", "route: ops, escalate_to: ops")),),
            "policies/a.yaml:3:5: 'a' escalates to the group 'ops', where its requests are already; name another",
        ),
        (
            (TIERS, "routing: { write_actions: bosses, default: ops }\n"),
            "policies/a.yaml:3:11: tier medium escalates to the group 'bosses'",
        ),
        (
            ("routing: { default: escalation }\napproval_queue_policy: { escalate_after_sec: 60 }\n",),
            "policies/a.yaml:3:1: approval_queue_policy escalates to the group 'escalation'",
        ),
    ],
)
def test_an_escalation_to_the_very_same_group_is_warned_of(documents: tuple[str, ...], begins: str) -> None:
    (line,) = said(*documents)
    assert line.startswith(begins)


def test_the_whole_queue_policy_is_in_force() -> None:
    policy = "target_median_wait_sec: 30, max_open_requests_per_reviewer: 40, escalate_after_sec: 60, escalate_to: a"
    found = load(files(f"approval_queue_policy: {{ {policy} }}\n")).warnings
    assert [str(warning) for warning in found if "not yet in force" in warning.message] == []
