"""`mcp-gate requests`: held calls without a screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from mcp_gate.cli.lazy import PlainGroup
from mcp_gate.cli.options import Who, as_option, gate_options, group_options, me, who_options, why_option
from mcp_gate.cli.reading import plain, print_full, print_outcome, read
from mcp_gate.cli.talk import gate_of, print_json

P = ParamSpec("P")
R = TypeVar("R")


def _digest_option(command: Callable[P, R]) -> Callable[P, R]:
    text = "The first 8 hex digits of job_hash, as 'show' prints them."
    return click.option("--digest", metavar="HEX", help=text)(command)


def _reason_option(command: Callable[P, R]) -> Callable[P, R]:
    return click.option("--reason", metavar="TEXT", help="Kept in the record.")(command)


@click.group(cls=PlainGroup)
@group_options
def requests() -> None:
    """Held calls: see them, decide on them."""


@requests.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what no longer waits.")
@click.option("--group", metavar="G", help="Only requests of this group.")
@gate_options
def list_(everything: bool, group: str | None, config: str | None, state: str | None, as_json: bool) -> None:
    """What waits for people, the most urgent first."""
    with gate_of(config, state, as_json=as_json) as gate:
        found = list(gate.requests(status=None if everything else "pending", group=group))
    if as_json:
        for request in found:
            print_json(request)
    elif found:
        from mcp_gate.cli.request_text import listing

        print(listing(found, time.time(), statuses=everything))
    else:
        print("There are no requests." if everything else "Nothing is waiting for review.")


@requests.command()
@click.argument("id")
@click.option("--reveal", is_flag=True, help="What is personal, or a withheld result, uncovered; that is recorded.")
@as_option
@gate_options
def show(id: str, reveal: bool, approver: str | None, config: str | None, state: str | None, as_json: bool) -> None:
    """One request in full: why it is held, its exact arguments, how it came here.

    What is personal is covered, except with --json. A withheld result is shown with all that was found in it masked.
    """
    with gate_of(config, state, as_json=as_json) as gate:
        request = gate.request(id, personal=not as_json and not reveal)
        if reveal:
            request = {**request, **gate.reveal(id, me(approver))}
    if as_json:
        print_json(request)
        return
    print_full(request)


@requests.command()
@click.argument("id")
@as_option
@gate_options
def claim(id: str, approver: str | None, config: str | None, state: str | None, as_json: bool) -> None:
    """Take a request for yourself for ten minutes."""
    with gate_of(config, state, as_json=as_json) as gate:
        request = gate.claim(id, me(approver))
    if as_json:
        print_json(request)
    else:
        print(f"{request['id']} is yours for ten minutes.")


def _decision(word: str, what: str) -> None:
    """A command that says `word` on what its user has read."""

    @requests.command(word, help=f"{what} Asks on the terminal; without one it needs --digest.")
    @click.argument("id")
    @_digest_option
    @_reason_option
    @who_options
    @gate_options
    def command(
        id: str, digest: str | None, reason: str | None, who: Who,
        config: str | None, state: str | None, as_json: bool,
    ) -> None:  # fmt: skip
        with gate_of(config, state, as_json=as_json, who=who) as gate:
            request = read(gate, id, word, digest)
            print_outcome(gate.decide(request, word, who.id, reason), as_json=as_json)


_decision("approve", "Let a held call run.")


@requests.command()
@click.argument("id")
@why_option("Why; the agent is told this.")
@who_options
@gate_options
def deny(id: str, reason: str, who: Who, config: str | None, state: str | None, as_json: bool) -> None:
    """Refuse a held call; the agent is told the reason."""
    with gate_of(config, state, as_json=as_json, who=who) as gate:
        print_outcome(gate.decide(gate.request(id), "deny", who.id, reason), as_json=as_json)


_decision("release", "Let a result out of quarantine.")
_decision("drop", "Discard a result that is in quarantine.")


@requests.command("false-positive")
@click.argument("id")
@click.argument("findings", type=click.IntRange(min=1), nargs=-1, required=True)
@as_option
@gate_options
def false_positive(
    id: str, findings: tuple[int, ...], approver: str | None, config: str | None, state: str | None, as_json: bool
) -> None:
    """Say that FINDINGS of a withheld result are none, by their numbers in 'show'. Decides nothing; 'output allow-list'
    proposes what was marked."""
    with gate_of(config, state, as_json=as_json) as gate:
        marked = gate.false_positive(id, findings, me(approver))["false_positives"]
    if as_json:
        for one in marked:
            print_json(one)
    else:
        print(f"{len(marked)} marked; see 'mcp-gate output allow-list'.")


@requests.command()
@click.argument("id")
@click.option("--field", "fields", metavar="PATH", multiple=True, help="Take this out, too; a path as in the policy.")
@_digest_option
@_reason_option
@as_option
@gate_options
def redact(
    id: str, fields: tuple[str, ...], digest: str | None, reason: str | None, approver: str | None,
    config: str | None, state: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Let a result out of quarantine as 'show' has it: without what was found in it.

    Asks on the terminal; without one it needs --digest.
    """
    with gate_of(config, state, as_json=as_json) as gate:
        request = read(gate, id, "redact", digest)
        print_outcome(gate.redact(request, fields, me(approver), reason), as_json=as_json)


@requests.command()
@click.argument("id")
@click.option("--args", "arguments", metavar="JSON", required=True, help="The arguments that it is to run with.")
@_digest_option
@_reason_option
@who_options
@gate_options
def edit(
    id: str, arguments: str, digest: str | None, reason: str | None, who: Who,
    config: str | None, state: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Let a held call run with other arguments. The policy is run again on it; the agent is told what changed.

    Asks on the terminal; without one it needs --digest: that of the call as 'show' prints it.
    """
    from mcp_gate.cli.edited import changes, parsed

    wanted = parsed(arguments)
    with gate_of(config, state, as_json=as_json, who=who) as gate:
        request = read(gate, id, "edit", digest, lambda shown: changes(shown, wanted))
        print_outcome(gate.edit(request, wanted, who.id, reason), as_json=as_json)


@requests.command()
@click.argument("id")
@_reason_option
@as_option
@gate_options
def escalate(
    id: str, reason: str | None, approver: str | None, config: str | None, state: str | None, as_json: bool
) -> None:
    """Send a held call on to the next group, as time would."""
    with gate_of(config, state, as_json=as_json) as gate:
        request = gate.escalate(id, me(approver), reason or "")
    if as_json:
        print_json(request)
    else:
        print(f"{request['id']} went to {plain(request['group'])}.")


@requests.command()
@click.argument("id")
@_reason_option
@who_options
@gate_options
def good(id: str, reason: str | None, who: Who, config: str | None, state: str | None, as_json: bool) -> None:
    """Say of a sample, or at a second look, that the call was right."""
    _look(id, "good", reason, who, config, state, as_json=as_json)


@requests.command()
@click.argument("id")
@why_option("What was wrong; kept in the record.")
@who_options
@gate_options
def bad(id: str, reason: str, who: Who, config: str | None, state: str | None, as_json: bool) -> None:
    """Say of a sample, or at a second look, that the call was wrong. A sample's is a violation of its agent's."""
    _look(id, "bad", reason, who, config, state, as_json=as_json)


@requests.command()
@click.argument("id")
@why_option("What happened; kept in the record.")
@who_options
@gate_options
def incident(id: str, reason: str, who: Who, config: str | None, state: str | None, as_json: bool) -> None:
    """Say of a sample, or at a second look, that the call did harm: its agent goes to level 0."""
    _look(id, "incident", reason, who, config, state, as_json=as_json)


def _look(
    id: str, word: str, reason: str | None, who: Who, config: str | None, state: str | None,
    *, as_json: bool,
) -> None:  # fmt: skip
    with gate_of(config, state, as_json=as_json, who=who) as gate:
        request = gate.decide(gate.request(id), word, who.id, reason)
    if as_json:
        print_json(request)
    else:
        print(f"{request['id']} was found {word}." if word != "incident" else f"{request['id']} is an incident.")
