"""A call that a proof found, as something to paste: a tool, what upstreams.yaml has to say of it, a case, a command."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from mcp_gate.model.call import UNKNOWN, Attribute, Facts
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.mapping import ToolMapping, Value
from mcp_gate.trial.calls import facts_of, windows_alone

PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
"""Texts that YAML reads as they are."""
WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""But for these."""
MOST_TOOLS: Final = 2_000
"""Tools of upstreams.yaml that are tried."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a person makes the call."""

    facts: Facts
    listed: str
    """The tool's listed name."""
    where: str = ""
    """The part of upstreams.yaml that has to say more before the tool is such a call; empty where it is one already."""
    mapping: str = ""
    """What it has to say."""
    windows: Mapping[str, Decimal] = field(default_factory=dict)
    """What windows come to, where that is more than the call alone."""

    def case(self, name: str, verdict: Verdict) -> str:
        """For `policy test`: that the call is decided so. Empty where that rests on other calls."""
        if self.windows:
            return ""
        expected = {"decision": verdict.decision.word, "rule": verdict.rule_id}
        return f"- {flow({'name': name, 'call': self._call(), 'expect': expected})}"

    def command(self) -> str:
        """The command that explains the verdict."""
        call, words = self._call(), ["mcp-gate", "policy", "explain", self.listed]
        if "args" in call:
            words += ["--args", json.dumps(call["args"])]
        for key in ("agent", "confidence", "anomaly", "retries", "level"):
            words += [f"--{key}", str(call[key])] if key in call else []
        for text, value in self.windows.items():
            words += ["--window", f"{text}={value}"]
        words += ["--first-time"] if "first_time" in call else []
        return shlex.join([*words, *(["--tainted"] if "tainted" in call else [])])

    def _call(self) -> JsonObject:
        """What differs from a plain call, under the names of a case."""
        facts, signals = self.facts, self.facts.signals
        out: JsonObject = {"tool": self.listed}
        if facts.arguments:
            out["args"] = facts.arguments
        if facts.agent != "default":
            out["agent"] = facts.agent
        if signals.confidence is not UNKNOWN:
            out["confidence"] = number(signals.confidence)
        if signals.anomaly_score is not UNKNOWN and signals.anomaly_score:
            out["anomaly"] = number(signals.anomaly_score)
        for key, value in (("retries", signals.retry_count), ("level", signals.level)):
            out |= {key: value} if value else {}
        out |= {"first_time": True} if signals.first_time_action else {}
        return out | ({"tainted": True} if signals.tainted else {})


def shown(loaded: Loaded, facts: Facts, shows: Callable[[Facts], bool]) -> Shown:
    """The same call, or one that shows the same, of a tool that upstreams.yaml has; else of one that it could have.

    Args:
        shows: asks the engine.
    """
    found = next((one for one in _real(loaded, facts) if shows(one.facts)), None) or _possible(loaded, facts, shows)
    alone, windows = windows_alone(loaded, found.facts), found.facts.signals.windows.items()
    more = {text: value for text, value in windows if value is not UNKNOWN and value != alone.get(text)}
    return replace(found, windows=more)


def _possible(loaded: Loaded, facts: Facts, shows: Callable[[Facts], bool]) -> Shown:
    """The call of a tool that upstreams.yaml could have; of an upstream that it has, if that shows the same."""
    at_home = (replace(facts, upstream=upstream) for upstream in loaded.upstreams)
    home = None if facts.description.unmapped else next(filter(shows, at_home), None)
    given = home or facts
    arguments, mapping = _mapped(given)
    given = replace(given, arguments=arguments)
    if home is not None:
        listed = loaded.upstreams[home.upstream].prefix + home.tool
        return Shown(given, listed, f"upstreams.{home.upstream}.tools", _entry({home.tool: mapping}))
    tools = {} if facts.description.unmapped else {"tools": {facts.tool: mapping}}
    entry = _entry({facts.upstream: {"command": "none", **tools}})
    return Shown(given, f"{facts.upstream}_{facts.tool}", "upstreams", entry)


def _real(loaded: Loaded, facts: Facts) -> Iterator[Shown]:
    """Tools that upstreams.yaml maps, called as the example is; of a call without a mapping, those that it does not."""
    for upstream, spec in loaded.upstreams.items():
        tools = loaded.mappings[upstream].tools
        names = [facts.tool] if facts.description.unmapped else list(tools)[:MOST_TOOLS]
        for name in names:
            arguments = facts.arguments if name not in tools else _filled(tools[name], facts)
            listed = spec.prefix + name
            yield Shown(facts_of(loaded, listed, arguments, facts.agent, facts.signals), listed)


def _filled(mapping: ToolMapping, facts: Facts) -> JsonObject:
    """The example's arguments, and others that give the tool's attributes the example's values."""
    arguments = dict(facts.arguments)
    for name, value in facts.description.attributes.items():
        source = mapping.attributes.get(name)
        if isinstance(source, Value) and len(source.path) == 1 and value is not UNKNOWN:
            arguments.setdefault(source.path[0], number(value))
    return arguments


def _mapped(facts: Facts) -> tuple[JsonObject, JsonObject]:
    """Arguments, and a mapping by which a call with them is described as the example is."""
    told, arguments = facts.description, dict(facts.arguments)
    paths = {}
    for name, value in told.attributes.items():
        argument = name if name not in arguments else f"{name}_"
        paths[name] = f"args.{argument}"
        if value is not UNKNOWN:
            arguments[argument] = number(value)
    mapping: JsonObject = {"topic": told.topic}
    mapping |= {"risk_tags": sorted(told.risk_tags)} if told.risk_tags else {}
    return arguments, mapping | ({"attributes": paths} if paths else {})


def number(value: Attribute) -> Json:
    """A value as it comes in JSON."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return None if value is UNKNOWN else value


def _entry(block: JsonObject) -> str:
    """One entry of a mapping, on a line of its own."""
    return flow(block)[2:-2]


def flow(value: Json) -> str:
    """A JSON value as one line of YAML."""
    match value:
        case dict():
            return f"{{ {', '.join(f'{flow(key)}: {flow(one)}' for key, one in value.items())} }}" if value else "{}"
        case list():
            return f"[{', '.join(map(flow, value))}]"
        case str() if PLAIN.fullmatch(value) and value.lower() not in WORDS:
            return value
        case _:
            return json.dumps(value)
