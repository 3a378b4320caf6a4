"""The command tree. A command's module is imported when the command runs, not before."""

from __future__ import annotations

import errno
import io
import json
import os
import sys

import click

from mcp_gate.cli.lazy import LazyGroup
from mcp_gate.cli.options import Exit, group_options, leave

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
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
    "status": ("status:status", "Health, policy snapshot, queue, share of calls held."),
    "upstreams": ("upstreams:upstreams", "Upstreams, their tools and pins."),
    "webhooks": ("webhooks:webhooks", "Webhooks: what was delivered, what was given up."),
    "policy": ("policy:policy", "The policy: check, explain, test, prove, compare, replay."),
    "output": ("output:output", "What would be found in what tools return."),
    "audit": ("audit:audit", "The record of every call and decision."),
}
"""Command name to `module:attribute` below `mcp_gate.cli`, and the line in the help."""


@click.group(cls=LazyGroup, commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mcp-gate", prog_name="mcp-gate")
@group_options
def cli() -> None:
    """A gate between AI agents and their tools: every call is decided, held for a person, recorded."""


def run() -> None:
    """Run the command line; Ctrl-C ends with 130 and no traceback."""
    _write_what_can_be_written()
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as e:
        e.show()
        if "--json" in sys.argv:
            print(json.dumps({"code": Exit.USAGE.name.lower(), "detail": e.format_message()}))
        sys.exit(e.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(Exit.INTERRUPTED)
    except OSError as e:
        if e.filename is not None or e.errno not in FULL:
            raise
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - what could not be written is not tried again
        leave(Exit.UNREACHABLE, f"standard output cannot be written: {e.strerror}")
    sys.exit(code if isinstance(code, int) else Exit.DONE)


def _write_what_can_be_written() -> None:
    """In a locale that is not UTF-8 a terminal gets escapes for what it has no letters for; files and pipes get UTF-8,
    as JSON is written in it."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115 - None where it was closed
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            if stream.isatty():
                stream.reconfigure(errors="backslashreplace")
            else:
                stream.reconfigure(encoding="utf-8")
