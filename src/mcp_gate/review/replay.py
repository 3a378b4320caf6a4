"""The same word twice: sent again it gets the same answer, carried over to another request it is refused."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from mcp_gate.model.event import Event
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import Request, ReviewerDecision
from mcp_gate.review.judge import CLOCKS_APART_SEC

MEMORY_SEC: Final = 2 * CLOCKS_APART_SEC
"""How long a word must be remembered: after that its `decision_ts` is too old for any request."""


def said_before(request: Request, posted: ReviewerDecision) -> bool:
    """Whether this very word, nonce and all, is on record for this request: it has no second effect."""
    shown, about = request.call.job_hash, posted.job_hash
    return (
        bool(posted.nonce)
        and posted.arguments in (None, request.call.arguments)
        and posted.policy_snapshot == request.policy_snapshot
        and any(
            (
                said.nonce,
                said.approver_id,
                said.decision,
                said.decision_ts,
                said.reason,
                said.job_hash or shown,
                said.signature,
            )
            == (
                posted.nonce,
                posted.approver_id,
                posted.decision,
                posted.decision_ts,
                posted.reason or "",
                about,
                posted.signature,
            )
            for said in request.decisions
        )
    )


class Words:
    """The words accepted lately, by what makes each one unique, and the request each was meant for."""

    def __init__(self) -> None:
        self._requests: OrderedDict[tuple[str | None, ...], tuple[float, str]] = OrderedDict()

    def remember(self, posted: ReviewerDecision, request_id: str, now: float) -> None:
        """Note an accepted word; `now` in seconds on any clock that only goes forward."""
        self._requests[_mark(posted)] = (now, request_id)
        while self._requests and next(iter(self._requests.values()))[0] < now - MEMORY_SEC:
            self._requests.popitem(last=False)

    def elsewhere(self, posted: ReviewerDecision, request_id: str) -> Refused | None:
        """Why a word does not count here: it was said about another request."""
        meant = self._requests.get(_mark(posted))
        if meant is None or meant[1] == request_id:
            return None
        replay = Event("security.approval_replay", {"request_id": request_id}, {"meant_for": meant[1]})
        text = "this decision was given for another request and used there; decide on this one anew"
        return Refused("already_decided", 409, text, ("nonce",), (replay,))


def _mark(posted: ReviewerDecision) -> tuple[str | None, ...]:
    """A nonce is one word of one person. Without a nonce, what he said about what, and the millisecond, must do."""
    if posted.nonce:
        return (posted.approver_id, posted.nonce)
    return (posted.approver_id, posted.job_hash, posted.decision, posted.decision_ts)
