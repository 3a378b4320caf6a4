"""Talking to the running gate from a command: what went wrong becomes a sentence and an exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mcp_gate.cli.options import Exit, Who, leave

if TYPE_CHECKING:
    from mcp_gate.faces.client import Problem, ReviewClient
    from mcp_gate.faces.signing import Signer
    from mcp_gate.model.foreign import JsonObject

TOKEN: Final = "MCP_GATE_REVIEWER_TOKEN"
"""The environment variable with a reviewer's bearer token, for who would rather not be taken at his word."""


@contextmanager
def gate_of(config: str | None, state: str | None, *, as_json: bool, who: Who | None = None) -> Generator[ReviewClient]:
    """A client of the gate that `--config` and `--state` mean. Inside, what the gate refuses ends the command.

    Args:
        who: whose key signs decisions.
    """
    from mcp_gate.cli.state import state_directory
    from mcp_gate.faces.client import Problem, ReviewClient, Unreachable

    try:
        client = ReviewClient(state_directory(config, state), token=os.environ.get(TOKEN) or None)
        if who is not None and who.key is not None:
            client.signer = signer_of(who.key)
            who.approver = who.approver or _holder(client, client.signer)
        yield client
    except Unreachable as error:
        leave(Exit.UNREACHABLE, str(error))
    except Problem as problem:
        if as_json:
            told = {"code": problem.code, "detail": problem.detail, "fields": list(problem.fields)}
            print_json({name: value for name, value in told.items() if value})
        print(_sentence(problem), file=sys.stderr)
        leave(_code(problem))


def signer_of(file: str) -> Signer:
    """The key in a file, or the one in the ssh-agent that a .pub file names; without it the command ends."""
    from mcp_gate.faces.signing import CannotSign, from_file

    try:
        return from_file(Path(file), _passphrase)
    except CannotSign as error:
        leave(Exit.USAGE, f"{error}. Nothing was decided.")


def _holder(client: ReviewClient, signer: Signer) -> str | None:
    """The reviewer whose key it is."""
    found = client.get("/v1/reviewers")["reviewers"]
    prints = {key["fingerprint"]: str(one["id"]) for one in found for key in one["keys"]}
    return prints.get(signer.key.fingerprint)


def _passphrase(question: str) -> str:
    if not sys.stdin.isatty():
        return ""
    from getpass import getpass

    return getpass(question)


def print_json(value: object) -> None:
    """One object, one line. Pure ASCII, so that no character of it can act on a terminal."""
    print(json.dumps(value))


def to_show(found: Sequence[JsonObject], nothing: str, *, as_json: bool) -> bool:
    """Whether a list is left to be shown to people: neither was it for programs, who get a line of JSON each, nor is it
    empty, which is said in a sentence."""
    if as_json:
        for one in found:
            print_json(one)
    elif not found:
        print(nothing)
    return bool(found) and not as_json


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
