"""Reads `match:` blocks and the constraints of rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from mcp_gate.lang.conditions import Condition, ConditionError, compile_condition
from mcp_gate.lang.hostnames import canonical
from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Node, Scalar, Sequence_
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.policy.rules import Match

ROOTS: Final = frozenset({"args", "call", "attributes"})
TAG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
HOST: Final = re.compile(r"[^\s:/@?#%*\[\]\\]{1,253}|[0-9A-Fa-f:]{2,39}")
"""What an editor takes for a host; `canonical` decides."""
MOST_SEC: Final = 366 * 86_400
"""The longest time that can be written anywhere."""
GLOBS: Final = ("topics", "tools", "upstreams", "agents")
TAGS: Final = ("risk_tags", "risk_tags_all", "risk_tags_none")
NUMBERS: Final = {
    "confidence_below": 1, "anomaly_score_above": 1, "retry_count_above": 10**9, "amount_usd_above": 10**15,
    "affected_users_above": 10**15,
}  # fmt: skip
"""Thresholds and the largest that makes sense."""
TRUTHS: Final = ("first_time_action", "tainted")
MATCH_KEYS: Final = frozenset({*GLOBS, *TAGS, *NUMBERS, *TRUTHS, "when"})
CONSTRAINT_KEYS: Final = frozenset({"max_runtime_sec", "max_amount_usd", "max_output_bytes", "network_allowlist"})


def read_match(reader: Reader, node: Node | None) -> Match | None:
    """A match block; an empty one is an error, for it would match everything by accident."""
    block = reader.mapping(node, MATCH_KEYS, "a match block")
    if block is None or node is None:
        return None
    if not block.entries:
        reader.error(node.place, "an empty match matches every call", 'say so: match: { topics: ["*"] }')
        return None
    fields = {key: _field(reader, key, value) for key, value in block.entries.items() if key in MATCH_KEYS}
    return Match(**fields)


def _field(reader: Reader, key: str, node: Node) -> Any:
    if key in GLOBS:
        return _listed(reader, key, node, reader.glob)
    if key in TAGS:
        return frozenset(_listed(reader, key, node, lambda item: read_tag(reader, item)))
    if key in NUMBERS:
        return reader.decimal(node, most=NUMBERS[key])
    if key in TRUTHS:
        return reader.boolean(node)
    return read_condition(reader, node, ROOTS, windows=True)


def _listed(reader: Reader, key: str, node: Node, read: Callable[[Node], str | None]) -> tuple[str, ...]:
    values = reader.each(node, read)
    if isinstance(node, Sequence_) and not node.items:
        reader.error(node.place, f"'{key}' is empty", "name at least one, or remove the key to match any")
    return values


def read_tag(reader: Reader, node: Node) -> str | None:
    """A risk tag; None after an error."""
    return reader.name(node, TAG, "a risk tag")


def read_condition(
    reader: Reader, node: Node | None, roots: frozenset[str], *, near: bool = False, windows: bool = False
) -> Condition | None:
    """A condition, with errors at the very place in the file."""
    text = reader.text(node, "a condition")
    if node is None or text is None:
        return None
    try:
        return compile_condition(text, roots, near_is_unknown=near, with_windows=windows)
    except ConditionError as e:
        place = node.place_at(e.column - 1) if isinstance(node, Scalar) else node.place
        reader.error(place, f"in the condition: {reveal(e.message)}", "conditions read like: args.amount >= 100 AND …")
        return None


def read_constraints(reader: Reader, node: Node | None) -> Constraints:
    """A constraints block; nothing in it is ever ignored."""
    block = reader.mapping(node, CONSTRAINT_KEYS, "a constraints block")
    if block is None:
        return NONE
    amount: Decimal | None = reader.decimal(block.entries.get("max_amount_usd"))
    hosts = block.entries.get("network_allowlist")
    return Constraints(
        max_runtime_sec=reader.integer(block.entries.get("max_runtime_sec"), least=1, most=MOST_SEC),
        max_amount_usd=amount,
        max_output_bytes=reader.integer(block.entries.get("max_output_bytes"), least=1, most=1 << 40),
        network_allowlist=None
        if hosts is None
        else tuple(sorted(set(reader.each(hosts, lambda item: _host(reader, item))))),
    )


def _host(reader: Reader, node: Node) -> str | None:
    text = reader.text(node, "a host name")
    host = None if text is None else canonical(text)
    if text is not None and host is None:
        hint = "write the name alone, without scheme, port or path; there are no globs"
        reader.error(node.place, f"'{reveal(text)}' is not an exact host name", hint)
    return host
