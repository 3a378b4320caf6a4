"""Reads a gate directory for a command, or ends it with every problem told."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mcp_gate.cli.options import Exit, leave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_gate.model.config import ConfigError, Problem
    from mcp_gate.policy.load import Loaded


def load_or_leave(config: str | None, *, as_json: bool, to_serve: bool = False) -> tuple[Path, Loaded]:
    """The gate directory and what it says; on errors all of them are printed and the command ends with 2.

    Args:
        to_serve: whether this machine has to be able to serve it, sandboxes and detectors included.
    """
    from dataclasses import replace

    from mcp_gate.gate.directory import find_gate_directory, read_directory
    from mcp_gate.model.config import ConfigError
    from mcp_gate.policy.load import load

    try:
        directory = find_gate_directory(config, os.environ)
        loaded = load(read_directory(directory))
        if to_serve:
            from mcp_gate.scanning.settings import check_detectors
            from mcp_gate.upstream.confine import confined

            loaded = confined(loaded)
            check_detectors(loaded.outgoing)
    except ConfigError as error:
        report(error, as_json=as_json)
    return directory, replace(loaded, warnings=(*loaded.warnings, *_unset(loaded)))


def _unset(loaded: Loaded) -> Iterator[Problem]:
    """Variables that the files name and the environment has not. What needs one does not start; the rest is served."""
    from mcp_gate.model.config import Problem

    for name, place in loaded.variables.items():
        if name not in os.environ:
            yield Problem(place, f"the environment variable {name} is not set", "set it where the gate is started")


def report(error: ConfigError, *, as_json: bool) -> NoReturn:
    """Print every problem, and end with 2."""
    for problem in error.problems:
        print(problem, file=sys.stderr)
    if as_json:
        print(json.dumps({"errors": [problem.as_json() for problem in error.problems]}))
    leave(Exit.USAGE)
