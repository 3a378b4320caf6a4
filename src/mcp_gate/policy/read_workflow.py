"""Reads workflows (contract 3.7): a document with `name` and `steps`. Checked in full; running them comes later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node, Scalar, Sequence_
from mcp_gate.model.config import Place
from mcp_gate.policy.read_mapping import read_topic
from mcp_gate.policy.read_match import MOST_SEC, read_condition, read_constraints
from mcp_gate.policy.read_rules import ASSURANCES, GROUP, ON_TIMEOUT
from mcp_gate.policy.read_version import read_version

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
STEP: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
VALUE: Final = re.compile(r"input(\.[A-Za-z0-9_-]+)*|steps\.[A-Za-z0-9_-]+\.result(\.[A-Za-z0-9_-]+)*")
ROOTS: Final = frozenset({"result", "input", "steps"})
DOCUMENT_KEYS: Final = frozenset({"version", "name", "trigger", "steps", "description"})
COMMON: Final = frozenset({"type", "depends_on", "next"})
KEYS: Final[Mapping[str, frozenset[str]]] = {
    "action": COMMON | {"topic", "tool", "with", "constraints", "timeout_sec"},
    "condition": COMMON | {"branches"},
    "approval": COMMON | {"reason", "timeout_sec", "on_timeout", "escalate_to", "route", "approvals", "min_assurance"},
}
TYPES: Final = {kind: kind for kind in KEYS}


@dataclass(frozen=True, slots=True)
class Workflow:
    name: str
    trigger: str | None
    steps: tuple[str, ...]
    """In the order written."""
    topics: Mapping[str, Place] = field(default_factory=dict)
    """Topics of actions that name no tool, and where."""


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps of one workflow while they are read."""

    known: dict[str, str]
    leads: dict[str, list[str]] = field(default_factory=dict)
    topics: dict[str, Place] = field(default_factory=dict)

    def reference(self, reader: Reader, node: Node | None) -> str | None:
        return reader.one_of(node, self.known, "a step of this workflow")


def read_workflow(reader: Reader, root: Mapping_) -> Workflow | None:
    """The whole document."""
    reader.mapping(root, DOCUMENT_KEYS)
    read_version(reader, root, required=False)
    name = reader.name(reader.need(root, "name", "add 'name: some-name'"), NAME, "a workflow's name")
    trigger = reader.text(root.entries.get("trigger"), "a trigger")
    reader.text(root.entries.get("description"), "a description")
    nodes = reader.free_mapping(root.entries.get("steps"), "a mapping of steps")
    if nodes is None:
        return None
    if not nodes.entries:
        reader.error(nodes.place, "the workflow has no step", "add at least one")
    steps = _Steps({id_: id_ for id_ in nodes.entries})
    for id_, place, node in reader.entries(nodes):
        if not STEP.fullmatch(id_):
            reader.error(place, f"'{reveal(id_)}' is no step id", f"use {STEP.pattern}")
        steps.leads[id_] = _step(reader, node, steps)
    _no_circles(reader, nodes, steps.leads)
    return None if name is None else Workflow(name, trigger, tuple(nodes.entries), steps.topics)


def _step(reader: Reader, node: Node, steps: _Steps) -> list[str]:
    """Read one step, and say which steps it leads to."""
    block = reader.free_mapping(node, "a step")
    if block is None:
        return []
    get = block.entries.get
    kind = reader.one_of(reader.need(block, "type", "add type: action, condition or approval"), TYPES, "a type of step")
    if kind is None:
        return []
    reader.mapping(block, KEYS[kind])
    needed = reader.each(get("depends_on"), lambda item: steps.reference(reader, item), "a list of steps")
    after = [step for step in (steps.reference(reader, get("next")),) if step is not None]
    reader.integer(get("timeout_sec"), least=1, most=MOST_SEC)
    match kind:
        case "action":
            _action(reader, block, steps)
        case "condition":
            after += _branches(reader, reader.need(block, "branches", "add the branches"), steps)
            if not needed:
                reader.error(block.place, "a condition needs a result to look at", "add depends_on: [some-step]")
        case _:
            _approval(reader, block)
    return after


def _action(reader: Reader, block: Mapping_, steps: _Steps) -> None:
    get = block.entries.get
    if get("topic") is None and get("tool") is None:
        reader.error(block.place, "the action names no tool", "add topic: …, or tool: upstream.name")
    topic = read_topic(reader, get("topic"))
    tool = reader.text(get("tool"), "upstream.name")
    if tool is not None and "." not in tool:
        reader.error(block.entries["tool"].place, f"'{reveal(tool)}' names no upstream", "write upstream.name")
    if topic is not None and tool is None:
        steps.topics.setdefault(topic, block.entries["topic"].place)
    if "constraints" in block.entries:
        read_constraints(reader, get("constraints"))
    for _, _, value in reader.entries(get("with"), "a mapping of arguments"):
        _value(reader, value)


def _value(reader: Reader, node: Node) -> None:
    """An argument: a path when it looks like one, else the value itself, lists and mappings included."""
    if isinstance(node, Scalar):
        if not node.quoted and node.text.startswith(("input.", "steps.")) and not VALUE.fullmatch(node.text):
            reader.error(node.place, f"'{reveal(node.text)}' is no path", "write input.… or steps.<id>.result.…")
    elif isinstance(node, Sequence_):
        for item in node.items:
            _value(reader, item)
    else:
        for item in node.entries.values():
            _value(reader, item)


def _branches(reader: Reader, node: Node | None, steps: _Steps) -> list[str]:
    targets = []
    for _, _, value in reader.entries(node, "a mapping of branches"):
        block = reader.mapping(value, {"when", "next"}, "a branch with when and next")
        if block is not None:
            read_condition(reader, reader.need(block, "when", "add the condition"), ROOTS)
            target = steps.reference(reader, reader.need(block, "next", "say where it leads"))
            targets += [target] if target is not None else []
    if isinstance(node, Mapping_) and not node.entries:
        reader.error(node.place, "the condition leads nowhere", "add a branch")
    return targets


def _approval(reader: Reader, block: Mapping_) -> None:
    get = block.entries.get
    reader.text(get("reason"), "a reason")
    reader.one_of(get("on_timeout"), ON_TIMEOUT, "one of deny, escalate, approve")
    for key in ("escalate_to", "route"):
        reader.name(get(key), GROUP, "a group")
    reader.integer(get("approvals"), least=1, most=20)
    reader.one_of(get("min_assurance"), ASSURANCES, "an assurance")


def _no_circles(reader: Reader, nodes: Mapping_, leads: Mapping[str, list[str]]) -> None:
    """Steps that wait for each other would never run."""
    waits: dict[str, list[str]] = {id_: list(after) for id_, after in leads.items()}
    for id_, node in nodes.entries.items():
        found = node.entries.get("depends_on") if isinstance(node, Mapping_) else None
        for item in found.items if isinstance(found, Sequence_) else ():
            if isinstance(item, Scalar) and item.text in waits:
                waits[item.text].append(id_)
    left = dict(waits)
    while ends := [id_ for id_, after in left.items() if not any(step in left for step in after)]:
        for id_ in ends:
            del left[id_]
    if left:
        names = ", ".join(f"'{reveal(id_)}'" for id_ in left)
        reader.error(nodes.keys[next(iter(left))], f"the steps {names} go in a circle", "take one reference out")
