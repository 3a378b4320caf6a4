"""The facts of a call that is only described, by the tool's listed name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from mcp_gate.model.call import Facts, Signals, Unknown
from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.load import Loaded
from mcp_gate.signals.describe import describe
from mcp_gate.signals.recorded import attributes_json
from mcp_gate.signals.windows import Deed, alone


class NoSuchTool(ValueError):
    """No upstream's prefix fits the listed name; the text names the prefixes."""


def facts_of(
    loaded: Loaded, listed: str, arguments: JsonObject, agent: str, signals: Signals, tags: Iterable[str] = ()
) -> Facts:
    """What the policy would look at, as for a call of the tool with that listed name. Windows that the signals say
    nothing of hold this call alone.

    Args:
        tags: risk tags besides those of the mapping.

    Raises:
        NoSuchTool: no upstream's prefix fits.
    """
    upstream, name = resolve(loaded, listed)
    asked = {f"gate_{ask}" for ask in loaded.asks(upstream, name)}
    arguments = {key: value for key, value in arguments.items() if key not in asked}
    told = describe(loaded, upstream, name, "tools/call", arguments)
    told = replace(told, risk_tags=told.risk_tags.union(tags), unsure=told.unsure.difference(tags))
    facts = Facts(agent, upstream, name, told, arguments, signals)
    return replace(facts, signals=replace(signals, windows={**windows_alone(loaded, facts), **signals.windows}))


def windows_alone(loaded: Loaded, facts: Facts) -> dict[str, Decimal | Unknown]:
    """What windows come to with one call where nothing else is known."""
    told = facts.description
    deed = Deed(facts.agent, facts.upstream, facts.tool, told.topic, attributes_json(told.attributes))
    return alone(loaded.policy.windows, deed)


def resolve(loaded: Loaded, listed: str) -> tuple[str, str]:
    """Upstream and its own name of a tool: the longest prefix that fits, mapped tools first.

    Raises:
        NoSuchTool: no prefix fits.
    """
    fits = [spec for spec in loaded.upstreams.values() if listed.startswith(spec.prefix) and listed != spec.prefix]
    fits.sort(key=lambda spec: -len(spec.prefix))
    if not fits:
        raise NoSuchTool(", ".join(sorted({spec.prefix for spec in loaded.upstreams.values()})))
    mapped = [s for s in fits if loaded.is_mapped(s.id, listed.removeprefix(s.prefix), "tools/call")]
    spec = (mapped or fits)[0]
    return spec.id, listed.removeprefix(spec.prefix)
