"""The interpreter: walks a workflow from its first step over all that is on the journal, to what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from mcp_gate.lang import strictjson
from mcp_gate.lang.conditions import Truth
from mcp_gate.model.foreign import Json, JsonMapping, JsonObject
from mcp_gate.policy.workflow import Action, Approval, Choice, Path, Step, Template, Workflow

Journal: TypeAlias = Mapping[str, Json]
"""What was done: the structured result of every action that succeeded, and anything for an approval that was given."""


@dataclass(frozen=True, slots=True)
class Act:
    """Call the step's tool with these arguments."""

    step: Action
    arguments: JsonObject
    approved_by: str | None = None
    """The approval step that led here at once."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask people; `then` is what their approval leads to, if that is an action and can be told."""

    step: Approval
    then: Act | None


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing is left to do."""

    last: str | None
    """The last action that ran."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """It cannot go on."""

    step: str
    why: str


Move: TypeAlias = Act | Ask | Finished | Stuck


def next_move(workflow: Workflow, given: JsonObject, journal: Journal) -> Move:
    """What to do now.

    Args:
        given: the workflow's own arguments.
    """
    walk = _Walk(workflow, given, journal)
    while True:
        id_ = walk.due()
        if id_ is None:
            return walk.end()
        move = walk.take(workflow.steps[id_])
        if move is not None:
            return move


@dataclass(slots=True)
class _Walk:
    """One walk over the journal."""

    workflow: Workflow
    given: JsonObject
    journal: Journal
    results: dict[str, Json] = field(default_factory=dict)
    """What each step that is done handed on. A condition and an approval hand on what they looked at."""
    chosen: list[str] = field(default_factory=list)
    """Steps that another one led to and that are not done, the latest last."""
    led_by: dict[str, str] = field(default_factory=dict)
    """Which condition or step led to one."""
    last: str | None = None

    def due(self) -> str | None:
        """The step to take: what was led to comes before what only waited for it."""
        for id_ in reversed(self.chosen):
            if self._ready(id_):
                return id_
        led_to = self.workflow.led_to()
        free = (id_ for id_ in self.workflow.steps if id_ not in led_to and self._ready(id_))
        if not self.chosen:
            return next(free, None)
        needed = self._needed()
        return next((id_ for id_ in free if id_ in needed), None)

    def _needed(self) -> set[str]:
        """What the chosen steps wait for, however far back."""
        needed: set[str] = set()
        left = list(self.chosen)
        while left:
            fresh = set(self.workflow.steps[left.pop()].depends_on) - needed
            needed |= fresh
            left += fresh
        return needed

    def _ready(self, id_: str) -> bool:
        return id_ not in self.results and all(need in self.results for need in self.workflow.steps[id_].depends_on)

    def end(self) -> Move:
        if self.chosen:
            id_ = self.chosen[-1]
            needs = [need for need in self.workflow.steps[id_].depends_on if need not in self.results]
            return Stuck(id_, f"it waits for '{needs[0]}', which does not run")
        return Finished(self.last)

    def take(self, step: Step) -> Move | None:
        """Pass over a step that is done, or say what it asks for."""
        match step:
            case Choice():
                return self._choose(step)
            case Action():
                return self._act(step)
            case Approval():
                return self._ask(step)
            case _:
                assert_never(step)

    def _done(self, step: Step, result: Json, to: str | None) -> None:
        self.results[step.id] = result
        if step.id in self.chosen:
            self.chosen.remove(step.id)
        if to is not None and to not in self.results and to not in self.chosen:
            self.chosen.append(to)
            self.led_by[to] = step.id

    # ---- the three kinds

    def _choose(self, step: Choice) -> Move | None:
        """The first branch that holds. Where one cannot be told, or none holds: the one that asks people."""
        seen = self._handed_on(step)
        scope = {**self._scope(), "result": seen}
        truths = [(branch, branch.when.holds(scope)) for branch in step.branches]
        held = next((branch for branch, truth in truths if truth is Truth.TRUE), None)
        if held is None or any(truth is Truth.UNKNOWN for _, truth in truths):
            held = next((b for b in step.branches if isinstance(self.workflow.steps[b.next], Approval)), None)
        if held is None:
            return Stuck(step.id, "no branch holds, and none asks a person")
        self._done(step, seen, held.next)
        if step.next is not None and step.next not in self.chosen:
            self.chosen.insert(0, step.next)
        return None

    def _act(self, step: Action) -> Move | None:
        if step.id in self.journal:
            self.last = step.id
            self._done(step, self.journal[step.id], step.next)
            return None
        return self._call(step)

    def _call(self, step: Action) -> Act | Stuck:
        try:
            arguments = self.given if step.with_ is None else {k: self._fill(v) for k, v in step.with_.items()}
        except _Nowhere as nowhere:
            return Stuck(step.id, f"there is no {nowhere.path}")
        by = self.led_by.get(step.id)
        asked = by if by is not None and isinstance(self.workflow.steps[by], Approval) else None
        return Act(step, arguments, asked)

    def _ask(self, step: Approval) -> Move | None:
        by = self.led_by.get(step.id)
        condition = by if by is not None and isinstance(self.workflow.steps[by], Choice) else None
        to = self.workflow.follower(step.id, condition)
        if step.id in self.journal:
            self._done(step, self._handed_on(step) if by is None else self.results.get(by), to)
            return None
        follower = None if to is None else self.workflow.steps[to]
        then = self._call(follower) if isinstance(follower, Action) else None
        return Ask(step, then if isinstance(then, Act) else None)

    # ---- values

    def _handed_on(self, step: Step) -> Json:
        """The result of the step depended on; of several, the last one named."""
        return self.results[step.depends_on[-1]] if step.depends_on else None

    def _scope(self) -> dict[str, Json]:
        return {"input": self.given, "steps": {id_: {"result": result} for id_, result in self.results.items()}}

    def _fill(self, template: Template) -> Json:
        if isinstance(template, Path):
            return _follow(self._scope(), template)
        if isinstance(template, dict):
            return {key: self._fill(value) for key, value in template.items()}
        if isinstance(template, list):
            return [self._fill(value) for value in template]
        return template


class _Nowhere(Exception):
    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


def _follow(scope: JsonMapping, path: Path) -> Json:
    found: Json = scope
    for part in path.parts:
        if isinstance(found, dict) and part in found:
            found = found[part]
        else:
            raise _Nowhere(path)
    return found


def structured(result: JsonObject) -> Json:
    """What conditions and paths see of a tool's result: `structuredContent`, or the JSON in its first text."""
    if "structuredContent" in result:
        return result["structuredContent"]
    content = result.get("content")
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "text":
            return _json(block.get("text"))
    return None


def _json(text: Json) -> Json:
    try:
        return strictjson.parse(text.encode()) if isinstance(text, str) else None
    except (strictjson.JsonError, UnicodeEncodeError):
        return None
