"""`mcp-gate review`: the reviewer's screen."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from mcp_gate.cli.options import Exit, Who, gate_options, leave, who_options
from mcp_gate.cli.talk import gate_of

if TYPE_CHECKING:
    from mcp_gate.faces.client import ReviewClient
    from mcp_gate.faces.signing import Signer


@click.command()
@who_options
@gate_options
def review(who: Who, config: str | None, state: str | None, as_json: bool) -> None:
    """The review screen: what is held, one call in full, approve or deny.

    Decisions are signed with --key, or with a key of yours that is enrolled and in the ssh-agent.

    Needs a terminal; without one use 'mcp-gate requests'.
    """
    if as_json:
        leave(Exit.USAGE, "a screen has no JSON; use 'mcp-gate requests list --json'")
    _need_a_screen()
    with gate_of(config, state, as_json=False, who=who) as client:
        # Asked before anything is drawn, so that an absent gate is a sentence and an exit code.
        status = client.get("/v1/status")
        from mcp_gate.faces.tui.app import ReviewApp

        client.signer = client.signer or _enrolled(client, who.id)
        app = ReviewApp(client, who.id, status)
        app.run()
        app.give_back_claims()
    if app.return_code:
        sys.exit(app.return_code)


def _enrolled(client: ReviewClient, reviewer: str) -> Signer | None:
    """A key of the reviewer's that the ssh-agent holds, if there is one."""
    from mcp_gate.faces.signing import from_enrolled

    found = client.get("/v1/reviewers")["reviewers"]
    return from_enrolled({key["fingerprint"] for one in found if one["id"] == reviewer for key in one["keys"]})


def _need_a_screen() -> None:
    """End with 2 where nobody could see or type."""
    # The screen is drawn on standard error, so that is where a terminal has to be as well.
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        leave(Exit.USAGE, "review needs a terminal; without one use 'mcp-gate requests list' and 'requests show'")
    if os.environ.get("TERM", "") in ("", "dumb"):
        leave(Exit.USAGE, "this terminal cannot draw a screen (TERM is dumb); use 'mcp-gate requests list'")
