"""`mcp-gate connect`: the stdio MCP server that a client starts."""

from __future__ import annotations

import os
import sys

import click

from mcp_gate.cli.options import gate_options


@click.command()
@click.option("--agent", default="default", metavar="ID", help="Who the client's agent is.")
@gate_options
def connect(config: str | None, state: str | None, as_json: bool, agent: str) -> None:
    """Join the running gate, or start one, and speak MCP on the standard streams."""
    from mcp_gate.cli.state import state_directory
    from mcp_gate.faces.mcp.connect import run

    click.get_current_context().meta.clear()  # no JSON of errors: standard output is the protocol's
    sys.exit(run(config, state_directory(config, state), agent, os.environ.get("MCP_GATE_TOKEN")))
