"""Reads workflows (contract 3.7): a document with `name` and `steps`. Checked in full; running them comes later."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node
from mcp_gate.policy.read_match import read_condition, read_constraints
from mcp_gate.policy.read_rules import ASSURANCES, GROUP, MOST_SEC, ON_TIMEOUT
from mcp_gate.policy.read_upstreams import TOPIC, read_version

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
STEP: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
ROOTS: Final = frozenset({"result", "input", "steps"})
DOCUMENT_KEYS: Final = frozenset({"version", "name", "trigger", "steps", "description"})
COMMON: Final = {"type", "depends_on", "next", "timeout_sec"}
KEYS: Final = {
    "action": frozenset({*COMMON, "topic", "tool", "with", "constraints"}),
    "condition": frozenset({*COMMON, "branches"}),
    "approval": frozenset(
        {*COMMON, "reason", "on_timeout", "escalate_to", "route", "approvals", "min_assurance"}
    ),
}


@dataclass(frozen=True, slots=True)
class Workflow:
    name: str
    trigger: str | None
    steps: tuple[str, ...]


def read_workflow(reader: Reader, root: Mapping_) -> Workflow | None:
    """The whole document."""
    reader.mapping(root, DOCUMENT_KEYS)
    read_version(reader, root, required=False)
    name = reader.name(root.entries.get("name"), NAME, "a workflow's name")
    trigger = reader.text(root.entries.get("trigger"), "a trigger")
    steps = reader.free_mapping(reader.need(root, "steps", "add the steps"), "a mapping of steps")
    if steps is None:
        return None
    known = frozenset(steps.entries)
    for id_, place, node in reader.entries(steps):
        if not STEP.fullmatch(id_):
            reader.error(place, f"'{reveal(id_)}' is no step id", f"use {STEP.pattern}")
        _step(reader, node, known)
    if not known:
        reader.error(steps.place, "the workflow has no step", "add at least one")
    return None if name is None else Workflow(name, trigger, tuple(known))


def _step(reader: Reader, node: Node, known: frozenset[str]) -> None:
    block = reader.free_mapping(node, "a step")
    if block is None:
        return
    kind = reader.one_of(
        reader.need(block, "type", "add type: action, condition or approval"), {k: k for k in KEYS}, "a type of step"
    )
    if kind is None:
        return
    reader.mapping(block, KEYS[kind])
    get = block.entries.get
    for item in reader.sequence(get("depends_on"), "a list of steps"):
        _reference(reader, item, known)
    _reference(reader, get("next"), known)
    reader.integer(get("timeout_sec"), least=1, most=MOST_SEC)
    match kind:
        case "action":
            _action(reader, block)
        case "condition":
            _branches(reader, reader.need(block, "branches", "add the branches"), known)
        case _:
            _approval(reader, block)


def _action(reader: Reader, block: Mapping_) -> None:
    get = block.entries.get
    if get("topic") is None and get("tool") is None:
        reader.error(block.place, "the action names no tool", "add topic: …, or tool: upstream.name")
    reader.name(get("topic"), TOPIC, "a topic")
    reader.text(get("tool"), "upstream.name")
    if "constraints" in block.entries:
        read_constraints(reader, get("constraints"))
    for _, _, value in reader.entries(get("with"), "a mapping of arguments"):
        reader.text(value, "a path or a value")


def _branches(reader: Reader, node: Node | None, known: frozenset[str]) -> None:
    for _, place, value in reader.entries(node, "a mapping of branches"):
        block = reader.mapping(value, {"when", "next"}, "a branch")
        if block is not None:
            read_condition(reader, reader.need(block, "when", "add the condition"), ROOTS)
            _reference(reader, reader.need(block, "next", "say where it leads"), known)
        elif value is None:
            reader.error(place, "the branch is empty", "add when and next")


def _approval(reader: Reader, block: Mapping_) -> None:
    get = block.entries.get
    reader.text(get("reason"), "a reason")
    reader.one_of(get("on_timeout"), ON_TIMEOUT, "one of deny, escalate, approve")
    for key in ("escalate_to", "route"):
        reader.name(get(key), GROUP, "a group")
    reader.integer(get("approvals"), least=1, most=20)
    reader.one_of(get("min_assurance"), ASSURANCES, "an assurance")


def _reference(reader: Reader, node: Node | None, known: frozenset[str]) -> None:
    reader.one_of(node, {step: step for step in known}, "a step of this workflow")
