"""`mcp-gate demo`: the whole job on bundled upstreams, in a temporary directory."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from mcp_gate.cli.options import Exit, gate_options, leave


@click.command()
@click.option("--auto", is_flag=True, help="Decide by script, print the story and exit 0.")
@gate_options
def demo(config: str | None, state: str | None, as_json: bool, auto: bool) -> None:
    """The whole job on bundled upstreams; nothing of yours is touched."""
    import asyncio

    from mcp_gate.demo.setup import write_directory
    from mcp_gate.demo.story import Broken
    from mcp_gate.faces.client import Unreachable

    if not auto and not sys.stdin.isatty():
        leave(Exit.USAGE, "there is no terminal to ask at; use 'mcp-gate demo --auto'")
    for number in (signal.SIGHUP, signal.SIGTERM):  # a closed window cleans up as Ctrl-C does
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    with tempfile.TemporaryDirectory(prefix="mcp-gate-") as scratch:
        directory, state_dir = write_directory(Path(scratch)), Path(scratch) / "state"
        try:
            asyncio.run(_run(directory, state_dir, _speaker(as_json), auto=auto))
        except Broken as e:
            leave(Exit.NOT_SO, f"the demo went wrong: {e}")
        except Unreachable as e:
            leave(Exit.UNREACHABLE, str(e))
        except EOFError:
            leave(Exit.INTERRUPTED, "the terminal was closed")
        finally:
            _stop(state_dir)


async def _run(directory: Path, state_dir: Path, say: Callable[[str], None], *, auto: bool) -> None:
    from mcp_gate.demo.reviewers import Person, Script
    from mcp_gate.demo.story import Reviewer, tell
    from mcp_gate.faces.client import ReviewClient

    where = f"--config {shlex.quote(str(directory))} --state {shlex.quote(str(state_dir))}"
    review = ReviewClient(state_dir)
    person = Person(review, say, f"{_program()} review {where}")
    reviewer: Reviewer = Script(review, say) if auto else person
    say("mcp-gate demo: an agent, a gate, a shop and a deploy tool; everything real, in a temporary folder.\n")
    await tell(directory, state_dir, reviewer, say)
    _verified(state_dir, say)
    say(_attach())


def _speaker(as_json: bool) -> Callable[[str], None]:
    """What tells the story, to a person or one object a line. When nobody listens any more it goes on in silence, so
    that all of it is cleaned up."""

    def say(text: str) -> None:
        try:
            print(json.dumps({"said": text.strip()}) if as_json else text, flush=True)
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115

    return say


def _program() -> str:
    """How this command was called, so that what is printed can be copied."""
    return "uv run mcp-gate" if _by_uv() else "mcp-gate"


def _by_uv() -> bool:
    return "UV_RUN_RECURSION_DEPTH" in os.environ


def _verified(state_dir: Path, say: Callable[[str], None]) -> None:
    """Check the record of what just happened with the very command an auditor runs."""
    import subprocess

    arguments = [sys.executable, "-m", "mcp_gate", "audit", "verify", "--state", str(state_dir)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    say(f"\n6. The record: mcp-gate audit verify\n   {done.stdout.strip() or done.stderr.strip()}")
    if done.returncode != 0:
        from mcp_gate.demo.story import Broken

        raise Broken("the record does not verify")


def _attach() -> str:
    first = "'uv tool install .' puts mcp-gate on your path; then, in another folder" if _by_uv() else "next"
    return (
        f"\nYour own tools ({first}):\n"
        "  mcp-gate init                   makes a gate directory out of what your clients have configured\n"
        "  mcp-gate clients connect NAME   puts the gate before a client's servers; 'clients disconnect' undoes it\n"
        "  mcp-gate review                 shows what is held\n"
        "In any other client's configuration this line stands in the place of the servers:\n"
        '  { "mcpServers": { "gate": { "command": "mcp-gate", "args": ["connect"] } } }'
    )


def _stop(state_dir: Path) -> None:
    """End the demo's gate, if one came up."""
    from mcp_gate.cli.serve import stop_gate
    from mcp_gate.faces.client import Problem, Unreachable

    try:
        stop_gate(state_dir)
    except (Unreachable, Problem):
        return
