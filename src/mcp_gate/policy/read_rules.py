"""Reads `rules:`, `invariants:` and `never:`."""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node
from mcp_gate.model.config import Place
from mcp_gate.model.constraints import NONE
from mcp_gate.model.decision import Assurance, Decision, OnTimeout
from mcp_gate.policy.engine import BUILT_IN_IDS
from mcp_gate.policy.read_match import MOST_SEC, read_constraints, read_match
from mcp_gate.policy.rules import Layer, Match, Rule

RULE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
GROUP: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
REQUEST_KEYS: Final = frozenset({"approvals", "route", "timeout_sec", "on_timeout", "escalate_to", "min_assurance"})
"""What a rule says of the request that it makes."""
RULE_KEYS: Final = REQUEST_KEYS | {"id", "match", "decision", "reason", "constraints"}
DECISIONS: Final = {decision.word: decision for decision in Decision}
ON_TIMEOUT: Final = {word.word: word for word in OnTimeout}
ASSURANCES: Final = {word.word: word for word in Assurance}
FLOORS: Final = {word: DECISIONS[word] for word in ("require_approval", "deny")}


class Ids:
    """The ids of one kind that were taken so far, over all documents."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._first: dict[str, Place] = {}

    def read(self, reader: Reader, block: Mapping_, fallback: str | None = None) -> str | None:
        """The `id` of a block, or the fallback; None after an error."""
        node = block.entries.get("id")
        if node is None:
            if fallback is None:
                reader.error(
                    block.place, f"the {self._kind} has no id", "add 'id: some-name', unique over all documents"
                )
                return None
            return self._take(reader, fallback, block.place)
        text = reader.name(node, RULE_ID, f"an id of a {self._kind}")
        return None if text is None else self._take(reader, text, node.place)

    def _take(self, reader: Reader, text: str, place: Place) -> str | None:
        first = self._first.setdefault(text, place)
        if first is not place:
            message = f"the {self._kind} id '{reveal(text)}' is used twice; first at {first.file}:{first.line}"
            reader.error(place, message, "give one of them another id")
            return None
        if text in BUILT_IN_IDS:
            reader.warn(
                place, f"the gate itself uses the id '{text}' where no rule decided", "take another, to tell them apart"
            )
        return text


def read_layer(reader: Reader, name: str, node: Node | None, ids: Ids, *, level: bool = False) -> Layer:
    """A list of rules: those of a document, whose every rule needs an id, or those of a level, where a rule without
    one is called `level_1.2`."""
    rules = []
    for position, item in enumerate(reader.sequence(node, "a list of rules"), start=1):
        rule = _rule(reader, item, ids, f"{name}.{position}" if level else None)
        if rule is not None:
            rules.append(rule)
    return Layer(name, tuple(rules))


def _rule(reader: Reader, node: Node, ids: Ids, fallback: str | None) -> Rule | None:
    block = reader.mapping(node, RULE_KEYS, "a rule")
    if block is None:
        return None
    get = block.entries.get
    id_ = ids.read(reader, block, fallback)
    match = read_match(reader, reader.need(block, "match", 'add match: { topics: ["*"] } to match every call'))
    said = reader.need(block, "decision", f"add one of: {', '.join(DECISIONS)}")
    decision = reader.one_of(said, DECISIONS, "a decision")
    extras = _extras(reader, block)
    reason = reader.text(get("reason"), "a reason") or ""
    constraints = read_constraints(reader, get("constraints")) if "constraints" in block.entries else NONE
    if match is None or decision is None or id_ is None:
        return None
    _sensible(reader, block, match, decision, extras.get("on_timeout"))
    return Rule(id_, block.place, match, decision, reason, constraints, **extras)  # type: ignore[arg-type]  # by name


def _extras(reader: Reader, block: Mapping_) -> dict[str, object]:
    """The fields of `REQUEST_KEYS`, by name; empty where none is written."""
    if REQUEST_KEYS.isdisjoint(block.entries):
        return {}
    get = block.entries.get
    return {
        "approvals": reader.integer(get("approvals"), least=1, most=20),
        "route": reader.name(get("route"), GROUP, "a group"),
        "timeout_sec": reader.integer(get("timeout_sec"), least=1, most=MOST_SEC),
        "on_timeout": reader.one_of(get("on_timeout"), ON_TIMEOUT, "one of deny, escalate, approve"),
        "escalate_to": reader.name(get("escalate_to"), GROUP, "a group"),
        "min_assurance": reader.one_of(get("min_assurance"), ASSURANCES, "an assurance"),
    }


def _sensible(reader: Reader, block: Mapping_, match: Match, decision: Decision, on_timeout: object) -> None:
    """What is legal in each field alone and still wrong together."""
    if not decision.restrictive and match.rests_on_confidence:
        reader.error(
            block.entries["decision"].place, "what the agent claims of its confidence cannot let a call pass",
            "write require_approval or deny, or leave confidence out of the match",
        )  # fmt: skip
    if decision is Decision.DENY and "constraints" in block.entries:
        place = block.keys["constraints"]
        reader.warn(place, "constraints bind nothing where the call is denied", "remove them, or the denial")
    if on_timeout is OnTimeout.APPROVE:
        place = block.entries["on_timeout"].place
        reader.warn(place, "on_timeout: approve applies to calls of tier low alone; elsewhere it is deny")


def read_invariants(reader: Reader, node: Node | None, ids: Ids) -> tuple[Rule, ...]:
    """Floors that no order and no level can lower."""
    return _floors(reader, node, ids, "invariants", "an invariant", "at_least")


def read_never(reader: Reader, node: Node | None, ids: Ids) -> tuple[Rule, ...]:
    """Claims for the prover: each as a rule with the weakest decision that its calls are said to get. None decides."""
    return _floors(reader, node, ids, "claims", "a claim", "weaker_than")


def _floors(reader: Reader, node: Node | None, ids: Ids, several: str, one: str, key: str) -> tuple[Rule, ...]:
    found = []
    for item in reader.sequence(node, f"a list of {several}"):
        block = reader.mapping(item, {"id", "match", key, "reason"}, one)
        if block is None:
            continue
        id_ = ids.read(reader, block)
        match = read_match(reader, reader.need(block, "match", "say which calls it is about"))
        need = reader.need(block, key, f"add {key}: require_approval or deny")
        floor = reader.one_of(need, FLOORS, "require_approval or deny")
        reason = reader.text(block.entries.get("reason"), "a reason") or ""
        if id_ is not None and match is not None and floor is not None:
            found.append(Rule(id_, block.place, match, floor, reason, invariant=key == "at_least"))
    return tuple(found)
