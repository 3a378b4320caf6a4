"""Talking to the running gate from a command: what went wrong becomes a sentence and an exit code."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mcp_gate.cli.options import Exit, leave

if TYPE_CHECKING:
    from mcp_gate.faces.client import Problem, ReviewClient


@contextmanager
def gate_of(config: str | None, state: str | None, *, as_json: bool) -> Generator[ReviewClient]:
    """A client of the gate that `--config` and `--state` mean. Inside, what the gate refuses ends the command."""
    from mcp_gate.cli.state import state_directory
    from mcp_gate.faces.client import Problem, ReviewClient, Unreachable

    try:
        yield ReviewClient(state_directory(config, state))
    except Unreachable as error:
        leave(Exit.UNREACHABLE, str(error))
    except Problem as problem:
        if as_json:
            print_json({"code": problem.code, "detail": problem.detail, "fields": list(problem.fields)})
        leave(_code(problem), _sentence(problem))


def print_json(value: object) -> None:
    """One object, one line. Pure ASCII, so that no character of it can act on a terminal."""
    print(json.dumps(value))


def _code(problem: Problem) -> Exit:
    match problem.status:
        case 404:
            return Exit.NOT_SO
        case 400 | 413 | 415:
            return Exit.USAGE
        case status if status >= 500:
            return Exit.UNREACHABLE
        case _:
            return Exit.REFUSED


def _sentence(problem: Problem) -> str:
    from mcp_gate.lang.reveal import reveal

    return reveal(f"{problem.code}: {problem.detail}" if problem.code != "not_found" else problem.detail)
