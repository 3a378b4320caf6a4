"""`mcp-gate policy explain`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from mcp_gate.cli.calls import parse_arguments, parse_number
from mcp_gate.cli.loading import load_or_leave
from mcp_gate.cli.options import Exit, gate_options, leave

if TYPE_CHECKING:
    from decimal import Decimal

    from mcp_gate.model.call import Unknown
    from mcp_gate.model.foreign import JsonObject
    from mcp_gate.policy.load import Loaded


@click.command()
@click.argument("tool")
@click.option("--args", "arguments", default="{}", metavar="JSON", help="The call's arguments.")
@click.option("--agent", default="default", metavar="ID", help="Whose call it is.", show_default=True)
@click.option("--confidence", metavar="N", help="What the agent claims, 0 to 1.")
@click.option("--anomaly", default="0", metavar="N", help="Anomaly score, 0 to 1.")
@click.option("--retries", default=0, type=click.IntRange(min=0), metavar="N", help="Earlier failed identical calls.")
@click.option("--first-time", is_flag=True, help="The agent has never had this tool executed.")
@click.option("--tainted", is_flag=True, help="Its session was given something that nobody vouches for.")
@click.option("--tag", "tags", multiple=True, metavar="T", help="A further risk tag; may be given again.")
@click.option(
    "--window",
    "windows",
    multiple=True,
    metavar="TEXT=N",
    help="What a window comes to with this call, such as 'count(24h)=7'; else it holds this call alone.",
)
@click.option("--level", type=click.IntRange(min=0), metavar="N", help="The agent's autonomy level (else 0).")
@gate_options
def explain(
    config: str | None, state: str | None, as_json: bool, tool: str, arguments: str, agent: str,
    confidence: str | None, anomaly: str, retries: int, first_time: bool, tags: tuple[str, ...], level: int | None,
    windows: tuple[str, ...], tainted: bool,
) -> None:  # fmt: skip
    """Verdict, deciding rules with file:line, and the first clause that failed in each other. TOOL is a listed name."""
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.model.call import Signals
    from mcp_gate.policy.explain import explain as explained
    from mcp_gate.trial.calls import NoSuchTool, facts_of

    _, loaded = load_or_leave(config, as_json=as_json)
    parsed = parse_arguments(arguments)
    if level is not None and not loaded.policy.levels:
        print("warning: the policy has no autonomy levels; --level changes nothing", file=sys.stderr)
    if loaded.settings.agents is not None and agent not in loaded.settings.agents:
        print(f"warning: gate.yaml lists no agent {reveal(agent)}; its calls would not be accepted", file=sys.stderr)
    _check_tags(tags)
    signals = Signals(
        confidence=_confidence(confidence),
        retry_count=retries,
        anomaly_score=_score(anomaly),
        first_time_action=first_time,
        tainted=tainted,
        level=level or 0,
        windows=dict(_window(loaded, text) for text in windows),
    )
    workflow = loaded.workflows.get(tool)
    if workflow is not None:
        from mcp_gate.trial.workflow import explained as run_explained

        found = run_explained(loaded, workflow, parsed, agent, signals, tags)
        print(json.dumps(found) if as_json else _readable_run(tool, found, level_given=level is not None))
        return
    try:
        facts = facts_of(loaded, tool, parsed, agent, signals, tags)
    except NoSuchTool as e:
        leave(Exit.USAGE, f"'{reveal(tool)}' is not a listed name; they start with {e}")
    found = explained(loaded.policy, facts)
    print(json.dumps(found) if as_json else _readable(tool, found, level_given=level is not None))


def _score(said: str) -> Decimal:
    score = parse_number("--anomaly", said)
    if not 0 <= score <= 1:
        leave(Exit.USAGE, f"--anomaly: {score} is not a number from 0 to 1")
    return score


def _confidence(said: str | None) -> Decimal | Unknown:
    from mcp_gate.model.call import UNKNOWN

    sure = None if said is None else parse_number("--confidence", said)
    return UNKNOWN if sure is None or not 0 <= sure <= 1 else sure


def _check_tags(tags: tuple[str, ...]) -> None:
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.policy.read_match import TAG

    odd = next((tag for tag in tags if not TAG.fullmatch(tag)), None)
    if odd is not None:
        leave(Exit.USAGE, f"--tag: '{reveal(odd)}' is not a risk tag; use {TAG.pattern}")


def _at_timeout(found: JsonObject) -> str:
    return f"escalate to {found['escalate_to']}" if found["on_timeout"] == "escalate" else str(found["on_timeout"])


def _window(loaded: Loaded, said: str) -> tuple[str, Decimal]:
    from mcp_gate.lang.reveal import reveal

    text, _, value = said.rpartition("=")
    plain = {"".join(window.text.split()): window.text for window in loaded.policy.windows}
    known = plain.get("".join(text.split()))
    if known is None:
        hint = f"it has {', '.join(plain.values())}" if plain else "it has none"
        leave(Exit.USAGE, f"--window: the policy has no window '{reveal(text)}'; {hint}")
    return known, parse_number("--window", value)


def _readable(tool: str, found: JsonObject, *, level_given: bool) -> str:
    """The same as the JSON, for people."""
    from mcp_gate.lang.reveal import reveal

    lines = [
        f"{tool}: {found['decision']}",
        f"  because   {found['reason']}" if found["reason"] else "",
        f"  rules     {', '.join(found['rule_ids'])}",
        f"  topic     {found['topic']}",
        f"  tags      {', '.join(found['risk_tags']) or 'none'} (tier {found['tier']})",
    ]
    if "level" in found:
        lines.append(f"  level     {found['level']}{'' if level_given else ' (taken as 0; --level asks for another)'}")
    if found["constraints"]:
        lines.append(f"  bound by  {json.dumps(found['constraints'])}")
    if found["decision"] == "require_approval":
        lines.append(
            f"  review    {found['approvals']} of {found['route']}, within {found['timeout_sec']} s, "
            f"then {_at_timeout(found)}; assurance {found['min_assurance']} or better"
        )
    if found["unknown"]:
        lines.append(f"  unknown   {', '.join(found['unknown'])}")
    lines += [f"  window    {text} = {value}" for text, value in found.get("windows", {}).items()]
    for layer in found["layers"]:
        if layer["rules"]:
            lines.append(f"  {layer['document']}: {layer.get('matched', 'no rule matches')}")
        for rule in layer["rules"]:
            why = f"no: {rule['failed']}" if "failed" in rule else "MATCHES"
            why = f"MAY MATCH: {rule['maybe']}" if "maybe" in rule else why
            lines.append(f"    {rule['where']}  {rule['id']}  {why}")
    lines.append(f"  snapshot  {found['policy_snapshot']}")
    return "\n".join(reveal(line) for line in lines if line)


def _readable_run(tool: str, found: JsonObject, *, level_given: bool) -> str:
    """A workflow, step by step."""
    from mcp_gate.lang.reveal import reveal

    lines = [f"{reveal(tool)}: a workflow, topic {found['topic']}; every step is decided by itself"]
    for step in found["steps"]:
        lines += ["", f"step {step['id']} ({step['type']})"]
        if step["type"] == "action":
            lines += [f"  {line}" for line in _readable(step["tool"], step, level_given=level_given).split("\n")]
            lines += [f"    later     {name}, from {path}" for name, path in step.get("later", {}).items()]
        elif step["type"] == "condition":
            lines += [reveal(f"  {branch['when']}  -> {branch['next']}") for branch in step["branches"]]
        else:
            asked = f"{step.get('approvals', 'as many as the next step asks for')} of {step.get('route', 'its group')}"
            told = f": {step['reason']}" if "reason" in step else ""
            lines += [reveal(f"  asks {asked}{told}  -> {step.get('next', 'the end')}")]
    return "\n".join(lines)
