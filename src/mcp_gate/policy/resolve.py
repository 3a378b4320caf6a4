"""Which tool each action of a workflow calls: the one that is mapped to exactly its topic, or the one it names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.policy.mapping import UpstreamMapping
from mcp_gate.policy.read_upstreams import Upstreams
from mcp_gate.policy.workflow import Action, Workflow

CURE = "name the tool: tool: upstream.name"


def resolve(reader: Reader, workflows: Iterable[Workflow], upstreams: Upstreams) -> tuple[Workflow, ...]:
    """The same workflows, with the tool of every action. Several tools for one topic are an error. Where no tool has it
    there is nothing that the workflow could do: it is not offered, and a warning says why."""
    found = (_resolved(reader, workflow, upstreams) for workflow in workflows)
    return tuple(workflow for workflow in found if _is_whole(workflow))


def _is_whole(workflow: Workflow) -> bool:
    return all(step.tool is not None for step in workflow.steps.values() if isinstance(step, Action))


def _resolved(reader: Reader, workflow: Workflow, upstreams: Upstreams) -> Workflow:
    steps = {
        id_: replace(step, tool=_tool(reader, step, upstreams)) if isinstance(step, Action) else step
        for id_, step in workflow.steps.items()
    }
    return replace(workflow, steps=steps)


def _tool(reader: Reader, step: Action, upstreams: Upstreams) -> tuple[str, str] | None:
    if step.tool is not None:
        if step.tool[1] and step.tool[0] not in upstreams.specs:
            reader.error(
                step.place, f"there is no upstream '{reveal(step.tool[0])}'", "name one that is in upstreams.yaml"
            )
        return step.tool
    if step.topic is None:
        return None
    found = list(dict.fromkeys(_mapped(step.topic, upstreams)))
    if len(found) == 1:
        return found[0]
    if found:
        reader.error(step.place, f"{len(found)} tools are mapped to the topic '{step.topic}'", CURE)
    else:
        reader.warn(step.place, f"no tool is mapped to the topic '{step.topic}': the workflow is not offered", CURE)
    return None


def _mapped(topic: str, upstreams: Upstreams) -> Iterator[tuple[str, str]]:
    for upstream, mapping in upstreams.mappings.items():
        for tool, entry in mapping.tools.items():
            if entry.topic.replace("{tool}", tool.replace(".", "-")) == topic:
                yield upstream, tool
        for tool in _of_globs(topic, mapping):
            yield upstream, tool


def _of_globs(topic: str, mapping: UpstreamMapping) -> Iterator[str]:
    """Names that a glob's own topic, which holds `{tool}`, would give this topic."""
    for matches, entry in mapping.globs:
        pattern = re.escape(entry.topic).replace(re.escape("{tool}"), "([A-Za-z0-9_-]+)", 1)
        found = re.fullmatch(pattern.replace(re.escape("{tool}"), r"\1"), topic)
        if found is not None and found.groups() and matches(found[1]) and mapping.tool(found[1]) is entry:
            yield found[1]
