"""What the gate tells, as messages: one thread reads the event stream and posts them; handlers own the widgets."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from textual.message import Message

from mcp_gate.faces.client import Events, Problem, ReviewClient, Unreachable
from mcp_gate.faces.tui.held import Held, Unreadable
from mcp_gate.model.foreign import JsonObject

RETRY_SEC: Final = 1.0


class QueueRead(Message):
    """The whole queue and the gate's state, read after the stream was opened: nothing is missed from here on."""

    def __init__(self, status: JsonObject, requests: tuple[Held, ...]) -> None:
        super().__init__()
        self.status = status
        self.requests = requests


class PageRead(Message):
    """A part of a long queue, so that the first rows are there while the rest is still being read."""

    def __init__(self, requests: tuple[Held, ...]) -> None:
        super().__init__()
        self.requests = requests


class Changed(Message):
    """One request as it is now."""

    def __init__(self, held: Held) -> None:
        super().__init__()
        self.held = held


class Gone(Message):
    """A request that this screen knew is not its reviewer's to see any more."""

    def __init__(self, request_id: str) -> None:
        super().__init__()
        self.request_id = request_id


class StatusRead(Message):
    """The gate's state."""

    def __init__(self, status: JsonObject) -> None:
        super().__init__()
        self.status = status


class Disconnected(Message):
    """The gate does not answer; it is tried again every second."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


class Feed:
    """Follows the gate until stopped, over as many connections as it takes."""

    def __init__(self, client: ReviewClient, me: str, post: Callable[[Message], object]) -> None:
        """
        Args:
            me: who counts as having the queue open.
            post: called from the feed's thread.
        """
        self._client = client
        self._me = me
        self._post = post
        self._stopped = threading.Event()
        self._events: Events | None = None

    def run(self) -> None:
        """Blocks; runs in a thread of its own."""
        while not self._stopped.is_set():
            try:
                self._follow()
            except (Unreachable, Problem, Unreadable) as e:
                if not self._stopped.is_set():
                    self._post(Disconnected(str(e)))
            self._stopped.wait(RETRY_SEC)

    def stop(self) -> None:
        """End `run` soon; may be called from any thread."""
        self._stopped.set()
        if self._events is not None:
            self._events.close()

    def _follow(self) -> None:
        with self._client.events(self._me) as events:
            self._events = events
            if self._stopped.is_set():
                return
            self._read_all()
            for message in events:
                self._tell(message)

    def _read_all(self) -> None:
        status = self._client.get("/v1/status")
        found: list[Held] = []
        for page in self._client.brief():
            part = tuple(Held.of(request) for request in page)
            found += part
            self._post(PageRead(part))
        self._post(QueueRead(status, tuple(found)))

    def _tell(self, message: JsonObject) -> None:
        event, request_id = str(message.get("event", "")), message.get("request_id")
        if event == "resync":
            self._read_all()
        elif event.startswith(("policy.", "queue.")):
            self._post(StatusRead(self._client.get("/v1/status")))
        elif isinstance(request_id, str):
            read_one(self._client, request_id, self._post)


def read_one(client: ReviewClient, request_id: str, post: Callable[[Message], object]) -> None:
    """Read one request whole and post it, or that it is not there, or not ours to see."""
    try:
        post(Changed(Held.of(client.request(request_id, personal=True))))
    except Problem as problem:
        if problem.status not in (403, 404):
            raise
        post(Gone(request_id))
