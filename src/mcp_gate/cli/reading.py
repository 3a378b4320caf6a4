"""A request on the terminal: shown, asked about, and what became of it. Loaded with `mcp-gate requests`, so that all
that it does not always need is imported where it is used."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mcp_gate.cli.options import Exit, leave
from mcp_gate.cli.talk import print_json

if TYPE_CHECKING:
    from mcp_gate.faces.client import ReviewClient
    from mcp_gate.model.foreign import JsonObject

HEX: Final = frozenset("0123456789abcdef")
COVERED_NOT: Final = ("approve", "edit")
"""Words on what has to have been shown whole."""


def read(
    gate: ReviewClient, id: str, word: str, digest: str | None, more: Callable[[JsonObject], str] | None = None
) -> JsonObject:
    """The request that is to be decided: the digits of the hash say that it is the one that was read.

    Args:
        more: makes what is printed under the request before the question.
    """
    from mcp_gate.cli.request_text import covered
    from mcp_gate.faces.facts import DIGITS

    if digest is None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        leave(
            Exit.USAGE,
            f"nobody can be asked here: read 'mcp-gate requests show {plain(id)}', "
            f"then add --digest with the first {DIGITS} hex digits of its job_hash",
        )
    request = gate.request(id, personal=digest is None)
    if digest is None:
        print_full(request)
        if request["status"] != "pending":
            leave(Exit.REFUSED, f"{request['id']} is {request['status']} already. Nothing was decided.")
        if word in COVERED_NOT and covered(request):
            way = f"'mcp-gate requests show {plain(id)} --reveal', then --digest"
            leave(Exit.NOT_SO, f"What is covered has to be read first: {way}. Nothing was decided.")
        if more is not None:
            print(more(request))
        digest = _ask(f"\nType the digest to {word} (anything else goes back): ")
        if not digest:
            leave(Exit.NOT_SO, "Nothing was decided.")
    given = digest.strip().lower().removeprefix("sha256:")
    whole = str(request["call"]["job_hash"]).removeprefix("sha256:")
    if len(given) < DIGITS or not set(given) <= HEX or not whole.startswith(given):
        leave(Exit.REFUSED, f"this is not the digest of {request['id']}; read the request again. Nothing was decided.")
    return request


def _ask(question: str) -> str:
    """One line from the terminal. What was typed before the question was there does not count."""
    import termios

    sys.stdout.flush()
    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    try:
        return input(question).strip()
    except EOFError:
        return ""
    except KeyboardInterrupt:
        leave(Exit.INTERRUPTED)


def print_full(request: JsonObject) -> None:
    """All that a person needs in order to decide."""
    from mcp_gate.cli.request_text import full

    print(full(request, time.time()))


def print_outcome(request: JsonObject, *, as_json: bool) -> None:
    """What became of a request by a word on it."""
    if as_json:
        print_json(request)
        return
    from mcp_gate.faces.stages import approvals

    if request["status"] == "pending":
        given = len(approvals(request))
        print(f"{request['id']} has {given} of {request['needed']} approvals; it still needs somebody else's.")
    elif request["kind"] == "quarantine":
        print(f"{request['id']}: the result is {'released' if request['status'] == 'approved' else 'dropped'}.")
    else:
        print(f"{request['id']} is {request['status']}.")


def plain(text: str) -> str:
    """Foreign text, revealed."""
    from mcp_gate.lang.reveal import reveal

    return reveal(text)
