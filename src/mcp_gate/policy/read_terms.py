"""Reads `risk_tiers`, `routing` and `action_classes` (contract 3.4, 3.5)."""

from __future__ import annotations

from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Node
from mcp_gate.model.config import Place
from mcp_gate.model.decision import OnTimeout, Tier
from mcp_gate.policy.read_match import MOST_SEC, read_tag
from mcp_gate.policy.read_rules import GROUP, ON_TIMEOUT
from mcp_gate.policy.terms import DEFAULT, TierRule

TIERS: Final = {tier.word: tier for tier in Tier}
TIER_KEYS: Final = frozenset({"risk_tags", "timeout_sec", "on_timeout", "escalate_to"})
CLASS_SUFFIX: Final = "_actions"


def read_tiers(reader: Reader, node: Node | None) -> dict[Tier, TierRule]:
    """The tiers that are written; another has the built-in terms."""
    out = {}
    block = reader.mapping(node, TIERS, "risk tiers")
    for name, body in block.entries.items() if block is not None else ():
        rule = _tier(reader, name, body)
        if rule is not None and name in TIERS:
            out[TIERS[name]] = rule
    return out


def _tier(reader: Reader, name: str, node: Node) -> TierRule | None:
    block = reader.mapping(node, TIER_KEYS, "a tier")
    if block is None:
        return None
    get = block.entries.get
    tags = reader.each(reader.need(block, "risk_tags", "name the tags"), lambda item: read_tag(reader, item))
    seconds = reader.integer(reader.need(block, "timeout_sec", "add seconds"), least=1, most=MOST_SEC)
    word = reader.one_of(get("on_timeout"), ON_TIMEOUT, "one of deny, escalate, approve")
    if word is OnTimeout.APPROVE and name != "low":
        place = block.entries["on_timeout"].place
        reader.error(place, "on_timeout: approve is for tier low alone", "write deny or escalate")
    to = reader.name(get("escalate_to"), GROUP, "a group")
    if seconds is None:
        return None
    return TierRule(frozenset(tags), seconds, OnTimeout.DENY if word is None else word, to, block.place)


def read_routing(reader: Reader, node: Node | None) -> dict[str, str]:
    """`<tag>_actions: group` and `default: group`, in the order written."""
    out = {}
    for key, place, value in reader.entries(node, "a mapping of groups"):
        group = reader.name(value, GROUP, "a group")
        if key != DEFAULT:
            _class_key(reader, key, place)
        if group is not None:
            out[key] = group
    return out


def read_action_classes(reader: Reader, node: Node | None) -> dict[str, frozenset[str]]:
    """Wider meanings of routing keys."""
    out = {}
    for key, place, value in reader.entries(node, "a mapping of classes"):
        _class_key(reader, key, place)
        block = reader.mapping(value, {"risk_tags"}, "a class with risk_tags")
        if block is not None:
            tags = reader.need(block, "risk_tags", "name the tags")
            out[key] = frozenset(reader.each(tags, lambda item: read_tag(reader, item)))
    return out


def _class_key(reader: Reader, key: str, place: Place) -> None:
    if not key.endswith(CLASS_SUFFIX) or key == CLASS_SUFFIX:
        reader.error(place, f"'{reveal(key)}' routes nothing", f"write <tag>{CLASS_SUFFIX}, or {DEFAULT}")
