"""What lies on the reviewer's desk: open requests, the one that ended under his eyes, the gate's state. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mcp_gate.faces.assurance import in_words
from mcp_gate.faces.tui.filter import Filter
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.order import Order
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
    proof: str = "session"
    """How decisions made here prove whose they are: `session`, `token` or `signed`."""
    kept: str | None = None
    """The request under the cursor: it stays, greyed, when it ends."""
    marked: set[str] = field(default_factory=set)
    """Requests that are to be denied together."""
    filter: Filter = Filter()  # noqa: RUF009 - frozen
    order: Order = Order.DUE
    uncovered: dict[str, JsonObject | None] = field(default_factory=dict)
    """Requests whose covered parts were asked for, which is on record; each with its result as it came, if any."""

    def replace(self, requests: Iterable[Held]) -> bool:
        """Take a whole queue. Whether the kept request is not in it, so that its end must be asked for."""
        before = self.requests
        self.requests = {held.id: held.filled(before.get(held.id)) for held in requests if held.open}
        self.marked &= self.requests.keys()
        if self.kept is None or self.kept not in before or self.kept in self.requests:
            return False
        self.requests[self.kept] = before[self.kept]
        return before[self.kept].open

    def add(self, requests: Iterable[Held]) -> None:
        """Take a part of a queue that is still being read."""
        for held in requests:
            if held.open:
                self.requests[held.id] = held.filled(self.requests.get(held.id))

    def update(self, held: Held) -> None:
        """Take one request as it is now."""
        if held.id in self.uncovered:
            held = held.bared(self.uncovered[held.id])
        if held.open or held.id == self.kept:
            self.requests[held.id] = held.filled(self.requests.get(held.id))
        else:
            self.requests.pop(held.id, None)
        if not held.open:
            self.marked.discard(held.id)

    @property
    def assurance(self) -> str:
        """How far the agents are from being able to decide themselves, in plain words."""
        return in_words(str(self.status.get("assurance", "")))

    def mark(self, request_id: str) -> None:
        """Mark a request, or take its mark away."""
        if request_id in self.requests and self.requests[request_id].open:
            self.marked ^= {request_id}

    def uncover(self, request_id: str, result: JsonObject | None) -> None:
        """Its reviewer asked for what is covered in it."""
        self.uncovered[request_id] = result
        if request_id in self.requests:
            self.requests[request_id] = self.requests[request_id].bared(result)

    def keep(self, request_id: str | None) -> bool:
        """The cursor moved; whether an ended request went with that."""
        left, self.kept = self.kept, request_id
        if left is None or left == request_id or left not in self.requests or self.requests[left].open:
            return False
        del self.requests[left]
        return True

    def in_order(self, now: float) -> list[Held]:
        """What the filter lets through, in the order asked for. The request under the cursor is always there."""
        found = (
            held for held in self.requests.values()
            if not self.filter or held.id == self.kept or self.filter.lets(held, self.me, now)
        )  # fmt: skip
        return sorted(found, key=self.order.key)

    def counts(self, now: float) -> tuple[int, int, int]:
        """Open, mine (claimed or assigned), and late ones."""
        waiting = [held for held in self.requests.values() if held.open]
        mine = sum(self.me in (held.claimed_by, held.assigned_to) for held in waiting)
        return len(waiting), mine, sum(held.due - now < LATE_SEC for held in waiting)
