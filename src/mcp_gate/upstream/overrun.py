"""A child whose call took longer than it may: it shows in time that it heard the cancellation, or it is ended.

What a server goes on doing in silence cannot be seen, and a cancelled request is never answered. So a ping is sent
behind the cancellation: a child that is too busy to answer it, or that goes on reporting the call's progress, is
stubborn.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Protocol

from mcp_gate.model.foreign import Json
from mcp_gate.upstream.link import GRACE_SEC, Link, ask
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.message import RequestId
from mcp_gate.wire.peer import Lost

log = logging.getLogger(__name__)

PROGRESS: Final = "notifications/progress"
MOST: Final = 100
"""Overrun calls whose progress is watched for; of more, the oldest are forgotten."""
SILENT: Final = "it did not heed a cancellation"
BUSY: Final = "it went on with a call that was cancelled"
TOLD: Final = "the upstream was ended: it did not heed the cancellation of another call"


class Killable(Link, Protocol):
    """A link whose process the gate can end."""

    def put_down(self, why: str) -> None: ...


class Overruns:
    """Those of one link."""

    def __init__(self, link: Killable) -> None:
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._until: dict[RequestId, float] = {}
        """By progress token: until when progress may still be on its way."""
        self.unheeded = ""
        """Why the child was ended; "" while it was not."""

    def watch(self, token: RequestId | None) -> None:
        """A request was cancelled because it overran.

        Args:
            token: what its progress is reported under.
        """
        if token is not None:
            self._until[token] = self._loop.time() + GRACE_SEC
            while len(self._until) > MOST:
                del self._until[next(iter(self._until))]
        task = self._loop.create_task(self._heard())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def goes_on(self, token: Json) -> bool:
        """Whether progress is one of an overrun call; if it comes too late the child is ended."""
        if type(token) not in (int, str) or token not in self._until:
            return False
        if self._loop.time() > self._until[token]:
            self._end(BUSY)
        return True

    def close(self) -> None:
        """The link ended."""
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()

    async def _heard(self) -> None:
        try:
            await ask(self._link, "ping", {}, GRACE_SEC)
        except RpcError:
            return  # an answer all the same
        except Lost:
            self._end(SILENT)

    def _end(self, why: str) -> None:
        if self._link.alive:
            log.warning("upstream %s is ended: %s", self._link.upstream, why)
            self.unheeded = why
            self._link.put_down(TOLD)
