"""The command tree. A command's module is imported when the command runs, not before."""

from __future__ import annotations

import json
import sys

import click

from mcp_gate.cli.lazy import LazyGroup
from mcp_gate.cli.options import Exit, group_options

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo:demo", "The whole job on bundled upstreams; nothing of yours is touched."),
    "init": ("init:init", "A gate directory out of what your clients have configured."),
    "clients": ("clients:clients", "Put the gate before a client's servers, or take it away."),
    "serve": ("serve:serve", "Run the gate in the foreground."),
    "stop": ("serve:stop", "End the running gate in order."),
    "connect": ("connect:connect", "The stdio MCP server that a client starts."),
    "review": ("review:review", "The review screen."),
    "requests": ("requests:requests", "Held calls without a screen."),
    "agents": ("agents:agents", "Agents: levels of autonomy, the stop switch."),
    "break-glass": ("break_glass:break_glass", "Let an agent's calls of one topic pass, on two people's signed words."),
    "reviewers": ("reviewers:reviewers", "Reviewers: who may decide, with which keys."),
    "doctor": ("doctor:doctor", "What is wrong with this set-up, and what it protects from."),
    "status": ("status:status", "Health, policy snapshot, queue."),
    "upstreams": ("upstreams:upstreams", "Upstreams, their tools and pins."),
    "webhooks": ("webhooks:webhooks", "Webhooks: what was delivered, what was given up."),
    "policy": ("policy:policy", "Check and explain the policy."),
    "output": ("output:output", "What would be found in what tools return."),
    "audit": ("audit:audit", "The record: tail, show, verify, export, checkpoint."),
}
"""Command name to `module:attribute` below `mcp_gate.cli`, and the line in the help."""


@click.group(cls=LazyGroup, commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mcp-gate", prog_name="mcp-gate")
@group_options
def cli() -> None:
    """A gate between AI agents and their tools: every call is decided, held for a person, recorded."""


def run() -> None:
    """Run the command line; Ctrl-C ends with 130 and no traceback."""
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as e:
        e.show()
        if "--json" in sys.argv:
            print(json.dumps({"code": Exit.USAGE.name.lower(), "detail": e.format_message()}))
        sys.exit(e.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(Exit.INTERRUPTED)
    sys.exit(code if isinstance(code, int) else Exit.DONE)
