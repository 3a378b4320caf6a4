"""Workflows as read: steps, and how one leads to the next (contract 3.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from mcp_gate.lang.conditions import Condition
from mcp_gate.model.config import Place
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.decision import Assurance, OnTimeout

NOWHERE = Place("", 1, 1)
PREFIX = "workflow_"
"""How the tools that clients are shown for workflows begin."""


@dataclass(frozen=True, slots=True)
class Path:
    """A value out of the input, or out of a step's result: `("steps", "a", "result", "order")`."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.parts)


Template: TypeAlias = "Path | list[Template] | dict[str, Template] | str | int | float | bool | None"
"""An argument as written: paths are filled in when the step runs."""


@dataclass(frozen=True, slots=True)
class Action:
    """A call of one tool."""

    id: str
    topic: str | None = None
    tool: tuple[str, str] | None = None
    """Upstream and its own name of the tool; None: the one that is mapped to `topic`."""
    with_: Mapping[str, Template] | None = None
    """None: the workflow's own arguments."""
    constraints: Constraints = NONE
    depends_on: tuple[str, ...] = ()
    next: str | None = None
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Branch:
    """One way on from a condition."""

    when: Condition
    next: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A condition: one of its branches is taken."""

    id: str
    branches: tuple[Branch, ...] = ()
    depends_on: tuple[str, ...] = ()
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """A question to people. What is not said here is as the policy has it for the action that follows."""

    id: str
    reason: str = ""
    timeout_sec: int | None = None
    on_timeout: OnTimeout | None = None
    escalate_to: str | None = None
    route: str | None = None
    approvals: int | None = None
    min_assurance: Assurance | None = None
    depends_on: tuple[str, ...] = ()
    next: str | None = None
    place: Place = field(default=NOWHERE, compare=False)


Step: TypeAlias = Action | Choice | Approval


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow of the policy."""

    name: str
    steps: Mapping[str, Step]
    """In the order written."""
    trigger: str | None = None
    description: str = ""
    digest: str = ""
    """Of its document: a run goes on with the workflow it began with, or not at all."""

    @property
    def listed_name(self) -> str:
        return PREFIX + self.name

    def actions(self) -> Iterator[Action]:
        for step in self.steps.values():
            if isinstance(step, Action):
                yield step

    def targets(self, condition: str) -> tuple[str, ...]:
        """Where the branches of a condition lead."""
        step = self.steps[condition]
        return tuple(dict.fromkeys(branch.next for branch in step.branches)) if isinstance(step, Choice) else ()

    def led_to(self) -> frozenset[str]:
        """Steps that run only when another one leads to them."""
        out = {step.next for step in self.steps.values() if step.next is not None}
        for id_, step in self.steps.items():
            out.update(self.targets(id_))
            if isinstance(step, Approval) and step.next is None:
                out.update(follower for follower in (self.follower(id_, None),) if follower is not None)
        return frozenset(out)

    def follower(self, approval: str, condition: str | None) -> str | None:
        """Where an approval goes on to: its `next`, else the branch target that is no approval, else who waits for it.

        Args:
            condition: the one that led to it; None: whichever might.
        """
        step = self.steps[approval]
        if step.next is not None:
            return step.next
        conditions = self.steps if condition is None else (condition,)
        for id_ in conditions:
            targets = self.targets(id_)
            if approval in targets:
                to = next((to for to in targets if not isinstance(self.steps[to], Approval)), None)
                if to is not None:
                    return to
        return next((id_ for id_, step in self.steps.items() if approval in step.depends_on), None)


def paths_of(template: Template) -> Iterator[Path]:
    """Every path in an argument."""
    if isinstance(template, Path):
        yield template
    elif isinstance(template, dict):
        for value in template.values():
            yield from paths_of(value)
    elif isinstance(template, list):
        for value in template:
            yield from paths_of(value)
