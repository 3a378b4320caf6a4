"""Reads workflows (contract 3.7): a document with `name` and `steps`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mcp_gate.lang.reader import NUMBER, Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node, Scalar, Sequence_
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.policy.read_mapping import read_topic
from mcp_gate.policy.read_match import MOST_SEC, read_condition, read_constraints
from mcp_gate.policy.read_rules import ASSURANCES, GROUP, ON_TIMEOUT
from mcp_gate.policy.read_version import read_version
from mcp_gate.policy.workflow import Action, Approval, Branch, Choice, Path, Step, Template, Workflow

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
ARGUMENTS: Final = "a mapping of arguments"
CONSTANTS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps of one workflow while they are read."""

    known: dict[str, str]
    leads: dict[str, list[str]] = field(default_factory=dict)
    read: dict[str, Step] = field(default_factory=dict)

    def reference(self, reader: Reader, node: Node | None) -> str | None:
        return reader.one_of(node, self.known, "a step of this workflow")


def read_workflow(reader: Reader, root: Mapping_) -> Workflow | None:
    """The whole document."""
    reader.mapping(root, DOCUMENT_KEYS)
    read_version(reader, root, required=False)
    name = reader.name(reader.need(root, "name", "add 'name: some-name'"), NAME, "a workflow's name")
    trigger = reader.text(root.entries.get("trigger"), "a trigger")
    description = reader.text(root.entries.get("description"), "a description")
    nodes = reader.free_mapping(root.entries.get("steps"), "a mapping of steps")
    if nodes is None:
        return None
    if not nodes.entries:
        reader.error(nodes.place, "the workflow has no step", "add at least one")
    steps = _Steps({id_: id_ for id_ in nodes.entries})
    for id_, place, node in reader.entries(nodes):
        if not STEP.fullmatch(id_):
            reader.error(place, f"'{reveal(id_)}' is not a step id", f"use {STEP.pattern}")
        step = _step(reader, id_, node, steps)
        steps.leads[id_] = _leads(step)
        if step is not None:
            steps.read[id_] = step
    _no_circles(reader, nodes, steps.leads)
    if name is None or len(steps.read) < len(nodes.entries):
        return None
    workflow = Workflow(name, steps.read, trigger, description or "")
    _one_way_on(reader, workflow)
    return workflow


def _leads(step: Step | None) -> list[str]:
    """The steps that one leads to by name."""
    if step is None:
        return []
    after = [step.next] if step.next is not None else []
    return after + [branch.next for branch in step.branches] if isinstance(step, Choice) else after


def _step(reader: Reader, id_: str, node: Node, steps: _Steps) -> Step | None:
    block = reader.free_mapping(node, "a step")
    if block is None:
        return None
    get = block.entries.get
    kind = reader.one_of(reader.need(block, "type", "add type: action, condition or approval"), TYPES, "a type of step")
    if kind is None:
        return None
    reader.mapping(block, KEYS[kind])
    needed = reader.each(get("depends_on"), lambda item: steps.reference(reader, item), "a list of steps")
    after = steps.reference(reader, get("next"))
    seconds = reader.integer(get("timeout_sec"), least=1, most=MOST_SEC)
    match kind:
        case "action":
            return _action(reader, id_, block, Common(needed, after, seconds))
        case "condition":
            branches = _branches(reader, reader.need(block, "branches", "add the branches"), steps)
            if not needed:
                reader.error(block.place, "a condition needs a result to look at", "add depends_on: [some-step]")
            return Choice(id_, branches, needed, after)
        case _:
            return _approval(reader, id_, block, Common(needed, after, seconds))


class Common(NamedTuple):
    """What steps of every kind may say."""

    needed: tuple[str, ...]
    next: str | None
    seconds: int | None


def _action(reader: Reader, id_: str, block: Mapping_, common: Common) -> Action:
    get = block.entries.get
    if get("topic") is None and get("tool") is None:
        reader.error(block.place, "the action names no tool", "add topic: …, or tool: upstream.name")
    topic = read_topic(reader, get("topic"))
    tool = reader.text(get("tool"), "upstream.name")
    if tool is not None and "." not in tool:
        reader.error(block.entries["tool"].place, f"'{reveal(tool)}' names no upstream", "write upstream.name")
    bounds = read_constraints(reader, get("constraints")) if "constraints" in block.entries else NONE
    upstream, _, name = (tool or "").partition(".")
    with_ = get("with")
    return Action(
        id_, topic, None if tool is None else (upstream, name),
        None if with_ is None else {key: _value(reader, value) for key, _, value in reader.entries(with_, ARGUMENTS)},
        bounds.join(Constraints(max_runtime_sec=common.seconds)), common.needed, common.next,
        block.entries.get("tool", block.entries.get("topic", block)).place,
    )  # fmt: skip


def _value(reader: Reader, node: Node) -> Template:
    """An argument: a path when it looks like one, else the value itself, lists and mappings included."""
    if isinstance(node, Sequence_):
        return [_value(reader, item) for item in node.items]
    if isinstance(node, Mapping_):
        return {key: _value(reader, item) for key, item in node.entries.items()}
    if node.quoted or not node.text.startswith(("input.", "steps.")):
        return _plain(node)
    if not VALUE.fullmatch(node.text):
        reader.error(node.place, f"'{reveal(node.text)}' is not a path", "write input.… or steps.<id>.result.…")
    return Path(tuple(node.text.split(".")))


def _plain(node: Scalar) -> Template:
    """A value as written: a number, true, false, nothing, or a text."""
    if node.quoted:
        return node.text
    if node.text in CONSTANTS:
        return CONSTANTS[node.text]
    if NUMBER.fullmatch(node.text):
        return float(node.text) if "." in node.text else int(node.text)
    return node.text


def _branches(reader: Reader, node: Node | None, steps: _Steps) -> tuple[Branch, ...]:
    branches = []
    for _, _, value in reader.entries(node, "a mapping of branches"):
        block = reader.mapping(value, {"when", "next"}, "a branch with when and next")
        if block is not None:
            when = read_condition(reader, reader.need(block, "when", "add the condition"), ROOTS)
            target = steps.reference(reader, reader.need(block, "next", "say where it leads"))
            if when is not None and target is not None:
                branches.append(Branch(when, target))
    if isinstance(node, Mapping_) and not node.entries:
        reader.error(node.place, "the condition leads nowhere", "add a branch")
    return tuple(branches)


def _approval(reader: Reader, id_: str, block: Mapping_, common: Common) -> Approval:
    get = block.entries.get
    return Approval(
        id_,
        reader.text(get("reason"), "a reason") or "",
        common.seconds,
        reader.one_of(get("on_timeout"), ON_TIMEOUT, "one of deny, escalate, approve"),
        reader.name(get("escalate_to"), GROUP, "a group"),
        reader.name(get("route"), GROUP, "a group"),
        reader.integer(get("approvals"), least=1, most=20),
        reader.one_of(get("min_assurance"), ASSURANCES, "an assurance"),
        common.needed,
        common.next,
        block.place,
    )


def _one_way_on(reader: Reader, workflow: Workflow) -> None:
    """An approval without `next` goes on to the one branch target that is not an approval."""
    for step in workflow.steps.values():
        if not isinstance(step, Approval) or step.next is not None:
            continue
        for id_ in workflow.steps:
            targets = workflow.targets(id_)
            others = [to for to in targets if not isinstance(workflow.steps[to], Approval)]
            if step.id in targets and len(others) > 1:
                names = ", ".join(others)
                reader.error(step.place, f"it may go on to several steps: {names}", "say which: next: …")


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
