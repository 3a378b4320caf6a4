"""Reads `audit:` (contract 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node
from mcp_gate.model.decision import Decision
from mcp_gate.policy.clauses import Compiled, compile_rule
from mcp_gate.policy.read_match import TAG, read_match
from mcp_gate.policy.read_terms import read_routing
from mcp_gate.policy.rules import Rule

STRATEGIES: Final = {"uniform": "uniform", "stratified": "stratified"}
HEAVIEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which executed calls a person looks at afterwards."""

    rate: Decimal
    """Share of calls, 0 to 1, before weights."""
    strategy: str
    weights: Mapping[str, Decimal] = field(default_factory=dict)
    """By risk tag."""
    mandatory: tuple[Compiled, ...] = ()
    """As restrictive rules: what is unknown matches."""
    routing: Mapping[str, str] = field(default_factory=dict)


def read_audit(reader: Reader, node: Node | None) -> Sampling | None:
    """`audit: {sampling, routing}`."""
    block = reader.mapping(node, {"sampling", "routing"}, "an audit section")
    if block is None:
        return None
    routing = read_routing(reader, block.entries.get("routing"))
    found = reader.need(block, "sampling", "add sampling: { rate: 0.1 }")
    sampling = reader.mapping(found, {"rate", "strategy", "weights", "mandatory"}, "sampling")
    if sampling is None:
        return None
    get = sampling.entries.get
    rate = reader.decimal(reader.need(sampling, "rate", "add a rate from 0 to 1"), most=1)
    return Sampling(
        rate=rate if rate is not None else Decimal(0),
        strategy=reader.one_of(get("strategy"), STRATEGIES, "uniform or stratified") or "uniform",
        weights=_weights(reader, get("weights")),
        mandatory=reader.each(get("mandatory"), lambda item: _mandatory(reader, item)),
        routing=routing,
    )


def _weights(reader: Reader, node: Node | None) -> dict[str, Decimal]:
    block: Mapping_ | None = reader.mapping(node, {"risk_tags"}, "weights by risk_tags")
    out = {}
    for tag, place, value in reader.entries(block.entries.get("risk_tags") if block is not None else None):
        weight = reader.decimal(value, most=HEAVIEST)
        if not TAG.fullmatch(tag):
            reader.error(place, f"'{reveal(tag)}' is not a risk tag", f"use {TAG.pattern}")
        elif weight is not None:
            out[tag] = weight
    return out


def _mandatory(reader: Reader, node: Node) -> Compiled | None:
    block = reader.mapping(node, {"match"}, "a block with match")
    match = None if block is None else read_match(reader, reader.need(block, "match", "say which calls"))
    if match is None:
        return None
    return compile_rule("audit", Rule("mandatory", node.place, match, Decision.REQUIRE_APPROVAL))
