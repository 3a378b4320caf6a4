"""What every command takes, and what exit codes mean."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NoReturn, ParamSpec, TypeVar

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


WANTED: Final = "mcp_gate.wanted"
"""Where a click context keeps what stood before a subcommand."""


def _three(command: Callable[..., R]) -> Callable[..., R]:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="JSON on standard output, one object a line for lists."),
        click.option("--state", metavar="DIR", help="Where database, sockets and log live (else $MCP_GATE_STATE)."),
        click.option("--config", metavar="DIR", help="The gate directory (else $MCP_GATE_CONFIG)."),
    ):
        command = option(command)
    return command


def gate_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add `--config`, `--state` and `--json`; the function gets `config`, `state` and `as_json`.

    They may stand before the command's name as well (`group_options`); what stands behind it comes first.
    """

    @_three
    @functools.wraps(command)
    def wrapped(*args: Any, config: str | None, state: str | None, as_json: bool, **kwargs: Any) -> R:
        three = _remember(config, state, as_json)
        return command(*args, **three, **kwargs)

    return wrapped


def group_options(group: Callable[[], None]) -> Callable[..., None]:
    """Let the three stand before the names of a group's commands."""

    @_three
    @functools.wraps(group)
    def wrapped(config: str | None, state: str | None, as_json: bool) -> None:
        _remember(config, state, as_json)

    return wrapped


def _remember(config: str | None, state: str | None, as_json: bool) -> dict[str, Any]:
    """What is known of the three by now, for this command and the ones below."""
    wanted: dict[str, Any] = click.get_current_context().meta.setdefault(WANTED, {})
    given = {"config": config, "state": state, "as_json": as_json or None}
    wanted.update({name: value for name, value in given.items() if value is not None})
    return {"config": None, "state": None, "as_json": False, **wanted}


def json_wanted() -> bool:
    """Whether the command that runs was given `--json`."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(WANTED, {}).get("as_json"))


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


def why_option(text: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add a `--reason` that has to be written, and says something."""
    return click.option("--reason", metavar="TEXT", required=True, callback=_said, help=text)


def _said(_: click.Context, __: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("it is empty; say why")
    return value


def me(approver: str | None) -> str:
    """Who speaks: the reviewer named, else the user at this terminal."""
    if approver is not None:
        return approver
    from mcp_gate.gate.reviewers import operator

    return operator()


def leave(code: Exit, sentence: str = "") -> NoReturn:
    """End the command with one sentence for the person at the terminal, and with `--json` for a program, too."""
    if sentence:
        print(sentence, file=sys.stderr)
        if code is not Exit.DONE and json_wanted():
            print(json.dumps({"code": code.name.lower(), "detail": sentence}))
    raise SystemExit(int(code))
