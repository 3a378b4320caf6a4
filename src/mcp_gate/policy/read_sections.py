"""Reads the smaller sections of a document: tiers, routing and queue, sampling, autonomy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Node, Scalar
from mcp_gate.model.decision import OnTimeout, Tier
from mcp_gate.policy.read_match import read_match, read_tag
from mcp_gate.policy.read_rules import GROUP, MOST_SEC, ON_TIMEOUT, read_layer
from mcp_gate.policy.rules import Layer, Match

LEVEL: Final = re.compile(r"level_(0|[1-9][0-9]?)")
EVIDENCE: Final = {word: word for word in ("policy_snapshot", "job_hash", "approver_id", "decision_ts")}
TIER_WORDS: Final = {tier.word: tier for tier in Tier}


@dataclass(frozen=True, slots=True)
class TierRule:
    risk_tags: frozenset[str]
    timeout_sec: int
    on_timeout: OnTimeout
    escalate_to: str | None = None


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


@dataclass(frozen=True, slots=True)
class Sampling:
    rate: Decimal
    strategy: str
    weights: Mapping[str, Decimal] = field(default_factory=dict)
    mandatory: tuple[Match, ...] = ()
    routing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Autonomy:
    levels: Mapping[int, Layer] = field(default_factory=dict)
    promotion: Mapping[str, Decimal | bool] = field(default_factory=dict)
    demotion: tuple[str, ...] = ()
    error_rate_above: Decimal | None = None


def read_tiers(reader: Reader, node: Node | None) -> dict[Tier, TierRule]:
    """`risk_tiers` (contract 3.4)."""
    out = {}
    block = reader.mapping(node, TIER_WORDS, "risk tiers")
    for name, body in block.entries.items() if block is not None else ():
        if name not in TIER_WORDS:
            continue
        keys = {"risk_tags", "timeout_sec", "on_timeout", "escalate_to"}
        entry = reader.mapping(body, keys, "a tier")
        if entry is None:
            continue
        get = entry.entries.get
        tags = reader.each(reader.need(entry, "risk_tags", "name the tags"), lambda item: read_tag(reader, item))
        seconds = reader.integer(reader.need(entry, "timeout_sec", "add seconds"), least=1, most=MOST_SEC)
        word = reader.one_of(get("on_timeout"), ON_TIMEOUT, "one of deny, escalate, approve")
        if word is OnTimeout.APPROVE and name != "low":
            place = entry.entries["on_timeout"].place
            reader.error(place, "on_timeout: approve is for tier low alone", "write deny or escalate")
        if seconds is not None:
            to = reader.name(get("escalate_to"), GROUP, "a group")
            out[TIER_WORDS[name]] = TierRule(frozenset(tags), seconds, OnTimeout.DENY if word is None else word, to)
    return out


def read_routing(reader: Reader, node: Node | None) -> dict[str, str]:
    """`<tag>_actions: group` and `default: group`."""
    out = {}
    for key, place, value in reader.entries(node, "a mapping of groups"):
        group = reader.name(value, GROUP, "a group")
        if key != "default" and not key.endswith("_actions"):
            reader.error(place, f"'{reveal(key)}' routes nothing", "write <tag>_actions, or default")
        elif group is not None:
            out[key] = group
    return out


def read_action_classes(reader: Reader, node: Node | None) -> dict[str, frozenset[str]]:
    """Wider meanings of routing keys."""
    out = {}
    for key, _, value in reader.entries(node, "a mapping of classes"):
        block = reader.mapping(value, {"risk_tags"}, "a class with risk_tags")
        if block is not None:
            tags = reader.each(block.entries.get("risk_tags"), lambda item: read_tag(reader, item))
            out[key] = frozenset(tags)
    return out


def read_queue(reader: Reader, policy: Node | None, fatigue: Node | None) -> Queue:
    """Targets, caps and cooldowns."""
    targets = {"target_median_wait_sec", "target_p95_wait_sec", "max_open_requests_per_reviewer", "escalate_after_sec"}
    counts = {"cooldown_after_approvals", "cooldown_window_sec", "cooldown_sec"}
    block = reader.mapping(policy, {*targets, "escalate_to"}, "a queue policy")
    entries: dict[str, Node] = dict(block.entries) if block is not None else {}
    block = reader.mapping(fatigue, {*counts, "auto_rebalance", "sampled_second_review_rate"}, "fatigue controls")
    entries |= block.entries if block is not None else {}
    numbers = {key: reader.integer(entries.get(key), least=1, most=MOST_SEC) for key in targets | counts}
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
    named = reader.each(
        block.entries.get("required_fields"), lambda item: reader.one_of(item, EVIDENCE, "an evidence field")
    )
    missing = sorted(set(EVIDENCE) - set(named))
    if "required_fields" in block.entries and missing:
        place = block.entries["required_fields"].place
        reader.error(place, f"evidence without {', '.join(missing)}", "name all four fields; they are always required")
    reject = block.entries.get("reject_if_incomplete")
    if reader.boolean(reject) is False and reject is not None:
        reader.error(reject.place, "incomplete evidence is always rejected", "write true, or remove the key")


def read_audit(reader: Reader, node: Node | None) -> Sampling | None:
    """`audit: {sampling, routing}` (contract 3.3)."""
    block = reader.mapping(node, {"sampling", "routing"}, "an audit section")
    if block is None:
        return None
    keys = {"rate", "strategy", "weights", "mandatory"}
    sampling = reader.mapping(reader.need(block, "sampling", "add sampling: { rate: 0.1 }"), keys, "sampling")
    if sampling is None:
        return None
    get = sampling.entries.get
    rate = reader.decimal(reader.need(sampling, "rate", "add a rate from 0 to 1"), most=1)
    words = {"uniform": "uniform", "stratified": "stratified"}
    weights: dict[str, Decimal] = {}
    weighted = reader.mapping(get("weights"), {"risk_tags"}, "weights by risk_tags")
    for tag, _, value in reader.entries(weighted.entries.get("risk_tags") if weighted else None):
        weight = reader.decimal(value, most=1000)
        if weight is not None:
            weights[tag] = weight
    return Sampling(
        rate=rate if rate is not None else Decimal(0),
        strategy=reader.one_of(get("strategy"), words, "uniform or stratified") or "uniform",
        weights=weights,
        mandatory=reader.each(get("mandatory"), lambda item: _mandatory(reader, item)),
        routing=read_routing(reader, block.entries.get("routing")),
    )


def _mandatory(reader: Reader, node: Node) -> Match | None:
    block = reader.mapping(node, {"match"}, "a block with match")
    return None if block is None else read_match(reader, reader.need(block, "match", "say which calls"))


def read_autonomy(
    reader: Reader, levels: Node | None, promotion: Node | None, demotion: Node | None
) -> Autonomy:
    """Levels, what lifts an agent and what lowers it (contract 3.2)."""
    found: dict[int, Layer] = {}
    for name, place, body in reader.entries(levels, "a mapping of levels"):
        number = LEVEL.fullmatch(name)
        block = reader.mapping(body, {"name", "rules"}, "a level")
        if number is None:
            reader.error(place, f"'{reveal(name)}' is no level", "write level_0, level_1, …")
        elif block is not None:
            reader.text(block.entries.get("name"), "a name")
            rules = reader.need(block, "rules", "add its rules")
            found[int(number[1])] = read_layer(reader, name, rules, ids=False)
    if levels is not None and 0 not in found:
        reader.error(levels.place, "there is no level_0, at which agents start", "add level_0")
    return Autonomy(found, _promotion(reader, promotion), *_demotion(reader, demotion))


def _promotion(reader: Reader, node: Node | None) -> dict[str, Decimal | bool]:
    reads: dict[str, Callable[[Node | None], Decimal | int | bool | None]] = {
        "min_successful_actions": lambda n: reader.integer(n, most=10**9),
        "max_error_rate": lambda n: reader.decimal(n, most=1),
        "review_period_days": lambda n: reader.integer(n, most=3660),
        "requires_human_sign_off": reader.boolean,
    }
    block = reader.mapping(node, reads, "promotion criteria")
    out: dict[str, Decimal | bool] = {}
    for key, value in block.entries.items() if block is not None else ():
        found = reads[key](value) if key in reads else None
        if found is not None:
            out[key] = found if isinstance(found, bool) else Decimal(found)
    if out.get("requires_human_sign_off") is False and block is not None:
        place = block.entries["requires_human_sign_off"].place
        reader.error(place, "a promotion is always a person's decision", "write true, or remove the key")
    return out


def _demotion(reader: Reader, node: Node | None) -> tuple[tuple[str, ...], Decimal | None]:
    words = {"policy_violation": "policy_violation", "safety_incident": "safety_incident"}
    triggers: list[str] = []
    rate: Decimal | None = None
    for item in reader.sequence(node, "a list of triggers"):
        if isinstance(item, Scalar):
            word = reader.one_of(item, words, "a trigger")
            triggers += [word] if word else []
        else:
            block = reader.mapping(item, {"error_rate_above"}, "a trigger")
            rate = reader.decimal(block.entries.get("error_rate_above"), most=1) if block is not None else rate
    return tuple(triggers), rate


