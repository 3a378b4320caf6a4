"""How the queue and its reviewers are doing, read from the record; everybody is told when a target is missed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from mcp_gate.gate import reviewers
from mcp_gate.history.pace import NOTHING, paces
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.review.queue import MEDIAN_SEC, P95_SEC, SETTLED_SEC, Queue, Target, measure

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

LOOK_SEC: Final = 5.0
"""How often the targets are looked at."""
LOOKS_SEC: Final = 30 * 86_400
"""Second looks are few, so they are summed up over the last thirty days."""
DAY_SEC: Final = 86_400
"""The share of gated calls and the figures about people are those of the last day."""


async def queue(gate: Gate) -> Queue:
    """How long held calls wait and waited lately, against the targets."""
    targets, now = gate.loaded.queue, gate.clock.steady()
    return measure(
        await gate.store.waits.waiting(),
        await gate.store.waits.settled(now - SETTLED_SEC),
        now,
        targets.target_median_wait_sec or MEDIAN_SEC,
        targets.target_p95_wait_sec or P95_SEC,
    )


async def people(gate: Gate) -> list[JsonObject]:
    """Every reviewer: how many open requests are his, and how fast he decides."""
    known = reviewers.people(gate.loaded.settings).persons
    loads = await gate.store.assigning.loads()
    said = paces(await gate.store.waits.words(gate.clock.steady() - DAY_SEC))
    here = gate.presence.here(known)
    return [
        {"id": id, "here": id in here, "open": loads.get(id, 0), **said.get(id, NOTHING).as_json()}
        for id in sorted(known)
    ]


async def second_looks(gate: Gate) -> JsonObject:
    """How often the second look at a decision agreed with it."""
    return (await gate.store.waits.looks(gate.clock.steady() - LOOKS_SEC)).as_json()


async def gated_share(gate: Gate) -> float:
    """Share of the last day's calls that a person had to look at, 0 to 1."""
    return round(await gate.store.gated_share(gate.clock.wall() - DAY_SEC), 4)


class Targets:
    """Looks at the targets of one gate. A target that is missed is told once, until it is met again."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._next = 0.0
        self._missed: frozenset[Target] = frozenset()

    async def round(self) -> None:
        """Look, if it is time.

        Raises:
            Unavailable: the record cannot be read.
        """
        now = self._gate.clock.steady()
        if now < self._next:
            return
        self._next = now + LOOK_SEC
        found = await queue(self._gate)
        missed, before = frozenset(found.breached), self._missed
        self._missed = missed
        for target in sorted(missed - before):
            self._tell(target, found)
        if before - missed and not missed:
            self._gate.hub.publish({"event": "queue.recovered"})

    def _tell(self, target: Target, found: Queue) -> None:
        log.warning("held calls wait longer than the target for the %s: %s", target.value, _waits(found))
        data: JsonObject = {"target": target.value, "count": found.open}
        data |= _waits(found)
        self._gate.note(Event("queue.breached", {"policy_snapshot": self._gate.loaded.snapshot.id}, data))
        self._gate.hub.publish({"event": "queue.breached", **data})


def _waits(found: Queue) -> JsonObject:
    both = {"median_sec": found.median_wait_sec, "p95_sec": found.p95_wait_sec}
    return {name: round(seconds) for name, seconds in both.items() if seconds is not None}
