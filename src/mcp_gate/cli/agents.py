"""`mcp-gate agents`: levels of autonomy, and the stop switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcp_gate.cli.lazy import PlainGroup
from mcp_gate.cli.options import Exit, as_option, gate_options, group_options, leave, me, why_option
from mcp_gate.cli.talk import gate_of, print_json

if TYPE_CHECKING:
    from mcp_gate.model.foreign import JsonObject


@click.group(cls=PlainGroup)
@group_options
def agents() -> None:
    """Agents: their levels of autonomy, and the stop switch."""


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
@click.option("--reason", metavar="TEXT", default="", help="Why; kept in the record.")
@as_option
@gate_options
def promote(id: str, reason: str, approver: str | None, config: str | None, state: str | None, as_json: bool) -> None:
    """Lift agent ID by one level, once it meets the criteria; never your own."""
    _act(id, "promote", reason, approver, config, state, as_json=as_json)


@agents.command()
@click.argument("id")
@click.option("--reason", metavar="TEXT", default="", help="Why; kept in the record.")
@as_option
@gate_options
def demote(id: str, reason: str, approver: str | None, config: str | None, state: str | None, as_json: bool) -> None:
    """Lower agent ID by one level."""
    _act(id, "demote", reason, approver, config, state, as_json=as_json)


@agents.command()
@click.argument("id")
@why_option("What happened; kept in the record.")
@as_option
@gate_options
def incident(id: str, reason: str, approver: str | None, config: str | None, state: str | None, as_json: bool) -> None:
    """Record an incident of agent ID: it goes to level 0."""
    _act(id, "incident", reason, approver, config, state, as_json=as_json)


@agents.command()
@click.argument("id", required=False)
@click.option("--all", "everybody", is_flag=True, help="Every agent, known or not.")
@click.option("--reason", metavar="TEXT", default="", help="Kept in the record.")
@as_option
@gate_options
def stop(
    id: str | None, everybody: bool, reason: str, approver: str | None, config: str | None, state: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Let nothing more of agent ID pass: new calls are refused, those under way are cut off, those held end."""
    _switch(id, everybody, "stop", reason, approver, config, state, as_json=as_json)


@agents.command()
@click.argument("id", required=False)
@click.option("--all", "everybody", is_flag=True, help="Lift the stop of all agents.")
@click.option("--reason", metavar="TEXT", default="", help="Kept in the record.")
@as_option
@gate_options
def resume(
    id: str | None, everybody: bool, reason: str, approver: str | None, config: str | None, state: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Let agent ID go on. What was held or cut off is not taken up again."""
    _switch(id, everybody, "resume", reason, approver, config, state, as_json=as_json)


def _switch(
    id: str | None, everybody: bool, word: str, reason: str, approver: str | None, config: str | None,
    state: str | None, *, as_json: bool,
) -> None:  # fmt: skip
    if everybody == (id is not None):
        leave(Exit.USAGE, "Name one agent, or add --all.")
    told = _posted("*" if id is None else id, word, reason, approver, config, state, as_json=as_json)
    if as_json:
        print_json(told)
    elif id is None:
        print("Every agent is stopped." if word == "stop" else "Agents may go on, but for those stopped by name.")
    else:
        from mcp_gate.lang.reveal import reveal

        print(f"{reveal(id)} is {'stopped' if word == 'stop' else 'free to go on'}.")


def _act(
    id: str, word: str, reason: str, approver: str | None, config: str | None, state: str | None, *, as_json: bool
) -> None:
    from mcp_gate.lang.reveal import reveal

    agent = _posted(id, word, reason, approver, config, state, as_json=as_json)
    if as_json:
        print_json(agent)
    else:
        print(f"{reveal(agent['id'])} is at level {agent['level']}.")


def _posted(
    id: str, word: str, reason: str, approver: str | None, config: str | None, state: str | None, *, as_json: bool
) -> JsonObject:
    from urllib.parse import quote

    with gate_of(config, state, as_json=as_json) as gate:
        body: JsonObject = {"approver_id": me(approver), "reason": reason}
        return gate.post(f"/v1/agents/{quote(id, safe='')}/{word}", body)


def _row(one: JsonObject) -> tuple[str, ...]:
    from mcp_gate.lang.reveal import reveal

    counts = one["counts"]
    level = f"{one['level']}{', STOPPED' if one['stopped'] else ''}"
    lacking = "; ".join(one["lacking"]) or "nothing but a reviewer's word" if "lacking" in one else "-"
    numbers = (str(counts[name]) for name in ("successes", "errors", "violations"))
    return reveal(one["id"]), level, reveal(one.get("since", "-")), *numbers, reveal(lacking)
