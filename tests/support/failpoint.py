"""The gate, killed at one named point of a call's life. Run as a file: `python failpoint.py POINT serve ...`.

A point is `before_STEP` or `after_STEP`; the process sends itself SIGKILL there, so that nothing is tidied up.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from mcp_gate.__main__ import main
from mcp_gate.store import live
from mcp_gate.store.request_table import RequestTable
from mcp_gate.store.store import Store
from mcp_gate.upstream.stdio import StdioLink

STEPS = {
    "begin": "an allowed call is decided and written down, ready to be sent",
    "open_request": "a held call's request is opened",
    "decide": "a person's word is written down",
    "pass_time": "time ends a stage of a request",
    "claim": "an approval is used up, the call ready to be sent",
    "finish": "how it ended is written down",
    "delivered": "that its result left is written down",
    "send": "the bytes go to the upstream",
    "commit": "the transaction with the outcome of a person's word is committed",
}
OF_REQUESTS = {"open_request": "open", "decide": "decide", "pass_time": "pass_time", "claim": "claim"}
"""Steps that are methods of the store's requests."""
POINTS = [f"{when}_{step}" for step in STEPS for when in ("before", "after")]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm_store(step: str, *, after: bool) -> None:
    """Die before a method of the store begins, or after what it wrote is durable."""
    owner: Any = RequestTable if step in OF_REQUESTS else Store
    name = OF_REQUESTS.get(step, step)
    real = getattr(owner, name)

    async def whole(*args: Any, **more: Any) -> Any:
        if not after:
            die()
        found = await real(*args, **more)
        die()
        return found

    def begun(*args: Any, **more: Any) -> Any:
        return asyncio.ensure_future(whole(*args, **more))

    setattr(owner, name, begun)


def arm_send(*, after: bool) -> None:
    real = StdioLink.request

    def request(self: StdioLink, method: str, params: Any) -> Any:
        if method != "tools/call":
            return real(self, method, params)
        if not after:
            die()
        ticket = real(self, method, params)
        die()
        return ticket

    StdioLink.request = request  # type: ignore[method-assign]


def arm_commit(*, after: bool) -> None:
    """Die around the commit of a transaction in which a decision was written."""
    real = live.open_for_writing

    class Connection:
        def __init__(self, inner: Any) -> None:
            self.inner = inner
            self.decided = False

        def execute(self, statement: str, *more: Any) -> Any:
            self.decided |= bool(more) and "request.decided" in repr(more)
            commits = self.decided and statement.strip().lower().startswith("commit")
            if commits and not after:
                die()
            found = self.inner.execute(statement, *more)
            if commits:
                die()
            return found

        def executemany(self, statement: str, rows: Any) -> Any:
            self.decided |= "request.decided" in repr(rows)
            return self.inner.executemany(statement, rows)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

    def connect(path: Path) -> Any:
        return Connection(real(path))

    live.open_for_writing = connect


def arm(point: str) -> None:
    when, _, step = point.partition("_")
    match step:
        case "send":
            arm_send(after=when == "after")
        case "commit":
            arm_commit(after=when == "after")
        case _:
            arm_store(step, after=when == "after")


if __name__ == "__main__":
    arm(sys.argv.pop(1))
    main()
