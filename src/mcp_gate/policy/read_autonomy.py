"""Reads `autonomy_levels`, `promotion_criteria` and `demotion_triggers` (contract 3.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Node, Scalar
from mcp_gate.policy.read_rules import Ids, read_layer
from mcp_gate.policy.rules import Layer

LEVEL: Final = re.compile(r"level_(0|[1-9][0-9]?)")
TRIGGERS: Final = {word: word for word in ("policy_violation", "safety_incident")}


@dataclass(frozen=True, slots=True)
class Autonomy:
    """`autonomy_levels`, `promotion_criteria` and `demotion_triggers` of all documents."""

    levels: Mapping[int, Layer] = field(default_factory=dict)
    """From 0 without a gap; empty where there are no levels."""
    promotion: Mapping[str, Decimal | bool] = field(default_factory=dict)
    demotion: tuple[str, ...] = ()
    error_rate_above: Decimal | None = None


def read_autonomy(
    reader: Reader, levels: Node | None, promotion: Node | None, demotion: Node | None, ids: Ids
) -> Autonomy:
    """Levels, what lifts an agent and what lowers it."""
    return Autonomy(_levels(reader, levels, ids), _promotion(reader, promotion), *_demotion(reader, demotion))


def _levels(reader: Reader, node: Node | None, ids: Ids) -> dict[int, Layer]:
    found: dict[int, Layer] = {}
    if node is None:
        return found
    for name, place, body in reader.entries(node, "a mapping of levels"):
        number = LEVEL.fullmatch(name)
        block = reader.mapping(body, {"name", "rules"}, "a level")
        if number is None:
            reader.error(place, f"'{reveal(name)}' is not a level", "write level_0, level_1, …")
        elif block is not None:
            reader.text(block.entries.get("name"), "a name")
            rules = reader.need(block, "rules", "add its rules")
            found[int(number[1])] = read_layer(reader, name, rules, ids, level=True)
    gap = next(number for number in range(101) if number not in found)
    if gap < max(found, default=0):
        reader.error(node.place, f"there is no level_{gap}", f"add level_{gap}; levels count from 0 without a gap")
    return found


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
    return out


def _demotion(reader: Reader, node: Node | None) -> tuple[tuple[str, ...], Decimal | None]:
    """Without the section every word of it holds: nobody has to write down that a violation matters."""
    if node is None:
        return tuple(TRIGGERS), None
    triggers: list[str] = []
    rate: Decimal | None = None
    for item in reader.sequence(node, "a list of triggers"):
        if isinstance(item, Scalar):
            word = reader.one_of(item, TRIGGERS, "a trigger")
            triggers += [word] if word is not None else []
            continue
        block = reader.mapping(item, {"error_rate_above"}, "a trigger")
        if block is not None:
            given = reader.decimal(reader.need(block, "error_rate_above", "add the rate"), most=1)
            rate = given if rate is None or given is None else min(rate, given)
    return tuple(triggers), rate
