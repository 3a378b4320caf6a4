"""Reads `rules:`, `invariants:` and what stands beside them in a document."""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node
from mcp_gate.model.config import Place
from mcp_gate.model.constraints import NONE
from mcp_gate.model.decision import Assurance, Decision, OnTimeout
from mcp_gate.policy.read_match import read_constraints, read_match
from mcp_gate.policy.rules import Layer, Rule

RULE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
GROUP: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
RULE_KEYS: Final = frozenset(
    {
        "id", "match", "decision", "reason", "constraints", "approvals", "route", "timeout_sec", "on_timeout",
        "escalate_to", "min_assurance",
    }
)  # fmt: skip
DECISIONS: Final = {decision.word: decision for decision in Decision}
ON_TIMEOUT: Final = {word.word: word for word in OnTimeout}
ASSURANCES: Final = {word.word: word for word in Assurance}
FLOORS: Final = {word: DECISIONS[word] for word in ("require_approval", "deny")}
MOST_SEC: Final = 366 * 86_400


def read_layer(reader: Reader, name: str, node: Node | None, *, ids: bool) -> Layer:
    """A list of rules.

    Args:
        ids: whether every rule needs an id; a level's rules without one are called `level_1.2`.
    """
    rules = []
    for position, item in enumerate(reader.sequence(node, "a list of rules"), start=1):
        rule = _rule(reader, item, None if ids else f"{name}.{position}")
        if rule is not None:
            rules.append(rule)
    return Layer(name, tuple(rules))


def _rule(reader: Reader, node: Node, default_id: str | None) -> Rule | None:
    block = reader.mapping(node, RULE_KEYS, "a rule")
    if block is None:
        return None
    get = block.entries.get
    id_ = reader.name(get("id"), RULE_ID, "a rule id") or default_id
    if id_ is None and "id" not in block.entries:
        reader.error(block.place, "the rule has no id", "add 'id: some-name', unique over all documents")
    match = read_match(reader, reader.need(block, "match", 'add match: { topics: ["*"] } to match every call'))
    said = reader.need(block, "decision", f"add one of: {', '.join(DECISIONS)}")
    decision = reader.one_of(said, DECISIONS, "a decision")
    rule = Rule(
        id=id_ or "?",
        place=block.place,
        match=match,  # type: ignore[arg-type]  # checked below, after all errors were collected
        decision=decision if decision is not None else Decision.DENY,
        reason=reader.text(get("reason"), "a reason") or "",
        constraints=read_constraints(reader, get("constraints")) if "constraints" in block.entries else NONE,
        approvals=reader.integer(get("approvals"), least=1, most=20),
        route=reader.name(get("route"), GROUP, "a group"),
        timeout_sec=reader.integer(get("timeout_sec"), least=1, most=MOST_SEC),
        on_timeout=reader.one_of(get("on_timeout"), ON_TIMEOUT, "one of deny, escalate, approve"),
        escalate_to=reader.name(get("escalate_to"), GROUP, "a group"),
        min_assurance=reader.one_of(get("min_assurance"), ASSURANCES, "an assurance"),
    )
    if match is None or decision is None or id_ is None:
        return None
    _sensible(reader, rule, block)
    return rule


def _sensible(reader: Reader, rule: Rule, block: Mapping_) -> None:
    """What is legal in each field alone and still wrong together."""
    confident = rule.match.confidence_below is not None
    if rule.match.when is not None:
        confident = confident or "confidence" in rule.match.when.text
    if not rule.decision.restrictive and confident:
        reader.error(
            rule.place, "a permissive rule rests on confidence, which the agent itself claims",
            "make the decision require_approval or deny, or leave confidence out",
        )  # fmt: skip
    if rule.on_timeout is OnTimeout.APPROVE:
        reader.warn(block.keys["on_timeout"], "on_timeout: approve applies to calls of tier low alone")


def read_invariants(reader: Reader, node: Node | None) -> tuple[Rule, ...]:
    """Floors that no order and no level can lower."""
    found = []
    for item in reader.sequence(node, "a list of invariants"):
        block = reader.mapping(item, {"id", "match", "at_least", "reason"}, "an invariant")
        if block is None:
            continue
        id_ = reader.name(reader.need(block, "id", "add 'id: some-name'"), RULE_ID, "an invariant id")
        match = read_match(reader, reader.need(block, "match", "say which calls it is about"))
        floor = reader.one_of(
            reader.need(block, "at_least", "add at_least: require_approval or deny"), FLOORS, "require_approval or deny"
        )
        reason = reader.text(block.entries.get("reason"), "a reason") or ""
        if id_ is not None and match is not None and floor is not None:
            found.append(Rule(id_, block.place, match, floor, reason, invariant=True))
    return tuple(found)


def read_never(reader: Reader, node: Node | None) -> None:
    """Claims for the prover: checked for form here."""
    for item in reader.sequence(node, "a list of claims"):
        block = reader.mapping(item, {"id", "match", "weaker_than", "reason"}, "a claim")
        if block is not None:
            reader.name(reader.need(block, "id", "add 'id: some-name'"), RULE_ID, "a claim id")
            read_match(reader, reader.need(block, "match", "say which calls it is about"))
            need = reader.need(block, "weaker_than", "add weaker_than: require_approval or deny")
            reader.one_of(need, FLOORS, "require_approval or deny")
            reader.text(block.entries.get("reason"), "a reason")


def unique(reader: Reader, rules: list[Rule]) -> None:
    """Ids are unique over all documents."""
    first: dict[str, Place] = {}
    for rule in rules:
        if rule.id in first:
            was = first[rule.id]
            reader.error(
                rule.place, f"the rule id '{reveal(rule.id)}' is used twice; first at {was.file}:{was.line}",
                "give one of them another id",
            )  # fmt: skip
        else:
            first[rule.id] = rule.place
