"""Who decides in the demo: the script, or the person at the terminal."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Callable

from mcp_gate.faces.client import Problem, ReviewClient
from mcp_gate.lang.reveal import reveal, reveal_json
from mcp_gate.model.foreign import JsonObject

DENIAL = "Ask the customer for a photo first"


class Script:
    """Approves the first request and denies the next, as a person might."""

    def __init__(self, review: ReviewClient, say: Callable[[str], None]) -> None:
        self._review = review
        self._say = say
        self._decided = 0

    async def decide(self, request: JsonObject) -> None:
        self._say(_shown(request))
        self._decided += 1
        word, reason = ("approve", "Seen the photo") if self._decided == 1 else ("deny", DENIAL)
        self._say(f"   (the script decides: {word}, “{reason}”)")
        person = getpass.getuser()
        await asyncio.to_thread(self._review.decide, request, word, person, reason)


class Person:
    """Asks at the prompt; a decision made in the review screen counts as well."""

    def __init__(self, review: ReviewClient, say: Callable[[str], None], review_command: str) -> None:
        self._review = review
        self._say = say
        self._command = review_command

    async def decide(self, request: JsonObject) -> None:
        code = request["call"]["job_hash"].removeprefix("sha256:")[:4]
        self._say(_shown(request))
        self._say(f"   To decide in the review screen, run in another terminal:\n     {self._command}")
        self._say(f"   Or here: type '{code}' to approve, or a reason to deny it.")
        while True:
            line = await self._line_or_decided(request["id"])
            if line is None:
                self._say("   Decided in the review screen.")
                return
            if line and await self._post(request, line, code):
                return

    async def _post(self, request: JsonObject, line: str, code: str) -> bool:
        word, reason = ("approve", None) if line == code else ("deny", line)
        try:
            await asyncio.to_thread(self._review.decide, request, word, getpass.getuser(), reason)
        except Problem as refused:
            self._say(f"   The gate refuses: {reveal(refused.detail)}")
            return refused.code == "already_decided"
        return True

    async def _line_or_decided(self, request_id: str) -> str | None:
        """A line from the terminal; None as soon as the request is decided elsewhere.

        Raises:
            EOFError: the terminal is closed.
        """
        loop = asyncio.get_running_loop()
        typed = asyncio.Event()
        loop.add_reader(sys.stdin, typed.set)
        try:
            while not typed.is_set():
                state = await asyncio.to_thread(self._review.request, request_id)
                if state["status"] != "pending":
                    return None
                with_timeout = asyncio.ensure_future(typed.wait())
                await asyncio.wait((with_timeout,), timeout=0.3)
                with_timeout.cancel()
        finally:
            loop.remove_reader(sys.stdin)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.strip()


def _shown(request: JsonObject) -> str:
    """A held call as the reviewer needs it, in a few lines."""
    call = request["call"]
    arguments = "\n".join("     " + line for line in reveal_json(call["arguments"]).splitlines())
    return (
        f"   Held: {request['id']}  {reveal(call['listed_name'])}\n"
        f"   because   {reveal(request['verdict']['reason'])}\n"
        f"   agent     {reveal(call['agent'])}, tags {', '.join(call['risk_tags'])}\n"
        f"   arguments, exactly as they will be sent:\n{arguments}"
    )
