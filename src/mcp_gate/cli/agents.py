"""`mcp-gate agents`: levels of autonomy, and who changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcp_gate.cli.options import as_option, gate_options, me
from mcp_gate.cli.talk import gate_of, print_json

if TYPE_CHECKING:
    from mcp_gate.model.foreign import JsonObject


@click.group()
def agents() -> None:
    """Agents and their levels of autonomy."""


@agents.command("list")
@gate_options
def list_(config: str | None, state: str | None, as_json: bool) -> None:
    """Every agent: its level, since when, what it did since, what it lacks for the next one."""
    with gate_of(config, state, as_json=as_json) as gate:
        found = gate.get("/v1/agents")["agents"]
    if as_json:
        print_json({"agents": found})
        return
    if not found:
        print("No agents are known; name them in gate.yaml, or let one make a call.")
        return
    from mcp_gate.cli.columns import table

    head = ("AGENT", "LEVEL", "SINCE", "DONE", "ERRORS", "VIOLATIONS", "LACKS FOR THE NEXT LEVEL")
    print(table(head, [_row(one) for one in found]))


@agents.command()
@click.argument("id")
@click.option("--reason", metavar="TEXT", required=True, help="Why; kept in the record.")
@as_option
@gate_options
def promote(
    id: str, reason: str, approver: str | None, config: str | None, state: str | None, as_json: bool
) -> None:
    """Lift agent ID by one level, once it meets the criteria; never your own."""
    _act(id, "promote", reason, approver, config, state, as_json=as_json)


@agents.command()
@click.argument("id")
@click.option("--reason", metavar="TEXT", required=True, help="Why; kept in the record.")
@as_option
@gate_options
def demote(
    id: str, reason: str, approver: str | None, config: str | None, state: str | None, as_json: bool
) -> None:
    """Lower agent ID by one level."""
    _act(id, "demote", reason, approver, config, state, as_json=as_json)


@agents.command()
@click.argument("id")
@click.option("--reason", metavar="TEXT", required=True, help="What happened; kept in the record.")
@as_option
@gate_options
def incident(
    id: str, reason: str, approver: str | None, config: str | None, state: str | None, as_json: bool
) -> None:
    """Record an incident of agent ID: it goes to level 0."""
    _act(id, "incident", reason, approver, config, state, as_json=as_json)


def _act(
    id: str, word: str, reason: str, approver: str | None, config: str | None, state: str | None, *, as_json: bool
) -> None:
    from urllib.parse import quote

    from mcp_gate.lang.reveal import reveal

    with gate_of(config, state, as_json=as_json) as gate:
        body: JsonObject = {"approver_id": me(approver), "reason": reason}
        agent = gate.post(f"/v1/agents/{quote(id, safe='')}/{word}", body)
    if as_json:
        print_json(agent)
    else:
        print(f"{reveal(agent['id'])} is at level {agent['level']}.")


def _row(one: JsonObject) -> tuple[str, ...]:
    from mcp_gate.lang.reveal import reveal

    counts = one["counts"]
    lacking = "; ".join(one["lacking"]) or "nothing but a reviewer's word" if "lacking" in one else "-"
    numbers = (str(counts[name]) for name in ("successes", "errors", "violations"))
    return reveal(one["id"]), str(one["level"]), reveal(one.get("since", "-")), *numbers, reveal(lacking)
