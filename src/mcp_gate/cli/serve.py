"""`mcp-gate serve` and `mcp-gate stop`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from mcp_gate.cli.options import Exit, gate_options, leave

STOP_WAIT_SEC = 20.0


@click.command()
@click.option("--started-by-connect", is_flag=True, hidden=True, help="End by itself when idle.")
@gate_options
def serve(config: str | None, state: str | None, as_json: bool, started_by_connect: bool) -> None:
    """Run the gate in the foreground: MCP for clients, the review API, the database, the upstreams."""
    import logging

    import uvloop

    from mcp_gate.app import Setting, run
    from mcp_gate.cli.loading import load_or_leave, report
    from mcp_gate.gate.directory import find_state_directory
    from mcp_gate.model.config import ConfigError
    from mcp_gate.store.database import Unavailable

    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    directory, loaded = load_or_leave(config, as_json=as_json, to_serve=True)
    state_dir = find_state_directory(state, os.environ, directory, loaded.settings.state_dir)
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    try:
        interrupted = uvloop.run(run(Setting(directory, state_dir, started_by_connect), loaded))
    except ConfigError as error:
        report(error, as_json=as_json)
    except Unavailable as error:
        leave(Exit.UNREACHABLE, f"the gate cannot start: {error}")
    if interrupted:
        leave(Exit.INTERRUPTED)


@click.command()
@gate_options
def stop(config: str | None, state: str | None, as_json: bool) -> None:
    """End the running gate in order: no new calls, calls in flight finish or are cancelled within 10 s."""
    from mcp_gate.cli.state import state_directory
    from mcp_gate.faces.client import Problem, Unreachable

    try:
        stop_gate(state_directory(config, state))
    except Unreachable as e:
        leave(Exit.UNREACHABLE, str(e))
    except Problem as e:
        leave(Exit.REFUSED, e.detail)
    print('{"stopped": true}' if as_json else "The gate has ended.")


def stop_gate(state_dir: Path) -> None:
    """Ask the gate of a state directory to end, and wait until it has.

    Raises:
        Unreachable: none runs, or it did not end in time.
        Problem: it refuses.
    """
    from mcp_gate.faces.client import ReviewClient, Unreachable

    client = ReviewClient(state_dir)
    client.post("/v1/stop", {})
    deadline = time.monotonic() + STOP_WAIT_SEC
    while time.monotonic() < deadline:
        if not client.path.exists():
            return
        time.sleep(0.02)
    raise Unreachable("the gate was told to end and still runs")
