"""Reads `approval_queue_policy`, `fatigue_controls` and `evidence_contract` (contract 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.yamldoc import Node
from mcp_gate.policy.read_match import MOST_SEC
from mcp_gate.policy.read_rules import GROUP

EVIDENCE: Final = {word: word for word in ("policy_snapshot", "job_hash", "approver_id", "decision_ts")}
TARGETS: Final = frozenset(
    {"target_median_wait_sec", "target_p95_wait_sec", "max_open_requests_per_reviewer", "escalate_after_sec"}
)
COUNTS: Final = frozenset({"cooldown_after_approvals", "cooldown_window_sec", "cooldown_sec"})


@dataclass(frozen=True, slots=True)
class Queue:
    """`approval_queue_policy` and `fatigue_controls`, as far as they are written; seconds and counts."""

    target_median_wait_sec: int | None = None
    target_p95_wait_sec: int | None = None
    max_open_requests_per_reviewer: int | None = None
    escalate_after_sec: int | None = None
    escalate_to: str | None = None
    auto_rebalance: bool | None = None
    cooldown_after_approvals: int | None = None
    cooldown_window_sec: int | None = None
    cooldown_sec: int | None = None
    sampled_second_review_rate: Decimal | None = None


def read_queue(reader: Reader, policy: Node | None, fatigue: Node | None) -> Queue:
    """Targets, caps and cooldowns."""
    entries: dict[str, Node] = {}
    block = reader.mapping(policy, {*TARGETS, "escalate_to"}, "a queue policy")
    if block is not None:
        entries |= {key: value for key, value in block.entries.items() if key in {*TARGETS, "escalate_to"}}
    controls = {*COUNTS, "auto_rebalance", "sampled_second_review_rate"}
    block = reader.mapping(fatigue, controls, "fatigue controls")
    if block is not None:
        entries |= {key: value for key, value in block.entries.items() if key in controls}
    numbers = {key: reader.integer(entries.get(key), least=1, most=MOST_SEC) for key in TARGETS | COUNTS}
    return Queue(
        escalate_to=reader.name(entries.get("escalate_to"), GROUP, "a group"),
        auto_rebalance=reader.boolean(entries.get("auto_rebalance")),
        sampled_second_review_rate=reader.decimal(entries.get("sampled_second_review_rate"), most=1),
        **numbers,
    )


def read_evidence(reader: Reader, node: Node | None) -> None:
    """The evidence contract: it may be written down, and cannot be weakened."""
    block = reader.mapping(node, {"required_fields", "reject_if_incomplete"}, "an evidence contract")
    if block is None:
        return
    fields = block.entries.get("required_fields")
    named = reader.each(fields, lambda item: reader.one_of(item, EVIDENCE, "an evidence field"))
    missing = [word for word in EVIDENCE if word not in named]
    if fields is not None and missing:
        reader.error(
            fields.place, f"evidence without {', '.join(missing)}", "name all four fields; they are always required"
        )
    reject = block.entries.get("reject_if_incomplete")
    if reject is not None and reader.boolean(reject) is False:
        reader.error(reject.place, "incomplete evidence is always rejected", "write true, or remove the key")
