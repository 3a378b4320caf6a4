"""A held call, or one picked for a look afterwards, and the words of its reviewers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from mcp_gate.model.call import Call
from mcp_gate.model.decision import Assurance, OnTimeout, Tier
from mcp_gate.model.foreign import JsonObject

SAMPLE: Final = "sample"
SECOND_REVIEW: Final = "second_review"
PROMOTION: Final = "promotion"
QUARANTINE: Final = "quarantine"
LOOKS: Final = (SAMPLE, SECOND_REVIEW)
"""Kinds of requests that wait for nothing but to be looked at, by the words `good`, `bad` and `incident`."""


class RequestStatus(StrEnum):
    """Where a request stands (contract 7)."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


class CallState(StrEnum):
    """States of a call (design 5). `received` and `permitted` never outlive their transaction."""

    DENIED = "denied"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    DISPATCHED = "dispatched"
    EXECUTED = "executed"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    PROPOSED = "proposed"
    """No call: what a request proposes that is about an agent. It is never sent and stays so."""


TRANSITIONS: dict[CallState | None, frozenset[CallState]] = {
    None: frozenset({CallState.DENIED, CallState.PENDING, CallState.DISPATCHED}),
    CallState.PENDING: frozenset(
        {CallState.APPROVED, CallState.REJECTED, CallState.EXPIRED, CallState.CANCELLED, CallState.SUPERSEDED}
    ),
    CallState.APPROVED: frozenset(
        {CallState.DISPATCHED, CallState.EXPIRED, CallState.CANCELLED, CallState.SUPERSEDED, CallState.DENIED}
    ),
    CallState.DISPATCHED: frozenset({CallState.EXECUTED, CallState.FAILED, CallState.UNKNOWN, CallState.QUARANTINED}),
    CallState.EXECUTED: frozenset({CallState.DELIVERED, CallState.QUARANTINED}),
    CallState.QUARANTINED: frozenset({CallState.DELIVERED}),
    CallState.DELIVERED: frozenset({CallState.QUARANTINED}),  # what was delivered was the handle of a task
    CallState.UNKNOWN: frozenset({CallState.EXECUTED, CallState.FAILED}),
}
"""Every arrow of the lifecycle; the store refuses any other."""


ASKED: Final = ("arguments", "topic", "risk_tags", "attributes", "signals", "job_hash")
"""Members of a call that an edit changes."""


@dataclass(frozen=True, slots=True)
class ReviewerDecision:
    """One person's word, as posted (contract 7). Fields that were not sent are None."""

    decision: str | None = None
    reason: str | None = None
    approver_id: str | None = None
    job_hash: str | None = None
    policy_snapshot: str | None = None
    decision_ts: str | None = None
    nonce: str | None = None
    arguments: JsonObject | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """One person's word, as accepted."""

    decision: str
    reason: str
    approver_id: str
    decision_ts: str
    assurance: Assurance | None
    """How its giver proved who he is; None: it is the policy's own word."""
    nonce: str
    signature: str | None = None
    statement: str = ""
    """What was signed, in canonical form, but for an edit's arguments, which are the call's; "" where nothing was."""
    final: bool = False
    stage: int = 1
    """The request's stage in which it was said."""
    job_hash: str = ""
    """The call that it was said about; "" where that is the only one there was."""
    said_ts: str = ""
    """When the gate took it, by the gate's own clock; "" where that is `decision_ts`."""


@dataclass(frozen=True, slots=True)
class Request:
    """A held call waiting for people. Times are RFC 3339 with milliseconds, or "" where there is none."""

    id: str
    kind: str
    status: RequestStatus
    call: Call
    verdict: JsonObject
    """`Verdict.as_json()` as it was when the request was opened."""
    policy_snapshot: str
    tier: Tier
    group: str
    needed: int
    min_assurance: Assurance
    on_timeout: OnTimeout
    opened_ts: str
    due_ts: str
    escalate_ts: str = ""
    """When it goes to another group though it is not due; "" where only `due_ts` ends the stage."""
    escalate_to: str = "escalation"
    escalated_ts: str = ""
    """When the second stage began; "" in the first."""
    escalated_from: str = ""
    """The group of the first stage, once there is a second."""
    claimed_by: str = ""
    claimed_until: str = ""
    assigned_to: str = ""
    """Whose it is to decide by the gate's own sharing out; anybody else of the group still may."""
    waiting: bool = False
    attempts: int = 1
    consumed: bool = False
    """Whether the approval was used by a dispatch, or the outcome told to the agent."""
    decisions: tuple[RecordedDecision, ...] = ()
    trail: tuple[JsonObject, ...] = field(default=())
    before: tuple[RecordedDecision, ...] = ()
    """Of a second look: the words that decided on its call. Whoever looks is not told."""
    asked: JsonObject | None = None
    """What the agent asked for, where a reviewer changed the call: the members of `ASKED` as they were."""
    extended: tuple[JsonObject, ...] = ()
    """Who gave it more time, and how much: `{approver_id, seconds}`."""

    @property
    def more_time(self) -> JsonObject:
        """The member `extended` of the events that follow; an extension has no event of its own."""
        return {"extended": list(self.extended)} if self.extended else {}

    @property
    def holds(self) -> bool:
        """Whether its call waits for it. Of every other kind it has run, or there is none."""
        return self.kind == "gate"

    @property
    def bound(self) -> bool:
        """Whether it asks what may be done under this policy, at this level: void when they change. What ran, ran."""
        return self.kind in ("gate", PROMOTION)

    @property
    def owed(self) -> bool:
        """Whether its agent gets what becomes of it, by making the same call again: held calls, withheld results."""
        return self.kind in ("gate", QUARANTINE)

    @property
    def stage(self) -> int:
        """1, or 2 once it was escalated; there is no third."""
        return 2 if self.escalated_ts else 1

    @property
    def stage_ts(self) -> str:
        """When this stage began."""
        return self.escalated_ts or self.opened_ts

    @property
    def timeout_sec(self) -> int:
        """The time that each stage is given."""
        return int(self.verdict["timeout_sec"])

    @property
    def words(self) -> tuple[RecordedDecision, ...]:
        """The decisions that count: those of this stage, from the last edit on."""
        said = tuple(said for said in self.decisions if said.stage == self.stage)
        last = max((i for i, word in enumerate(said) if word.decision == "edit"), default=0)
        return said[last:]

    @property
    def asked_call(self) -> Call:
        """The call as its agent asked for it: what the same call again is compared with."""
        if self.asked is None:
            return self.call
        return replace(self.call, **{**self.asked, "risk_tags": tuple(self.asked["risk_tags"])})
