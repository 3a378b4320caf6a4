"""`mcp-gate status`: how the running gate is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcp_gate.cli.options import gate_options
from mcp_gate.cli.talk import gate_of, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_gate.model.foreign import JsonObject

ASSURANCE = {
    "A0": "same user: whoever runs as you can walk around the gate",
    "A1": "same user, approvals proved from elsewhere",
    "A2": "the gate has its own user",
    "A3": "the gate has its own machine",
}


@click.command()
@gate_options
def status(config: str | None, state: str | None, as_json: bool) -> None:
    """Health, policy snapshot, queue against its targets, share of calls held for people."""
    with gate_of(config, state, as_json=as_json) as gate:
        found = gate.get("/v1/status")
    if as_json:
        print_json(found)
        return
    from mcp_gate.lang.reveal import reveal

    for line in _lines(found):
        print(reveal(line))


def _lines(found: JsonObject) -> Iterator[str]:
    policy = "in force" if found["policy"] == "current" else "in force; THE FILES ON DISK ARE NOT (see below)"
    yield _line("gate", f"{found['gate_id']}  {found['status']}")
    yield _line("policy", f"{found['policy_snapshot']}  {policy}")
    level = found["assurance"]
    yield _line("assurance", f"{level}  {ASSURANCE.get(level, '')}")
    listening = [f"{face} {address}" for face, address in found["listen"].items()]
    yield _line("listening", ", ".join(["local sockets", *listening]))
    yield from _queue(found["queue"])
    yield _line("held", f"{found['gated_share']:.1%} of the last day's calls")
    if "webhooks" in found:
        hooks = found["webhooks"]
        cure = "; 'mcp-gate webhooks list' says why" if hooks["dead"] else ""
        yield _line("webhooks", f"{hooks['due']} waiting to be sent, {hooks['dead']} given up{cure}")
    states = [f"{name} {state}" for name, state in found["upstreams"].items()]
    yield _line("upstreams", ", ".join(states) or "none")
    for kind, label in (("errors", "error"), ("warnings", "warning")):
        for problem in found.get(kind, ()):
            hint = f"; {problem['hint']}" if problem["hint"] else ""
            where = f"{problem['file']}:{problem['line']}:{problem['column']}"
            yield _line(label, f"{where}: {problem['message']}{hint}")


def _queue(queue: JsonObject) -> Iterator[str]:
    from mcp_gate.lang.times import span

    if not queue["open"]:
        yield _line("queue", "nothing is waiting for review")
        return
    groups = ", ".join(f"{name} {count}" for name, count in queue["groups"].items())
    over, escalated = queue["overdue"], queue["escalated"]
    moved = f", {escalated} escalated" if escalated else ""
    yield _line("queue", f"{queue['open']} waiting ({groups}), {over} over the target{moved}")
    for name, label in (("median", "median"), ("p95", "p95")):
        wait, target = span(queue[f"{name}_wait_sec"]), span(queue[f"target_{name}_wait_sec"])
        yield _line("", f"{label} wait {wait}, target {target}")


def _line(label: str, text: str) -> str:
    return f"{label:<10} {text}"
