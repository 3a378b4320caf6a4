"""A held call, the people of a gate and their words, for tests of review."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mcp_gate.evidence.hashes import job_hash
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.config import AgentSpec
from mcp_gate.model.decision import Assurance, OnTimeout, Tier
from mcp_gate.model.request import RecordedDecision, Request, RequestStatus, ReviewerDecision
from mcp_gate.review.people import People, Person, Reviewer
from mcp_gate.review.standing import Standing

NOW = 1_800_000_000.0
SNAPSHOT = "v1:0123456789ab"
TOOL_HASH = "sha256:" + "0" * 64


def a_call(**changes: Any) -> Call:
    values: dict[str, Any] = {
        "id": "c-1", "ts": rfc3339(NOW - 60), "agent": "claude-code", "session": "s-1", "upstream": "shop",
        "method": "tools/call", "tool": "refund_order", "listed_name": "shop_refund_order",
        "topic": "job.support.process-refund", "risk_tags": ("financial", "write"),
        "arguments": {"order": "O-1", "amount": 120}, "attributes": {"amount_usd": 120}, "tool_hash": TOOL_HASH,
    }  # fmt: skip
    values.update(changes)
    bound = ("agent", "upstream", "tool", "tool_hash", "topic", "risk_tags", "arguments")
    values.setdefault("job_hash", job_hash(**{name: values[name] for name in bound}))
    return Call(**values)


def a_request(call: Call | None = None, **changes: Any) -> Request:
    verdict = {
        "decision": "require_approval", "rule_id": "refunds", "rule_ids": ["refunds"],
        "reason": "Refunds need a person",
        "constraints": {}, "tier": "high", "route": "finance-approvers", "approvals": 1, "timeout_sec": 900,
        "on_timeout": "deny", "min_assurance": "session", "policy_snapshot": SNAPSHOT,
    }  # fmt: skip
    base = Request(
        id="R-1", kind="gate", status=RequestStatus.PENDING, call=call or a_call(), verdict=verdict,
        policy_snapshot=SNAPSHOT, tier=Tier.HIGH, group="finance-approvers", needed=1,
        min_assurance=Assurance.SESSION, on_timeout=OnTimeout.DENY,
        opened_ts=rfc3339(NOW - 60), due_ts=rfc3339(NOW + 840),
    )  # fmt: skip
    return replace(base, **changes)


def an_approval(by: str, **changes: Any) -> RecordedDecision:
    base = RecordedDecision("approve", "", by, rfc3339(NOW - 5), Assurance.SESSION, "n-" + by)
    return replace(base, **changes)


def a_word(request: Request, decision: str = "approve", by: str = "dana", **changes: Any) -> ReviewerDecision:
    values: dict[str, Any] = {
        "decision": decision, "approver_id": by, "job_hash": request.call.job_hash,
        "policy_snapshot": request.policy_snapshot, "decision_ts": rfc3339(NOW), "nonce": "n-1",
    }  # fmt: skip
    return ReviewerDecision(**{**values, **changes})


FINANCE = frozenset({"finance-approvers"})
PEOPLE = People(
    {
        "dana": Person("dana", FINANCE),
        "ana": Person("ana", FINANCE),
        "sam": Person("sam", frozenset({"ops-approvers"})),
        "root": Person("root", None),
    }
)


def a_standing(
    by: str = "dana", *, assurance: Assurance = Assurance.SESSION, people: People = PEOPLE,
    agent: AgentSpec | None = None, **changes: Any,
) -> Standing:  # fmt: skip
    person = people.find(by)
    reviewer = None if person is None else Reviewer(person, assurance)
    values: dict[str, Any] = {
        "now": NOW, "wall": NOW, "snapshot": SNAPSHOT, "tool_hash": TOOL_HASH, "record": {"call_id": "c-1"},
    }  # fmt: skip
    return Standing(reviewer=reviewer, people=people, agent=agent, **{**values, **changes})
