"""What has been written to the record since the gate started, counted; and how long the writing took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from mcp_gate.model.durations import Durations
from mcp_gate.model.event import Event

COMMIT_SEC: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)

Kind = tuple[str, ...]
"""The name of an event, and words of closed sets that say more of it."""


class Tally:
    """Filled by the writer's thread, read by any thread."""

    def __init__(self) -> None:
        self._events: Counter[Kind] = Counter()
        self.commits = Durations(COMMIT_SEC)
        self.trouble = ""
        """Why the store cannot write; "" while it can."""

    def committed(self, events: Iterable[Event], seconds: float) -> None:
        """A transaction is durable."""
        self._events.update(map(_kind, events))
        self.commits.add(seconds)

    def events(self) -> dict[Kind, int]:
        """How often each kind was written."""
        return dict(self._events)


def _kind(event: Event) -> Kind:
    match event.event:
        case "call.decided":
            return (event.event, str(event.fields.get("decision", "")), str(event.data.get("tier", "")))
        case "call.executed":
            return (event.event, "error" if event.data.get("is_error") else "ok")
        case "request.decided" | "sample.reviewed":
            return (event.event, str(event.data.get("decision", "")), str(event.fields.get("assurance", "")))
        case "request.refused":
            return (event.event, str(event.data.get("code", "")))
        case "output.reviewed":
            return (event.event, str(event.data.get("output_safety_decision", "")))
        case _:
            return (event.event,)
