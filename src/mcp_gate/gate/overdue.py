"""Tasks that upstreams go on with after they answered a call: the call's time limit binds them too, and a stop ends
them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from mcp_gate.gate.protocol import TASKS_EXTENSION
from mcp_gate.lang.recent import Recent
from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.link import Link, own_meta
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.peer import Lost

log = logging.getLogger(__name__)

CAPABILITIES: Final = "io.modelcontextprotocol/clientCapabilities"
ANSWER_SEC: Final = 10.0


class Overdue:
    """Those of one gate."""

    def __init__(self) -> None:
        self._ends: set[asyncio.Task[None]] = set()
        self._begun: Recent[tuple[Link, str], str] = Recent()
        """Whose the tasks are that may still go on."""

    def watch(self, link: Link, result: JsonObject, agent: str, seconds: float | None) -> None:
        """Cancel the task that a result is the handle of, if it is one, when its agent is stopped.

        Args:
            seconds: it is cancelled after so many, too.
        """
        task_id = _task_id(result)
        if task_id is not None:
            self._begun.put((link, task_id), agent)
            if seconds is not None:
                self._end(link, task_id, seconds)

    def cut_off(self, stopped: Callable[[str], bool]) -> None:
        """Cancel the tasks of those agents."""
        for (link, task_id), agent in self._begun.items():
            if stopped(agent):
                self._begun.pop((link, task_id))
                self._end(link, task_id, 0.0)

    def _end(self, link: Link, task_id: str, seconds: float) -> None:
        end = asyncio.get_running_loop().create_task(self._cancel(link, task_id, seconds))
        self._ends.add(end)
        end.add_done_callback(self._ends.discard)

    async def _cancel(self, link: Link, task_id: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        params: JsonObject = {"taskId": task_id}
        if link.modern:
            params["_meta"] = {**own_meta(), CAPABILITIES: {"extensions": {TASKS_EXTENSION: {}}}}
        try:
            async with asyncio.timeout(ANSWER_SEC):
                await link.request("tasks/cancel", params).result()
        except (RpcError, Lost, TimeoutError) as error:  # it may have ended long ago
            log.info("upstream %s: a task was not cancelled: %s", link.upstream, type(error).__name__)


def _task_id(result: JsonObject) -> str | None:
    """The upstream's own id of a task: the handshake era has it in a member, the stateless one in the result."""
    handle = result if result.get("resultType") == "task" else result.get("task")
    found = handle.get("taskId") if isinstance(handle, dict) else None
    return found if isinstance(found, str) else None
