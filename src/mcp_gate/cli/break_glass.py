"""`mcp-gate break-glass`: one agent's calls of one topic pass for a while, on two people's signed words."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from mcp_gate.cli.options import Exit, Who, gate_options, leave, who_options
from mcp_gate.cli.talk import gate_of, print_json, to_show

if TYPE_CHECKING:
    from mcp_gate.faces.client import ReviewClient
    from mcp_gate.faces.signing import Signer
    from mcp_gate.model.foreign import JsonObject
    from mcp_gate.review.glass import Wanted


@click.command("break-glass")
@click.option("--agent", metavar="ID", help="Whose calls.")
@click.option("--topic", metavar="T", help="The exact topic.")
@click.option("--minutes", type=click.IntRange(1, 60), default=60, show_default=True, help="For how long.")
@click.option("--reason", metavar="TEXT", help="Why; kept in the record.")
@click.option("--confirm", metavar="G", help="Confirm what another person asked for.")
@click.option("--end", metavar="G", help="End it now.")
@who_options
@gate_options
def break_glass(
    agent: str | None, topic: str | None, minutes: int, reason: str | None, confirm: str | None, end: str | None,
    who: Who, config: str | None, state: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Let calls pass that rules hold for people: those of one agent and one topic, for an hour at most.

    It takes two reviewers, each with a key of his own: one asks, the other confirms. What is denied stays denied, what
    an invariant holds stays held, constraints bind. Every call is looked at afterwards. Without options: what there is.
    """
    with gate_of(config, state, as_json=as_json, who=who) as gate:
        match confirm, end, agent, topic, reason:
            case None, None, None, None, None:
                _list(gate, as_json=as_json)
            case str(), None, _, _, None:
                _told(_confirm(gate, confirm, agent, topic, who), as_json=as_json)
            case None, str(), None, None, None:
                _told(gate.post(f"/v1/break-glass/{_segment(end)}/end", {"approver_id": who.id}), as_json=as_json)
            case None, None, str(), str(), str():
                _told(_ask(gate, agent, topic, minutes, reason, who), as_json=as_json)
            case _:
                leave(Exit.USAGE, "give --agent, --topic and --reason; or --confirm ID; or --end ID")


def _ask(gate: ReviewClient, agent: str, topic: str, minutes: int, reason: str, who: Who) -> JsonObject:
    from mcp_gate.review.glass import Wanted

    snapshot = gate.get("/v1/status")["policy_snapshot"]
    wanted = Wanted(agent, topic, minutes, reason, snapshot)
    return gate.post("/v1/break-glass", {**wanted.as_json(), **_signed(gate, wanted, who)})


def _confirm(gate: ReviewClient, id: str, agent: str | None, topic: str | None, who: Who) -> JsonObject:
    """Sign what another person asked for, once this one said that he knows what it is."""
    from mcp_gate.review.glass import Wanted

    found = next((one for one in _all(gate) if one["id"] == id and one["status"] == "asked"), None)
    if found is None:
        leave(Exit.NOT_SO, "nothing with this id waits for a second person")
    if (agent, topic) == (None, None):
        agent, topic = _typed(found), found["topic"]
    if (agent, topic) != (found["agent"], found["topic"]):
        leave(Exit.REFUSED, "this is not what was asked for. Nothing was confirmed.")
    wanted = Wanted(**{name: found[name] for name in ("agent", "topic", "minutes", "reason", "policy_snapshot")})
    return gate.post(f"/v1/break-glass/{_segment(id)}", _signed(gate, wanted, who, id))


def _signed(gate: ReviewClient, wanted: Wanted, who: Who, id: str = "") -> JsonObject:
    """The members of a signed word."""
    from mcp_gate.faces.signing import CannotSign
    from mcp_gate.lang.times import rfc3339
    from mcp_gate.review.glass import NAMESPACE, statement

    signer = gate.signer or _missing()
    ts, gate_id = rfc3339(time.time()), gate.get("/v1/status")["gate_id"]
    try:
        signature = signer.sign(statement(wanted, who.id, ts, gate_id, id), NAMESPACE)
    except CannotSign as error:
        leave(Exit.USAGE, f"{error}. Nothing was done.")
    return {"approver_id": who.id, "decision_ts": ts, "signature": signature}


def _missing() -> Signer:
    leave(Exit.USAGE, "it takes a signature: add --key FILE")


def _typed(found: JsonObject) -> str:
    """What the person types, who has read it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        leave(Exit.USAGE, "nobody can be asked here: add --agent and --topic, as 'mcp-gate break-glass' shows them")
    print(_line(found))
    try:
        return input("Type the agent's id to confirm (anything else goes back): ").strip()
    except EOFError:
        return ""


def _list(gate: ReviewClient, *, as_json: bool) -> None:
    found = _all(gate)
    if to_show(found, "No break-glass is in force, and nobody asked for one.", as_json=as_json):
        for one in found:
            print(_line(one))


def _all(gate: ReviewClient) -> list[JsonObject]:
    found: list[JsonObject] = gate.get("/v1/break-glass")["break_glass"]
    return found


def _told(one: JsonObject, *, as_json: bool) -> None:
    if as_json:
        print_json(one)
        return
    print(_line(one) if "agent" in one else f"{one['id']} is over.")
    if one["status"] == "asked":
        print(f"Another reviewer confirms it within 15 minutes: mcp-gate break-glass --confirm {one['id']} --key FILE")


def _line(one: JsonObject) -> str:
    from mcp_gate.lang.reveal import reveal

    what = f"{one['id']}  {one['topic']} of {one['agent']}, {one['minutes']} min: {one['reason']}"
    who = (
        f"asked for by {one['asked_by']}"
        if one["status"] == "asked"
        else (f"passes until {one['until']}, by {' and '.join(one['people'])}")
    )
    return reveal(f"{what}  ({who})")


def _segment(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
