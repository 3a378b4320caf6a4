"""`mcp-gate status`: how the running gate is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcp_gate.cli.columns import counted
from mcp_gate.cli.options import gate_options
from mcp_gate.cli.talk import gate_of, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_gate.model.foreign import JsonObject


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
    from mcp_gate.faces.assurance import in_words

    policy = "in force" if found["policy"] == "current" else "in force; THE FILES ON DISK ARE NOT (see below)"
    yield _line("gate", f"{found['gate_id']}  {found['status']}")
    yield _line("policy", f"{found['policy_snapshot']}  {policy}")
    yield _line("assurance", in_words(found["assurance"]))
    listening = [f"{face} {address}" for face, address in found["listen"].items()]
    yield _line("listening", ", ".join(["local sockets", *listening]))
    yield from _queue(found["queue"])
    yield _line("held", _share(found["gated_share"], *found["gated_share_target"]))
    yield from _people(found["reviewers"])
    looks = found["second_reviews"]
    if looks["done"] or looks["open"]:
        same = f", {looks['agreement']:.0%} of them agree" if looks["done"] else ""
        done = counted(looks["done"], "decision")
        yield _line("looks", f"{done} of 30 days looked at again{same}; {looks['open']} still open")
    if "webhooks" in found:
        hooks = found["webhooks"]
        cure = "; 'mcp-gate webhooks list' says why" if hooks["dead"] else ""
        yield _line("webhooks", f"{hooks['due']} waiting to be sent, {hooks['dead']} given up{cure}")
    states = [f"{name} {state}" for name, state in found["upstreams"].items()]
    yield _line("upstreams", ", ".join(states) or "none")
    for name in (name for name, state in found["upstreams"].items() if state == "changed"):
        yield _line("", f"{name} is another program now; 'mcp-gate upstreams pin {name}' shows the difference")
    for one in found.get("break_glass", ()):
        yield _line("GLASS", f"{one['id']}: {one['topic']} of {one['agent']} passes until {one['until']}")
    for kind, label in (("errors", "error"), ("warnings", "warning")):
        for problem in found.get(kind, ()):
            hint = f"; {problem['hint']}" if problem["hint"] else ""
            where = f"{problem['file']}:{problem['line']}:{problem['column']}"
            yield _line(label, f"{where}: {problem['message']}{hint}")


def _queue(queue: JsonObject) -> Iterator[str]:
    from mcp_gate.lang.times import span

    yield _line("queue", _open(queue))
    for name in ("median", "p95"):
        if f"{name}_wait_sec" in queue:
            wait, target = span(queue[f"{name}_wait_sec"]), span(queue[f"target_{name}_wait_sec"])
            yield _line("", f"{name} wait {wait}, target {target}{'  BREACHED' if name in queue['breached'] else ''}")


def _open(queue: JsonObject) -> str:
    if not queue["open"]:
        return "nothing is waiting for review"
    groups = ", ".join(f"{name} {count}" for name, count in queue["groups"].items())
    over, escalated = queue["overdue"], queue["escalated"]
    moved = f", {escalated} escalated" if escalated else ""
    return f"{queue['open']} waiting ({groups}), {over} over the target{moved}"


def _share(share: float, low: float, high: float) -> str:
    aim = f"the {low:.0%} to {high:.0%} that keep people attentive"
    how = f"more than {aim}" if share > high else f"less than {aim}" if share < low else f"within {aim}"
    return f"{share:.1%} of the last day's calls, {how}"


def _people(people: list[JsonObject]) -> Iterator[str]:
    from mcp_gate.lang.times import span

    busy = [one for one in people if one["open"] or one["decisions"]]
    for number, one in enumerate(busy):
        told = f"{one['id']}: {one['open']} open, {counted(one['decisions'], 'decision')} in the last day"
        if one["decisions"]:
            times = f"median {span(one['median_decision_sec'])}, p95 {span(one['p95_decision_sec'])}"
            told += f" ({times}, {one['under_two_sec_share']:.0%} in under two seconds)"
        yield _line("" if number else "reviewers", told)


def _line(label: str, text: str) -> str:
    return f"{label:<10} {text}"
