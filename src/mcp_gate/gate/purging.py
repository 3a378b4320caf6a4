"""Taking old records out, on the word of two people."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from mcp_gate.evidence.gaps import PURGE
from mcp_gate.gate import reviewers
from mcp_gate.gate.erasing import scrubbed
from mcp_gate.gate.reviewers import Identity
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.lang.windows import LONGEST_DAYS
from mcp_gate.model.decision import Assurance
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.review import checks
from mcp_gate.review.people import Reviewer
from mcp_gate.store.purge import Extent

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

VALID_SEC: Final = 3600.0
"""How long a purge waits for a second person. It is kept in memory: a restart forgets it, and nothing is lost."""
LEAST_DAYS: Final = LONGEST_DAYS
"""Younger calls may still count in a window of the policy."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A purge that waits for a second person."""

    id: str
    by: Reviewer
    reason: str
    extent: Extent
    policy_snapshot: str
    """Under another policy the first person may no longer be a reviewer."""
    until: float


@dataclass(frozen=True, slots=True)
class NoSuchPurge:
    """There is no purge with this id that waits for anybody."""


Answer: TypeAlias = JsonObject | Refused | NoSuchPurge


class Purging:
    """What is done about old records, for every face. Every method may raise `store.database.Unavailable`."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._asked: dict[str, Asked] = {}

    async def ask(self, before: str, approver_id: str, reason: str, identity: Identity) -> Answer:
        """The first person's word: take out what is older than a time (RFC 3339). Nothing is taken out yet.

        Returns:
            `{purge, records, through, hash}`.
        """
        who = self._person(identity, approver_id)
        if isinstance(who, Refused):
            return who
        gate = self._gate
        try:
            age = gate.clock.wall() - parse_rfc3339(before)
        except ValueError:
            return Refused("bad_request", 400, "before is a time such as 2026-11-22T12:00:00Z", ("before",))
        if age < LEAST_DAYS * 86_400:
            return Refused("too_recent", 422, f"records are kept for {LEAST_DAYS} days at least", ("before",))
        extent = await gate.store.retention.purgeable(rfc3339(parse_rfc3339(before)))
        if not extent.through:
            return Refused(
                "nothing_to_purge", 409, "there is nothing older than that, or an earlier call is not over yet"
            )
        now = gate.clock.steady()
        self._asked = {id: asked for id, asked in self._asked.items() if asked.until > now}
        asked = Asked(f"P-{os.urandom(4).hex()}", who, reason, extent, gate.loaded.snapshot.id, now + VALID_SEC)
        self._asked[asked.id] = asked
        return {"purge": asked.id, "records": extent.records, "through": extent.through, "hash": extent.hash}

    async def confirm(self, id: str, approver_id: str, identity: Identity) -> Answer:
        """The second person's word. It is recorded who said so before the first record goes.

        Returns:
            `{purge, records, scrubbed}`.
        """
        who = self._person(identity, approver_id)
        if isinstance(who, Refused):
            return who
        gate = self._gate
        asked = self._asked.get(id)
        if asked is None or asked.until <= gate.clock.steady():
            return NoSuchPurge()
        if asked.by.id == who.id:
            return Refused("second_person_needed", 403, "you asked for it yourself; another person has to confirm it")
        if asked.policy_snapshot != gate.loaded.snapshot.id:
            return Refused("policy_changed", 409, "the policy has changed since; ask again")
        self._asked.clear()  # what else was asked for counted some of the same records
        records = await gate.store.retention.purge(asked.extent.through, self._event(asked, who))
        return {"purge": id, "records": records, "scrubbed": await scrubbed(gate)}

    def _event(self, asked: Asked, who: Reviewer) -> Event:
        fields: JsonObject = {
            "policy_snapshot": self._gate.loaded.snapshot.id, "approver_id": who.id, "reason": asked.reason,
            "decision_ts": rfc3339(self._gate.clock.wall()), "assurance": who.assurance.word,
        }  # fmt: skip
        data: JsonObject = {
            "through": asked.extent.through, "hash": asked.extent.hash, "records": asked.extent.records,
            "asked_by": asked.by.id, "asked_assurance": asked.by.assurance.word,
        }  # fmt: skip
        return Event(PURGE, fields, data)

    def _person(self, identity: Identity, approver_id: str) -> Reviewer | Refused:
        """An enrolled reviewer who proved who he is: one person must not be able to pass for two."""
        who = reviewers.speaker(self._gate.loaded.settings, identity, approver_id)
        if who is None:
            return checks.UNKNOWN_REVIEWER
        if who.assurance < Assurance.TOKEN:
            return Refused("assurance_too_low", 403, "it takes two reviewers, each with a bearer token of his own")
        return who
