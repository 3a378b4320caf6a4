"""What lies on the reviewer's desk: open requests, the one that ended under his eyes, the gate's state. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.words import LATE_SEC
from mcp_gate.model.foreign import JsonObject


@dataclass(frozen=True, slots=True)
class Live:
    """The gate's events are coming."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Connected, and the queue is being read."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No connection; nothing can be decided."""

    since: float
    """Seconds on a clock that only goes forward."""
    why: str


Link = Live | Reading | Lost


@dataclass
class Desk:
    """The screen's memory. It holds what the gate said last, and never decides anything."""

    me: str
    status: JsonObject
    link: Link = field(default_factory=Reading)
    requests: dict[str, Held] = field(default_factory=dict)
    kept: str | None = None
    """The request under the cursor: it stays, greyed, when it ends."""

    def replace(self, requests: Iterable[Held]) -> bool:
        """Take a whole queue. Whether the kept request is not in it, so that its end must be asked for."""
        before = self.requests
        self.requests = {held.id: held for held in requests if held.open}
        if self.kept is None or self.kept not in before or self.kept in self.requests:
            return False
        self.requests[self.kept] = before[self.kept]
        return before[self.kept].open

    def update(self, held: Held) -> None:
        """Take one request as it is now."""
        if held.open or held.id == self.kept:
            self.requests[held.id] = held
        else:
            self.requests.pop(held.id, None)

    def keep(self, request_id: str | None) -> bool:
        """The cursor moved; whether an ended request went with that."""
        left, self.kept = self.kept, request_id
        if left is None or left == request_id or left not in self.requests or self.requests[left].open:
            return False
        del self.requests[left]
        return True

    def in_order(self) -> list[Held]:
        """The nearest deadline first."""
        return sorted(self.requests.values(), key=lambda held: (held.due, held.id))

    def counts(self, now: float) -> tuple[int, int, int]:
        """Open, claimed by me, and late ones."""
        waiting = [held for held in self.requests.values() if held.open]
        mine = sum(held.claimed_by == self.me for held in waiting)
        return len(waiting), mine, sum(held.due - now < LATE_SEC for held in waiting)
