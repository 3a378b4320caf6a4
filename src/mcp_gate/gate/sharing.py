"""Shares open requests out among reviewers, and moves them from who cannot attend to them (`review.assign`).

Not when a call is held, which would cost its agent, but in rounds soon after something changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcp_gate.gate import reviewers
from mcp_gate.review.assign import Roster
from mcp_gate.review.fatigue import rebalances
from mcp_gate.store.database import Unavailable

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

SHARE: Final = 20.0
"""A round is followed by a rest this many times as long, which bounds what thousands of open requests cost."""
AGAIN_SEC: Final = 10.0
"""How often to look although nothing was reported: people leave, claims lapse."""


class Sharer:
    """Of one gate. Without `max_open_requests_per_reviewer` nothing is shared out: everybody sees all of his groups."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._next = 0.0
        self._rest = 0.0

    def changed(self) -> None:
        """Something is to be shared out in the next round."""
        self._next = 0.0

    async def round(self) -> None:
        """Share out what there is, if it is time.

        Raises:
            Unavailable: it could not be recorded; it is tried again.
        """
        gate, now = self._gate, self._gate.clock.steady()
        roster = self._roster()
        if roster is None or now < max(self._next, self._rest):
            return
        self._next = now + AGAIN_SEC  # before anything is awaited: what changes meanwhile is the next round's
        try:
            placed = await gate.store.assigning.share_out(roster, now)
        except Unavailable:
            self.changed()
            raise
        self._rest = now + SHARE * (gate.clock.steady() - now)
        if placed:
            self.changed()  # there may be more than fits in one round
        for one in placed:
            gate.hub.publish(
                {"event": "request.assigned", "request_id": one.id, "group": one.group, "status": "pending"}
            )

    def _roster(self) -> Roster | None:
        loaded = self._gate.loaded
        most = loaded.queue.max_open_requests_per_reviewer
        if most is None:
            return None
        people = reviewers.people(loaded.settings)
        return Roster(
            people=people, most=most, rebalance=rebalances(loaded.queue), agents=loaded.settings.agents or {},
            here=self._gate.presence.here(people.persons),
        )  # fmt: skip
