"""What a workflow would do with given arguments, as far as that can be told before any step has run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from mcp_gate.model.call import Signals
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Decision
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.explain import explain
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.workflow import Action, Approval, Choice, Path, Step, Template, Workflow
from mcp_gate.trial.calls import facts_of

REASON = "It is a workflow: every step is decided by itself"


def explained(
    loaded: Loaded, workflow: Workflow, given: JsonObject, agent: str, signals: Signals, tags: Iterable[str] = ()
) -> JsonObject:
    """The members of `policy.explain.explain`, and `steps`: `{id, type, …}` in the order written.

    An action has the members of `explain` for its own call, with `tool` and, as `later`, arguments that only a step
    before it can tell: what the policy makes of them is unknown here.
    """
    verdict = Verdict(Decision.ALLOW, ("workflow",), REASON, loaded.snapshot.id)
    found: JsonObject = {
        **verdict.as_json(), "topic": f"workflow.{workflow.name}", "risk_tags": [], "attributes": {}, "unknown": [],
        "layers": [],
    }  # fmt: skip
    steps = [_step(loaded, workflow, step, given, agent, signals, tuple(tags)) for step in workflow.steps.values()]
    return {**found, "steps": steps}


def _step(
    loaded: Loaded, workflow: Workflow, step: Step, given: JsonObject, agent: str, signals: Signals,
    tags: tuple[str, ...],
) -> JsonObject:  # fmt: skip
    match step:
        case Action():
            return {"id": step.id, "type": "action", **_action(loaded, step, given, agent, signals, tags)}
        case Choice():
            branches = [{"when": branch.when.text, "next": branch.next} for branch in step.branches]
            return {"id": step.id, "type": "condition", "branches": branches}
        case Approval():
            said = {
                "reason": step.reason, "route": step.route, "approvals": step.approvals,
                "next": workflow.follower(step.id, None),
            }  # fmt: skip
            return {"id": step.id, "type": "approval", **{name: value for name, value in said.items() if value}}
        case _:
            assert_never(step)


def _action(
    loaded: Loaded, step: Action, given: JsonObject, agent: str, signals: Signals, tags: tuple[str, ...]
) -> JsonObject:
    assert step.tool is not None
    upstream, name = step.tool
    arguments, later = (given, {}) if step.with_ is None else _filled(step.with_, given)
    listed = loaded.upstreams[upstream].prefix + name
    found = explain(loaded.policy, facts_of(loaded, listed, arguments, agent, signals, tags))
    bound = Constraints.of(found["constraints"]).join(step.constraints).as_json()
    return {"tool": listed, **found, "constraints": bound, **({"later": later} if later else {})}


def _filled(templates: Mapping[str, Template], given: JsonObject) -> tuple[JsonObject, JsonObject]:
    """Arguments that the input alone fills, and the paths of the others."""
    arguments: JsonObject = {}
    later: JsonObject = {}
    for name, template in templates.items():
        try:
            arguments[name] = _value(template, {"input": given})
        except KeyError as path:
            later[name] = path.args[0]
    return arguments, later


def _value(template: Template, scope: Json) -> Json:
    if isinstance(template, Path):
        found = scope
        for part in template.parts:
            if not isinstance(found, dict) or part not in found:
                raise KeyError(str(template))
            found = found[part]
        return found
    if isinstance(template, dict):
        return {key: _value(value, scope) for key, value in template.items()}
    if isinstance(template, list):
        return [_value(value, scope) for value in template]
    return template
