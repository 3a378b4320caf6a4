"""What time does to a request that nobody decided, or whose approval nobody used. A closed set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mcp_gate.model.event import Event
from mcp_gate.model.judged import Accepted


@dataclass(frozen=True, slots=True)
class Waits:
    """Nothing yet."""

    until: float
    """Seconds since the epoch on the elapsed clock."""


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing any more: the request ended, or its approval was used."""


@dataclass(frozen=True, slots=True)
class Expires:
    """It ends here, and is not run."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Escalates:
    """It goes to another group, for a second stage. Claims and words of the first count no more."""

    group: str
    ts: str
    due_ts: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Approves:
    """The policy approves it. It runs only for somebody who waits, or collects it by `due_ts`."""

    word: Accepted
    due_ts: str


Timed: TypeAlias = Waits | Over | Expires | Escalates | Approves
