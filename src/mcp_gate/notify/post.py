"""All webhooks of a gate: a worker for each that gate.yaml names, and none where it names none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mcp_gate.model.config import WebhookSpec

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate
    from mcp_gate.notify.worker import Worker

RETRIED: Final = "webhooks.retried"
"""Published with a webhook's id: a person wants its messages tried again."""
IDLE_SEC: Final = 1.0
"""How soon webhooks that appear in gate.yaml are heeded."""


class Post:
    """Of one gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._workers: dict[WebhookSpec, tuple[Worker, asyncio.Task[None]]] = {}

    async def send_forever(self) -> None:
        """Until cancelled. What is on its way then is sent again by the next gate, under the same id."""
        try:
            while True:
                self._staff()
                if self._workers:
                    await self._pass_on()
                else:
                    await asyncio.sleep(IDLE_SEC)
        finally:
            tasks = [task for _, task in self._workers.values()]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    def _staff(self) -> None:
        named = self._gate.loaded.settings.webhooks
        for spec in [spec for spec in self._workers if spec not in named]:
            self._workers.pop(spec)[1].cancel()
        for spec in named:
            if spec not in self._workers:
                from mcp_gate.notify.worker import Worker  # with a client of HTTP: only where there are webhooks

                worker = Worker(self._gate, spec)
                self._workers[spec] = worker, asyncio.create_task(worker.run_forever())

    async def _pass_on(self) -> None:
        """Wake the workers at what happens, until other webhooks are named."""
        loaded = self._gate.loaded
        with self._gate.hub.subscribe() as messages:
            for worker, _ in self._workers.values():
                worker.wake()
            while self._gate.loaded is loaded:
                message = await messages.get()
                for worker, _ in self._workers.values():
                    if message.get("event") == RETRIED and message.get("webhook") == worker.spec.id:
                        worker.resume()
                    worker.wake()
