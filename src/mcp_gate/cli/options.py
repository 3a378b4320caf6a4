"""What every command takes, and what exit codes mean."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")


class Exit(IntEnum):
    """Exit codes (contract 5)."""

    DONE = 0
    NOT_SO = 1
    """What was asked is not so: denied, not proved, a chain is broken, an unknown id."""
    USAGE = 2
    """Usage or configuration; nothing was done."""
    UNREACHABLE = 3
    """The gate or an upstream cannot be reached."""
    REFUSED = 4
    """Refused by the gate: already decided, stale, cooldown, not yours."""
    INTERRUPTED = 130


def gate_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add `--config`, `--state` and `--json`; the function gets `config`, `state` and `as_json`."""

    @click.option("--config", metavar="DIR", help="The gate directory (else $MCP_GATE_CONFIG).")
    @click.option("--state", metavar="DIR", help="Where database, sockets and log live (else $MCP_GATE_STATE).")
    @click.option("--json", "as_json", is_flag=True, help="JSON on standard output, one object a line for lists.")
    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        return command(*args, **kwargs)

    return wrapped


def as_option(command: Callable[P, R]) -> Callable[P, R]:
    """Add `--as`; the function gets `approver`."""
    text = "Which reviewer you are (else your user name)."
    return click.option("--as", "approver", metavar="ID", help=text)(command)


@dataclass(slots=True)
class Who:
    """Who decides, and what proves it."""

    approver: str | None
    """None: whose the key is, else the user at this terminal."""
    key: str | None = None
    """The file of a key to sign with; None: nothing is signed."""

    @property
    def id(self) -> str:
        return me(self.approver)


def who_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add `--as` and `--key`; the function gets `who`."""
    text = "Sign with this private key, or with the one in the ssh-agent that this .pub file names."

    @click.option("--key", metavar="FILE", help=text)
    @functools.wraps(command)
    def wrapped(*args: Any, approver: str | None, key: str | None, **kwargs: Any) -> R:
        return command(*args, who=Who(approver, key), **kwargs)

    return as_option(wrapped)


def me(approver: str | None) -> str:
    """Who speaks: the reviewer named, else the user at this terminal."""
    if approver is not None:
        return approver
    from mcp_gate.gate.reviewers import operator

    return operator()


def leave(code: Exit, sentence: str = "") -> NoReturn:
    """End the command with one sentence for the person at the terminal."""
    if sentence:
        print(sentence, file=sys.stderr)
    raise SystemExit(int(code))
