"""A call as a person types it: a listed name, arguments, and what the gate would know of it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from mcp_gate.cli.options import Exit, leave

if TYPE_CHECKING:
    from mcp_gate.model.call import Facts, Signals
    from mcp_gate.model.foreign import JsonObject
    from mcp_gate.policy.load import Loaded


def facts_of(
    loaded: Loaded, listed: str, arguments: JsonObject, agent: str, tags: frozenset[str], signals: Signals
) -> Facts:
    """What the policy would look at, as for a call of the tool with that listed name."""
    from dataclasses import replace

    from mcp_gate.model.call import Facts
    from mcp_gate.signals.describe import describe

    upstream, name = resolve(loaded, listed)
    asked = {f"gate_{ask}" for ask in loaded.asks(upstream, name)}
    arguments = {key: value for key, value in arguments.items() if key not in asked}
    told = describe(loaded, upstream, name, "tools/call", arguments)
    told = replace(told, risk_tags=told.risk_tags | tags)
    return Facts(agent, upstream, name, told, arguments, signals)


def parse_arguments(text: str) -> JsonObject:
    from mcp_gate.lang import strictjson

    hint = "write a JSON object, such as '{\"amount\": 5}'"
    try:
        parsed = strictjson.parse(text.encode("utf-8", "surrogateescape"))
    except strictjson.JsonError as e:
        leave(Exit.USAGE, f"--args: {e}; {hint}")
    if not isinstance(parsed, dict):
        leave(Exit.USAGE, f"--args: arguments are no list and no single value; {hint}")
    return parsed


def parse_number(option: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        leave(Exit.USAGE, f"{option}: {text!r} is no number")
    return value


def resolve(loaded: Loaded, tool: str) -> tuple[str, str]:
    """Upstream and its own name of the tool: the longest prefix that fits, mapped tools first."""
    fits = [spec for spec in loaded.upstreams.values() if tool.startswith(spec.prefix) and tool != spec.prefix]
    fits.sort(key=lambda spec: -len(spec.prefix))
    if not fits:
        from mcp_gate.lang.reveal import reveal

        prefixes = ", ".join(sorted({spec.prefix for spec in loaded.upstreams.values()}))
        leave(Exit.USAGE, f"'{reveal(tool)}' is no listed name; they start with {prefixes}")
    mapped = [s for s in fits if loaded.is_mapped(s.id, tool.removeprefix(s.prefix), "tools/call")]
    spec = (mapped or fits)[0]
    return spec.id, tool.removeprefix(spec.prefix)
