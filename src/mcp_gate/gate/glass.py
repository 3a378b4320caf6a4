"""Break-glass: what two people signed for is let pass while it lasts, and all of it is looked at afterwards.

It is kept in memory alone: a restart ends it, and no row of any database can begin it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from mcp_gate.gate import reviewers
from mcp_gate.gate.identity import AGENT_ID
from mcp_gate.gate.reviewers import Identity
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import Assurance
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.model.verdict import Verdict
from mcp_gate.review.checks import UNKNOWN_REVIEWER
from mcp_gate.review.glass import Signed, Wanted, Word, frees, judge, lets_pass

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

ASKED_SEC: Final = 900.0
"""How long it waits for the second person."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One person asked for it."""

    id: str
    wanted: Wanted
    first: Signed
    until: float
    """On the elapsed clock: when nobody can confirm it any more."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Two people signed for it."""

    id: str
    wanted: Wanted
    signed: tuple[Signed, Signed]
    until: float
    """On the elapsed clock: when it is over."""


@dataclass(frozen=True, slots=True)
class NoSuchGlass:
    """Nothing with this id waits for anybody, or is broken."""


Answer: TypeAlias = JsonObject | Refused | NoSuchGlass


class Glass:
    """Of one gate. Methods that record may raise `store.database.Unavailable`; then nothing began."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._asked: dict[str, Asked] = {}
        self._broken: dict[str, Broken] = {}

    def listed(self) -> list[JsonObject]:
        """What waits for a second person, and what is broken now."""
        now = self._gate.clock.steady()
        waits = [_asked(one) for one in self._asked.values() if one.until > now]
        return [*waits, *(_broken(one) for one in self._broken.values() if self._holds(one))]

    async def ask(self, wanted: Wanted, word: Word, identity: Identity) -> Answer:
        """The first person's word. Nothing is let pass yet."""
        gate = self._gate
        agents = gate.loaded.settings.agents
        if not AGENT_ID.fullmatch(wanted.agent) or (agents is not None and wanted.agent not in agents):
            return Refused("bad_request", 400, "there is no agent with this id", ("agent",))
        signed = self._judged(wanted, word, identity)
        if isinstance(signed, Refused):
            return await self._refused(signed, wanted, word)
        now = gate.clock.steady()
        self._asked = {id: asked for id, asked in self._asked.items() if asked.until > now}
        asked = Asked(f"G-{os.urandom(4).hex()}", wanted, signed, now + ASKED_SEC)
        await gate.store.note(self._event("security.break_glass_asked", wanted, signed, {"id": asked.id}))
        self._asked[asked.id] = asked
        return _asked(asked)

    async def confirm(self, id: str, word: Word, identity: Identity) -> Answer:
        """The second person's word: from now on it is let pass, and what waits for people of it no longer does."""
        gate = self._gate
        asked = self._asked.get(id)
        if asked is None or asked.until <= gate.clock.steady():
            return NoSuchGlass()
        signed = self._judged(asked.wanted, word, identity, asked.first, id)
        if isinstance(signed, Refused):
            return await self._refused(signed, asked.wanted, word)
        del self._asked[id]
        until = gate.clock.steady() + 60 * asked.wanted.minutes
        broken = Broken(id, asked.wanted, (asked.first, signed), until)
        data: JsonObject = {"id": id, "until": rfc3339(until), "asked": asked.first.as_json()}
        await gate.store.note(self._event("security.break_glass", asked.wanted, signed, data))
        self._broken[id] = broken
        gate.hub.publish({"event": "security.break_glass", "agent": asked.wanted.agent, "topic": asked.wanted.topic})
        for request in await gate.store.requests.unsettled():
            if request.holds and frees(asked.wanted, request):
                await gate.queue.supersede(request, "break_glass")  # whoever waits has it decided anew
        return _broken(broken)

    async def end(self, id: str, approver_id: str, identity: Identity) -> Answer:
        """End it at once; any reviewer may do that."""
        who = reviewers.speaker(self._gate.loaded.settings, identity, approver_id)
        if who is None:
            return UNKNOWN_REVIEWER
        one = self._broken.pop(id, None) or self._asked.pop(id, None)
        if one is None:
            return NoSuchGlass()
        await self._over(id, one.wanted, {"cause": "ended", "by": who.id, "assurance": who.assurance.word})
        return {"id": id, "status": "over"}

    async def round(self) -> None:
        """Forget what is over, and record that it is."""
        now = self._gate.clock.steady()
        for one in [one for one in self._broken.values() if not self._holds(one)]:
            del self._broken[one.id]
            await self._over(one.id, one.wanted, {"cause": "time" if one.until <= now else "policy_changed"})

    def passes(self, agent: str, topic: str, verdict: Verdict) -> str:
        """The id of what lets a held call pass; "": nothing does."""
        if not self._broken:
            return ""
        holding = (one for one in self._broken.values() if self._holds(one))
        return next((one.id for one in holding if lets_pass(one.wanted, agent, topic, verdict)), "")

    def _holds(self, one: Broken) -> bool:
        """Whether it is not over: by time, by another policy, or because one of the two proves nothing any more."""
        gate = self._gate
        people = reviewers.people(gate.loaded.settings)
        enrolled = all(
            (person := people.find(signed.word.approver_id)) is not None and signed.key in person.keys
            for signed in one.signed
        )
        return enrolled and one.until > gate.clock.steady() and one.wanted.policy_snapshot == gate.loaded.snapshot.id

    def _judged(
        self, wanted: Wanted, word: Word, identity: Identity, first: Signed | None = None, id: str = ""
    ) -> Signed | Refused:
        gate = self._gate
        settings = gate.loaded.settings
        if wanted.policy_snapshot != gate.loaded.snapshot.id:
            return Refused("policy_changed", 409, "the policy has changed since; ask again", ("policy_snapshot",))
        who = reviewers.speaker(settings, identity, word.approver_id)
        person = None if who is None or who.id != word.approver_id else who.person
        spec = settings.agent(wanted.agent)
        return judge(wanted, word, person, spec, gate.id, gate.clock.wall(), first, id)

    async def _refused(self, refused: Refused, wanted: Wanted, word: Word) -> Refused:
        fields: JsonObject = {
            "policy_snapshot": self._gate.loaded.snapshot.id, "agent": wanted.agent, "topic": wanted.topic,
            "approver_id": word.approver_id,
        }  # fmt: skip
        await self._gate.store.note(Event("security.break_glass_refused", fields, {"code": refused.code}))
        return refused

    def _event(self, name: str, wanted: Wanted, signed: Signed, data: JsonObject) -> Event:
        fields: JsonObject = {
            "policy_snapshot": wanted.policy_snapshot, "agent": wanted.agent, "topic": wanted.topic,
            "approver_id": signed.word.approver_id, "decision_ts": signed.word.decision_ts, "reason": wanted.reason,
            "assurance": Assurance.SIGNED.word,
        }  # fmt: skip
        return Event(name, fields, {**data, "minutes": wanted.minutes, "signature": signed.word.signature,
                                    "key": signed.key.fingerprint})  # fmt: skip

    async def _over(self, id: str, wanted: Wanted, data: JsonObject) -> None:
        fields: JsonObject = {
            "policy_snapshot": self._gate.loaded.snapshot.id, "agent": wanted.agent, "topic": wanted.topic,
        }  # fmt: skip
        await self._gate.store.note(Event("security.break_glass_over", fields, {"id": id, **data}))


def _asked(one: Asked) -> JsonObject:
    return {"id": one.id, "status": "asked", **one.wanted.as_json(), "asked_by": one.first.word.approver_id}


def _broken(one: Broken) -> JsonObject:
    people = [signed.word.approver_id for signed in one.signed]
    return {"id": one.id, "status": "broken", **one.wanted.as_json(), "people": people, "until": rfc3339(one.until)}
