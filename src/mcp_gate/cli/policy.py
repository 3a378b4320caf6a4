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
    from mcp_gate.model.config import ConfigError
    from mcp_gate.model.foreign import JsonObject
    from mcp_gate.policy.load import Loaded


def load_or_leave(config: str | None, *, as_json: bool) -> tuple[Path, Loaded]:
    """The gate directory and what it says; on errors all of them are printed and the command ends with 2."""
    from mcp_gate.gate.directory import find_gate_directory, read_directory
    from mcp_gate.model.config import ConfigError
    from mcp_gate.policy.load import load

    try:
        directory = find_gate_directory(config, os.environ)
        return directory, load(read_directory(directory))
    except ConfigError as error:
        report(error, as_json=as_json)


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
@click.option("--retries", default=0, metavar="N", help="Earlier failed identical calls.")
@click.option("--first-time", is_flag=True, help="The agent has never had this tool executed.")
@click.option("--tag", "tags", multiple=True, metavar="T", help="A further risk tag; may be given again.")
@click.option("--level", type=int, metavar="N", help="The agent's autonomy level.")
@gate_options
def explain(
    config: str | None, state: str | None, as_json: bool, tool: str, arguments: str, agent: str,
    confidence: str | None, anomaly: str, retries: int, first_time: bool, tags: tuple[str, ...], level: int | None,
) -> None:  # fmt: skip
    """Verdict, deciding rules with file:line, and the first clause that failed in each other. TOOL is a listed name."""
    from dataclasses import replace

    from mcp_gate.lang import strictjson
    from mcp_gate.model.call import UNKNOWN, Facts, Signals
    from mcp_gate.policy.explain import explain as explained
    from mcp_gate.signals.describe import describe

    _, loaded = load_or_leave(config, as_json=as_json)
    try:
        parsed = strictjson.parse(arguments.encode("utf-8", "surrogateescape"))
    except strictjson.JsonError as e:
        leave(Exit.USAGE, f"--args: {e}; write a JSON object, such as '{{\"amount\": 5}}'")
    if not isinstance(parsed, dict):
        leave(Exit.USAGE, "--args: arguments are a JSON object, such as '{\"amount\": 5}'")
    if level is not None:
        print("warning: autonomy is not yet in force; --level changes nothing", file=sys.stderr)
    upstream, name = _resolve(loaded, tool)
    told = describe(loaded, upstream, name, "tools/call", parsed)
    told = replace(told, risk_tags=told.risk_tags | frozenset(tags))
    score = _share("--anomaly", anomaly)
    signals = Signals(
        confidence=UNKNOWN if confidence is None else _share("--confidence", confidence),
        retry_count=retries,
        anomaly_score=score,
        first_time_action=first_time,
    )
    found = explained(loaded.policy, Facts(agent, upstream, name, told, parsed, signals))
    print(json.dumps(found) if as_json else _readable(tool, found))


def _share(option: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not 0 <= value <= 1:
        leave(Exit.USAGE, f"{option}: {text!r} is no number from 0 to 1")
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
