"""`mcp-gate policy check` and `policy explain`."""

from __future__ import annotations

import json
import os
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from mcp_gate.cli.options import Exit, gate_options, leave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_gate.model.call import Facts, Signals
    from mcp_gate.model.config import ConfigError, Problem
    from mcp_gate.model.foreign import JsonObject
    from mcp_gate.policy.load import Loaded


def load_or_leave(config: str | None, *, as_json: bool) -> tuple[Path, Loaded]:
    """The gate directory and what it says; on errors all of them are printed and the command ends with 2."""
    from dataclasses import replace

    from mcp_gate.gate.directory import find_gate_directory, read_directory
    from mcp_gate.model.config import ConfigError
    from mcp_gate.policy.load import load

    try:
        directory = find_gate_directory(config, os.environ)
        loaded = load(read_directory(directory))
    except ConfigError as error:
        report(error, as_json=as_json)
    return directory, replace(loaded, warnings=(*loaded.warnings, *_unset(loaded)))


def _unset(loaded: Loaded) -> Iterator[Problem]:
    """Variables that the files name and the environment has not. What needs one does not start; the rest is served."""
    from mcp_gate.model.config import Problem

    for name, place in loaded.variables.items():
        if name not in os.environ:
            yield Problem(place, f"the environment variable {name} is not set", "set it where the gate is started")


def report(error: ConfigError, *, as_json: bool) -> NoReturn:
    """Print every problem, and end with 2."""
    for problem in error.problems:
        print(problem, file=sys.stderr)
    if as_json:
        print(json.dumps({"errors": [problem.as_json() for problem in error.problems]}))
    leave(Exit.USAGE)


@click.group()
def policy() -> None:
    """Check and explain the policy."""


@policy.command()
@gate_options
def check(config: str | None, state: str | None, as_json: bool) -> None:
    """Load everything; 0 only if it could be served."""
    directory, loaded = load_or_leave(config, as_json=as_json)
    rules = sum(len(layer) for _, layer in loaded.policy.layers)
    if as_json:
        summary: JsonObject = {
            "policy_snapshot": loaded.snapshot.id,
            "files": sorted(loaded.snapshot.files),
            "upstreams": list(loaded.upstreams),
            "rules": rules,
            "invariants": len(loaded.policy.invariants),
            "warnings": [warning.as_json() for warning in loaded.warnings],
        }
        print(json.dumps(summary))
        return
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{directory}: {len(loaded.snapshot.files)} files, snapshot {loaded.snapshot.id}")
    print(
        f"{len(loaded.upstreams)} upstreams, {rules} rules in {len(loaded.policy.layers)} documents, "
        f"{len(loaded.policy.invariants)} invariants, {len(loaded.warnings)} warnings. It can be served."
    )


@policy.command()
@click.argument("tool")
@click.option("--args", "arguments", default="{}", metavar="JSON", help="The call's arguments.")
@click.option("--agent", default="default", metavar="ID")
@click.option("--confidence", metavar="N", help="What the agent claims, 0 to 1.")
@click.option("--anomaly", default="0", metavar="N", help="Anomaly score, 0 to 1.")
@click.option("--retries", default=0, type=click.IntRange(min=0), metavar="N", help="Earlier failed identical calls.")
@click.option("--first-time", is_flag=True, help="The agent has never had this tool executed.")
@click.option("--tag", "tags", multiple=True, metavar="T", help="A further risk tag; may be given again.")
@click.option("--level", type=click.IntRange(min=0), metavar="N", help="The agent's autonomy level.")
@gate_options
def explain(
    config: str | None, state: str | None, as_json: bool, tool: str, arguments: str, agent: str,
    confidence: str | None, anomaly: str, retries: int, first_time: bool, tags: tuple[str, ...], level: int | None,
) -> None:  # fmt: skip
    """Verdict, deciding rules with file:line, and the first clause that failed in each other. TOOL is a listed name."""
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.model.call import UNKNOWN, Signals
    from mcp_gate.policy.explain import explain as explained

    _, loaded = load_or_leave(config, as_json=as_json)
    parsed = _arguments(arguments)
    if level is not None:
        print("warning: autonomy is not yet in force; --level changes nothing", file=sys.stderr)
    if loaded.settings.agents is not None and agent not in loaded.settings.agents:
        print(f"warning: gate.yaml lists no agent {reveal(agent)}; its calls would not be accepted", file=sys.stderr)
    score, sure = _number("--anomaly", anomaly), None if confidence is None else _number("--confidence", confidence)
    if not 0 <= score <= 1:
        leave(Exit.USAGE, f"--anomaly: {score} is no number from 0 to 1")
    signals = Signals(
        confidence=UNKNOWN if sure is None or not 0 <= sure <= 1 else sure,
        retry_count=retries,
        anomaly_score=score,
        first_time_action=first_time,
    )
    found = explained(loaded.policy, _facts(loaded, tool, parsed, agent, frozenset(tags), signals))
    print(json.dumps(found) if as_json else _readable(tool, found))


def _facts(
    loaded: Loaded, listed: str, arguments: JsonObject, agent: str, tags: frozenset[str], signals: Signals
) -> Facts:
    """What the policy would look at, as for a call of the tool with that listed name."""
    from dataclasses import replace

    from mcp_gate.model.call import Facts
    from mcp_gate.signals.describe import describe

    upstream, name = _resolve(loaded, listed)
    asked = {f"gate_{ask}" for ask in loaded.asks(upstream, name)}
    arguments = {key: value for key, value in arguments.items() if key not in asked}
    told = describe(loaded, upstream, name, "tools/call", arguments)
    told = replace(told, risk_tags=told.risk_tags | tags)
    return Facts(agent, upstream, name, told, arguments, signals)


def _arguments(text: str) -> JsonObject:
    from mcp_gate.lang import strictjson

    hint = "write a JSON object, such as '{\"amount\": 5}'"
    try:
        parsed = strictjson.parse(text.encode("utf-8", "surrogateescape"))
    except strictjson.JsonError as e:
        leave(Exit.USAGE, f"--args: {e}; {hint}")
    if not isinstance(parsed, dict):
        leave(Exit.USAGE, f"--args: arguments are no list and no single value; {hint}")
    return parsed


def _number(option: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        leave(Exit.USAGE, f"{option}: {text!r} is no number")
    return value


def _resolve(loaded: Loaded, tool: str) -> tuple[str, str]:
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


def _readable(tool: str, found: JsonObject) -> str:
    """The same as the JSON, for people."""
    from mcp_gate.lang.reveal import reveal

    lines = [
        f"{reveal(tool)}: {found['decision']}",
        f"  because   {reveal(found['reason'])}" if found["reason"] else "",
        f"  rules     {', '.join(found['rule_ids'])}",
        f"  topic     {reveal(found['topic'])}",
        f"  tags      {', '.join(found['risk_tags']) or 'none'} (tier {found['tier']})",
    ]
    if found["constraints"]:
        lines.append(f"  bound by  {json.dumps(found['constraints'])}")
    if found["decision"] == "require_approval":
        lines.append(
            f"  review    {found['approvals']} of {found['route']}, within {found['timeout_sec']} s, "
            f"then {found['on_timeout']}; assurance {found['min_assurance']} or better"
        )
    if found["unknown"]:
        lines.append(f"  unknown   {', '.join(found['unknown'])}")
    for layer in found["layers"]:
        if layer["rules"]:
            lines.append(f"  {layer['document']}: {layer.get('matched', 'no rule matches')}")
        for rule in layer["rules"]:
            why = f"no: {reveal(rule['failed'])}" if "failed" in rule else "MATCHES"
            lines.append(f"    {rule['where']}  {rule['id']}  {why}")
    lines.append(f"  snapshot  {found['policy_snapshot']}")
    return "\n".join(line for line in lines if line)
