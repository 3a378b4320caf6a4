"""From a model of the formula to the facts of a call, which the engine itself can judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from mcp_gate.model.call import Attribute, Description, Facts, Signals, Unknown
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.policy.proof.cnf import Model
from mcp_gate.policy.proof.space import SIGNALS, UNMAPPED, WINDOW, Path, Space

Found = Mapping[Path, Json | Unknown]
"""What stands at the paths that were asked about."""


def witnesses(space: Space, model: Model, level: int) -> Iterator[Facts]:
    """Calls of which everything holds that holds in the model, but for what is not modelled: the likeliest first."""
    found = {path: value.example(model) for path, value in space.values.items()}
    facts = Facts(
        agent=space.agent.example(model),
        upstream=space.upstream.example(model),
        tool=space.tool.example(model),
        description=Description(
            topic=space.topic.example(model),
            risk_tags=frozenset(tag for tag, literal in space.tags.items() if model[literal]),
            attributes=_attributes(found),
            unmapped=model[space.unmapped],
        ),
        arguments=_arguments(found),
        signals=_signals(found, level),
    )
    return _unmapped(facts) if model[space.unmapped] else iter((facts,))


def _unmapped(facts: Facts) -> Iterator[Facts]:
    """The topic of a tool without a mapping says its upstream and its name, so one of them has to give way."""
    told = facts.description
    yield replace(facts, description=replace(told, topic=unmapped_topic(facts.upstream, facts.tool)))
    _, upstream, tool = told.topic.split(".", 2)
    if "." not in tool:
        yield replace(facts, upstream=upstream, tool=tool)


def unmapped_topic(upstream: str, tool: str) -> str:
    """The topic of a tool that nobody mapped (contract 2)."""
    return f"{UNMAPPED}.{upstream}.{tool.replace('.', '-')}"


def _attributes(found: Found) -> dict[str, Attribute]:
    out: dict[str, Attribute] = {}
    for path, value in found.items():
        if path[0] == "attributes" and len(path) == 2 and path[1] not in SIGNALS and value is not None:
            out[str(path[1])] = _plain(value)
    return out


def _signals(found: Found, level: int) -> Signals:
    given = {name: _plain(value) for name in SIGNALS if (value := found.get(("attributes", name))) is not None}
    windows = {str(path[1]): value for path, value in found.items() if path[0] == WINDOW and value is not None}
    return Signals(**{**given, "level": level, "windows": windows})


def _arguments(found: Found) -> JsonObject:
    root: JsonObject = {}
    for path in sorted((path for path in found if path[0] == "args" and len(path) > 1), key=len):
        value = found[path]
        if value is not None:
            _put(root, path[1:], _json(value))
    return root


def _put(into: Any, path: Path, value: Json) -> None:
    """What stands around a path is an object or a list already, for its paths are shorter."""
    *around, last = path
    for part in around:
        into = into[part]
    if isinstance(last, int):
        into.extend([None] * (last + 1 - len(into)))
    into[last] = value


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def _json(value: Any) -> Any:
    """As it comes from a client: numbers with a fraction are doubles."""
    if isinstance(value, list):
        return [_json(item) for item in value]
    value = _plain(value)
    return float(value) if isinstance(value, Decimal) else value
