"""One request of a client in flight: who hears of it while it lasts, and how far its progress has come."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from mcp_gate.gate.front import RequestFront
from mcp_gate.gate.protocol import INPUT_METHODS, LOG_LEVEL_KEY, TASKS_EXTENSION, Envelope
from mcp_gate.model.foreign import Json, JsonObject

BEAT: Final = 1e-6
"""Heartbeats rise by so little that an upstream's own progress, counted from one, still rises after them."""


class Flight:
    """Implements `gate.job.Exchange` for the path of a call."""

    def __init__(
        self, front: RequestFront, method: str, meta: JsonObject, agent: str, envelope: Envelope | None
    ) -> None:
        """
        Args:
            envelope: the request's own in the stateless era, None in the handshake era.
        """
        token = meta.get("progressToken")
        self.front = front
        self.method = method
        self.meta = meta
        self.agent = agent
        self.envelope = envelope
        self.token: int | str | None = token if type(token) in (int, str) else None
        self.log_level = meta.get(LOG_LEVEL_KEY) if envelope is not None else None
        self.reason: str | None = None
        """Why the client cancelled, in its own words."""
        self.open = True
        """Until its answer: afterwards nothing may be said about it."""
        self.leg = 0
        self.polled = False
        """Whether this is a look at a task, which waits for nothing of its own."""
        self.task: asyncio.Task[Any] | None = asyncio.current_task()
        self._progress: int | float | None = None

    @property
    def modern(self) -> bool:
        """Whether this request may be answered `input_required`."""
        return self.envelope is not None and self.method in INPUT_METHODS

    @property
    def tasks(self) -> bool:
        """Whether this request may be answered with a task handle."""
        if self.polled:
            return True
        if self.envelope is None or self.method != "tools/call":
            return False
        extensions = self.envelope.capabilities.get("extensions")
        return isinstance(extensions, dict) and TASKS_EXTENSION in extensions

    def heartbeat(self, text: str) -> bool:
        """Send progress of the gate's own, if the client gave a token."""
        if self.token is None:
            return False
        self.progress({"progress": (self._progress or 0) + BEAT, "message": text})
        return True

    def progress(self, params: JsonObject) -> None:
        """Pass progress on under the client's own token; what does not rise, or comes late, is dropped."""
        value: Json = params.get("progress")
        if not self.open or self.token is None or type(value) not in (int, float):
            return
        if self._progress is not None and value <= self._progress:
            return
        self._progress = value
        self.front.notify("notifications/progress", {**params, "progressToken": self.token})

    def notify(self, method: str, params: JsonObject | None) -> None:
        """Tell the client something that belongs to this request."""
        if self.open:
            self.front.notify(method, params)
