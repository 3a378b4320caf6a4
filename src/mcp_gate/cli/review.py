"""`mcp-gate review`: the reviewer's screen."""

from __future__ import annotations

import os
import sys

import click

from mcp_gate.cli.options import Exit, gate_options, leave
from mcp_gate.cli.talk import gate_of


@click.command()
@click.option("--as", "reviewer", metavar="ID", help="Which reviewer you are (else your user name).")
@gate_options
def review(reviewer: str | None, config: str | None, state: str | None, as_json: bool) -> None:
    """The review screen: what is held, one call in full, approve or deny.

    Needs a terminal; without one use 'mcp-gate requests'.
    """
    if as_json:
        leave(Exit.USAGE, "a screen has no JSON; use 'mcp-gate requests list --json'")
    _need_a_screen()
    with gate_of(config, state, as_json=False) as client:
        # Asked before anything is drawn, so that an absent gate is a sentence and an exit code.
        status = client.get("/v1/status")
        from mcp_gate.faces.tui.app import ReviewApp
        from mcp_gate.gate.reviewers import operator

        app = ReviewApp(client, reviewer or operator(), status)
        app.run()
        app.give_back_claims()
    if app.return_code:
        sys.exit(app.return_code)


def _need_a_screen() -> None:
    """End with 2 where nobody could see or type."""
    # The screen is drawn on standard error, so that is where a terminal has to be as well.
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        leave(Exit.USAGE, "review needs a terminal; without one use 'mcp-gate requests list' and 'requests show'")
    if os.environ.get("TERM", "") in ("", "dumb"):
        leave(Exit.USAGE, "this terminal cannot draw a screen (TERM is dumb); use 'mcp-gate requests list'")
