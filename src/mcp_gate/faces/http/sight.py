"""Who may read what over the review API: requests of one's groups, but not a decision that one is to look at anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.gate import reviewers
from mcp_gate.gate.reviewers import Bearer, Carried, Identity, Session
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import Request, RequestStatus

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

UNTOLD: Final = "withheld"
"""Stands in place of what became of a call."""


@dataclass(frozen=True, slots=True)
class Blind:
    """What somebody is not told of while a second look at it waits for him."""

    ids: frozenset[str] = frozenset()
    """Calls, and the requests that decided on them."""

    def hides(self, request: Request) -> bool:
        """Whether a request tells what was decided."""
        return request.holds and request.status is not RequestStatus.PENDING and request.call.id in self.ids

    def over(self, shown: JsonObject) -> JsonObject:
        """A request as it may be told."""
        trail = shown["call"].get("trail", ())
        if not any(step["call_id"] in self.ids for step in trail):
            return shown
        told = [{**step, "status": UNTOLD} if step["call_id"] in self.ids else step for step in trail]
        return {**shown, "call": {**shown["call"], "trail": told}}


class Sight:
    """Of one gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def groups(self, identity: Identity) -> frozenset[str] | None:
        """The groups whose requests a caller may read; None: all."""
        match identity:
            case Session():
                return None
            case Bearer(reviewer_id) | Carried(reviewer_id):
                person = reviewers.people(self._gate.loaded.settings).find(reviewer_id)
                return frozenset() if person is None else person.sees
            case _:
                assert_never(identity)

    def visible(self, identity: Identity, group: str) -> bool:
        """Whether a caller may read requests of a group."""
        groups = self.groups(identity)
        return groups is None or group in groups

    async def blind(self, identity: Identity) -> Blind:
        """What a caller is not told of. Over the local socket without a token nobody knows who asks."""
        match identity:
            case Session():
                return Blind()
            case Bearer(reviewer_id) | Carried(reviewer_id):
                return Blind(await self._gate.store.requests.to_look_at(reviewer_id, self.groups(identity)))
            case _:
                assert_never(identity)

    def told(self, identity: Identity, message: JsonObject) -> JsonObject | None:
        """A message about what happens, as a caller may read it; None: it is not for him."""
        groups = [message[name] for name in ("group", "from") if name in message]
        if groups and not any(self.visible(identity, group) for group in groups):
            return None
        look = message.get("look")
        if look is None:
            return message
        out = {name: value for name, value in message.items() if name != "look"}
        if isinstance(identity, Session) or identity.reviewer_id in look:
            return out
        del out["status"]
        return out
