"""Reads files of cases: calls, and what an admin expects of each (contract 9, `policy test`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node
from mcp_gate.model.call import UNKNOWN, Signals
from mcp_gate.model.config import ConfigError, Place
from mcp_gate.model.decision import Decision, Tier
from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.load import by_place, read_tree
from mcp_gate.policy.read_match import read_tag
from mcp_gate.policy.read_rules import DECISIONS, GROUP, RULE_ID
from mcp_gate.policy.read_settings import PERSON
from mcp_gate.policy.read_terms import TIERS
from mcp_gate.policy.read_version import read_version
from mcp_gate.trial.values import plain

CALL_KEYS: Final = frozenset(
    {"tool", "args", "agent", "confidence", "level", "anomaly", "retries", "first_time", "tainted", "tags"}
)
EXPECT_KEYS: Final = frozenset({"decision", "rule", "tier", "route"})


@dataclass(frozen=True, slots=True)
class Expected:
    """What a verdict has to say; None is not looked at."""

    decision: Decision | None = None
    rule: str | None = None
    tier: Tier | None = None
    route: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One call, and what is expected of it."""

    name: str
    place: Place
    tool: str
    """Listed name."""
    arguments: JsonObject
    agent: str
    signals: Signals
    tags: tuple[str, ...]
    expected: Expected


def read_cases(files: Mapping[str, bytes]) -> tuple[Case, ...]:
    """All cases, in the order of the files.

    Raises:
        ConfigError: with every problem of all files, sorted by place.
    """
    reader, found = Reader(), []
    for path, data in files.items():
        root = read_tree(reader, path, data)
        if root is not None:
            found += _document(reader, root)
    if reader.problems:
        raise ConfigError(tuple(sorted(set(reader.problems), key=by_place)))
    return tuple(found)


def _document(reader: Reader, root: Mapping_) -> list[Case]:
    reader.mapping(root, {"version", "cases"})
    read_version(reader, root)
    cases = reader.need(root, "cases", "add 'cases:' with at least one")
    found = [_case(reader, item) for item in reader.sequence(cases, "a list of cases")]
    if cases is not None and not found:
        reader.error(cases.place, "there is no case", "add one, or remove the file")
    return [case for case in found if case is not None]


def _case(reader: Reader, node: Node) -> Case | None:
    block = reader.mapping(node, {"name", "call", "expect"}, "a case")
    if block is None:
        return None
    name = reader.text(reader.need(block, "name", "name the case"), "a name")
    call = reader.mapping(reader.need(block, "call", "say which call"), CALL_KEYS, "a call")
    expected = _expected(reader, reader.need(block, "expect", "add expect: { decision: … }"))
    if call is None:
        return None
    get = call.entries.get
    tool = reader.text(reader.need(call, "tool", "add the tool's listed name"), "a listed name")
    agent = reader.name(get("agent"), PERSON, "an agent's id") or "default"
    arguments = _arguments(reader, get("args"))
    signals, tags = _signals(reader, call), reader.each(get("tags"), lambda item: read_tag(reader, item))
    if name is None or tool is None or expected is None:
        return None
    return Case(name, block.place, tool, arguments, agent, signals, tags, expected)


def _arguments(reader: Reader, node: Node | None) -> JsonObject:
    block = reader.free_mapping(node, "a mapping of arguments")
    return {} if block is None else {key: plain(reader, value) for key, value in block.entries.items()}


def _signals(reader: Reader, call: Mapping_) -> Signals:
    get = call.entries.get
    confidence = reader.decimal(get("confidence"), most=1)
    return Signals(
        confidence=UNKNOWN if confidence is None else confidence,
        retry_count=reader.integer(get("retries")) or 0,
        anomaly_score=reader.decimal(get("anomaly"), most=1) or Decimal(0),
        first_time_action=reader.boolean(get("first_time")) or False,
        tainted=reader.boolean(get("tainted")) or False,
        level=reader.integer(get("level"), most=99) or 0,
    )


def _expected(reader: Reader, node: Node | None) -> Expected | None:
    block = reader.mapping(node, EXPECT_KEYS, "what is expected")
    if block is None:
        return None
    if not block.entries:
        reader.error(block.place, "nothing is expected", f"add one of: {reveal(', '.join(sorted(EXPECT_KEYS)))}")
    get = block.entries.get
    return Expected(
        decision=reader.one_of(get("decision"), DECISIONS, "a decision"),
        rule=reader.name(get("rule"), RULE_ID, "an id of a rule"),
        tier=reader.one_of(get("tier"), TIERS, "a tier"),
        route=reader.name(get("route"), GROUP, "a group"),
    )
