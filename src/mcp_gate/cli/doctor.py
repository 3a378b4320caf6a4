"""`mcp-gate doctor`: what is wrong with this set-up, and which assurance it reaches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_gate.cli.options import Exit, gate_options

if TYPE_CHECKING:
    from mcp_gate.model.config import Problem
    from mcp_gate.policy.load import Loaded
    from mcp_gate.setup.doctor import Finding, SetUp
    from mcp_gate.setup.separation import Reach


@click.command()
@gate_options
def doctor(config: str | None, state: str | None, as_json: bool) -> None:
    """Check the set-up, most likely wrong first, and say which assurance level it reaches and against whom.

    Run it as the user that your agents run as: it tries what they could do. Exits 1 when something is wrong.
    """
    from mcp_gate.setup.doctor import Verdict, examine
    from mcp_gate.setup.separation import reach

    setup = _set_up(config, state)
    found, reached = examine(setup), reach(setup)
    if as_json:
        from mcp_gate.cli.talk import print_json

        print_json({"assurance": reached.as_json(), "checks": [finding.as_json() for finding in found]})
    else:
        _print(found, reached)
    if any(finding.verdict is Verdict.WRONG for finding in found):
        raise SystemExit(int(Exit.NOT_SO))


def _set_up(config: str | None, state: str | None) -> SetUp:
    from mcp_gate.gate.directory import find_state_directory, gate_directory
    from mcp_gate.setup.doctor import SetUp, asked

    directory = gate_directory(config, os.environ).absolute()
    loaded, errors = _loaded(directory)
    configured = None if loaded is None else loaded.settings.state_dir
    where = find_state_directory(state, os.environ, directory, configured)
    return SetUp(directory, where, os.environ, loaded, errors, asked(where))


def _loaded(directory: Path) -> tuple[Loaded | None, tuple[Problem, ...]]:
    from mcp_gate.gate.directory import find_gate_directory, read_directory
    from mcp_gate.model.config import ConfigError, Place, Problem
    from mcp_gate.policy.load import load

    try:
        return load(read_directory(find_gate_directory(str(directory), {}))), ()
    except ConfigError as error:
        return None, error.problems
    except PermissionError:
        text = "this user may not look into it"
        return None, (Problem(Place(str(directory), 1, 1), text, "run doctor as the gate's user to check its files"),)


def _print(found: list[Finding], reached: Reach) -> None:
    from mcp_gate.lang.reveal import reveal

    for finding in found:
        print(reveal(f"{finding.verdict.value:<8} {finding.check:<10} {finding.what}"))
        if finding.cure:
            print(reveal(f"{'':<19} cure: {finding.cure}"))
    print()
    for line in reached.lines():
        print(reveal(line))
