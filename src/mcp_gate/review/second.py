"""A second look at some decided calls, by somebody who is not told what was decided (contract 9, Queue).

Who looks judges the call: `good`, it should pass; `bad`, it should not; `incident`, it did or would have done harm. He
agrees with an approval that he finds good and with a denial that he finds bad or an incident. A disagreement is about
the reviewers and is raised as such; only the word `incident` says something of the agent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mcp_gate.evidence.record import members
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Accepted, Refused
from mcp_gate.model.request import SECOND_REVIEW, Request
from mcp_gate.review.checks import own
from mcp_gate.review.standing import Standing

PURPOSE: Final = b"mcp-gate second review\n"
"""Before the call's id under the gate's key, as in `sampling`."""


def another(request: Request, standing: Standing) -> Refused | None:
    """Who decided does not look again himself."""
    said = {word.approver_id for word in request.before}
    if standing.reviewer is None or standing.reviewer.id not in said:
        return None
    return Refused("second_person_needed", 403, "you decided on this call; the second look is somebody else's")


def with_look(judged: Accepted, request: Request, standing: Standing, look: Request) -> Accepted:
    """A word that settles a request, and the second look that it opens if there is anybody for it."""
    said = {judged.decision.approver_id, *(word.approver_id for word in request.decisions)}
    if not judged.decision.final or not _somebody(look, standing, said):
        return judged
    if judged.edit is not None:
        look = replace(look, call=judged.edit.call)
    data: JsonObject = {"kind": SECOND_REVIEW, "group": look.group, "due_ts": look.due_ts}
    event = Event("request.opened", members(look.call, look.policy_snapshot, look.id), data)
    return replace(judged, events=(*judged.events, event), opens=look)


def _somebody(look: Request, standing: Standing, said: set[str]) -> bool:
    return any(
        person.decides_for(look.group)
        and person.id not in said
        and own(person.id, look.call.agent, standing.agent) is None
        for person in standing.people.persons.values()
    )


def agrees(request: Request, word: str) -> bool:
    """Whether a second look comes to what was decided."""
    return same(_first(request), word)


def same(first: str, second: str) -> bool:
    """Whether the word that decided and that of the second look come to the same."""
    return (first == "deny") == (second != "good")


def disagreement(request: Request, said: Event) -> Event:
    """What is raised when they do not.

    Args:
        said: the event of the second word.
    """
    data: JsonObject = {"first": _first(request), "second": said.data["decision"]}
    return Event("security.review_disagreement", said.fields, data)


def _first(request: Request) -> str:
    return next((said.decision for said in request.before if said.final), "")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Second looks of a period."""

    open: int
    done: int
    agreed: int

    def as_json(self) -> JsonObject:
        out: JsonObject = {"open": self.open, "done": self.done, "agreed": self.agreed}
        return {**out, "agreement": round(self.agreed / self.done, 4)} if self.done else out
