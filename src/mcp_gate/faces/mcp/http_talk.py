"""A conversation over HTTP, where a client can lose the stream of one request and still be there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mcp_gate.gate.conversation import Conversation
from mcp_gate.gate.front import Front
from mcp_gate.gate.job import Caller

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


class HttpTalk(Conversation):
    """Knows which of its requests are at an upstream now."""

    def __init__(self, gate: Gate, caller: Caller, front: Front, *, modern: bool) -> None:
        super().__init__(gate, caller, front, modern=modern)
        self._sent: set[asyncio.Task[Any]] = set()

    def is_sent(self, task: asyncio.Task[Any]) -> bool:
        """Whether the request that this task handles is at an upstream.

        What a person approved is executed in a task of the gate's own: the one that waits for it has sent nothing.
        """
        return task in self._sent

    @contextmanager
    def sending(self) -> Iterator[None]:
        task = asyncio.current_task()
        with super().sending():
            if task is not None:
                self._sent.add(task)
            try:
                yield
            finally:
                if task is not None:
                    self._sent.discard(task)
