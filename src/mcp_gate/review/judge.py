"""One person's word on one held call: does it count, and what becomes of the request?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from mcp_gate.evidence.hashes import job_hash
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Accepted, Judged, Refused
from mcp_gate.model.request import RecordedDecision, Request, RequestStatus, ReviewerDecision
from mcp_gate.review import checks
from mcp_gate.review.people import Reviewer
from mcp_gate.review.standing import Standing

CLOCKS_APART_SEC: Final = 300
"""How far a reviewer's clock may be from the gate's."""

EVIDENCE: Final = ("policy_snapshot", "job_hash", "approver_id", "decision_ts")
"""What every decision must carry; an `evidence_contract` cannot ask for less (contract 7)."""

WORDS: Final = {"gate": ("approve", "deny"), "sample": ("good", "bad", "incident")}
"""What may be said of each kind of request."""

Check: TypeAlias = Callable[[Request, ReviewerDecision, Standing], Refused | None]


def judge(request: Request, posted: ReviewerDecision, standing: Standing) -> Judged:
    """Judge a word on a request as it is now. A refusal changes nothing but is recorded (`request.refused`).

    Same request, same word and same standing: same judgement.
    """
    for check in CHECKS:
        refused = check(request, posted, standing)
        if refused is not None:
            return recorded(refused, request, posted, standing)
    return _accept(request, posted, standing)


def recorded(refused: Refused, request: Request, posted: ReviewerDecision, standing: Standing) -> Refused:
    """The refusal with its record."""
    data: JsonObject = {"code": refused.code, "fields": list(refused.fields)}
    if posted.decision is not None:
        data["decision"] = posted.decision
    fields = {**standing.record, "request_id": request.id}
    if posted.approver_id is not None:
        fields["approver_id"] = posted.approver_id
    if standing.reviewer is not None:
        fields["assurance"] = standing.reviewer.assurance.word
    return replace(refused, events=(*refused.events, Event("request.refused", fields, data)))


# ---- the checks, in their order


def _word(request: Request, posted: ReviewerDecision, _: Standing) -> Refused | None:
    """1. The word is one that may be said of this kind of request."""
    words = WORDS.get(request.kind, ())
    if posted.decision in words:
        if posted.arguments is None:
            return None
        return Refused("bad_decision", 422, "arguments belong to the word 'edit' alone", ("arguments",))
    if posted.decision == "edit":
        text = "this gate does not edit calls; deny it with a reason that says what to change"
    else:
        text = f"a request of kind '{request.kind}' takes one of: {', '.join(words)}"
    return Refused("bad_decision", 422, text, ("decision",))


def _complete(_: Request, posted: ReviewerDecision, __: Standing) -> Refused | None:
    """2. Every field of the evidence contract is there."""
    missing = tuple(name for name in EVIDENCE if not getattr(posted, name))
    return _incomplete("missing", missing) if missing else None


def _caller(request: Request, posted: ReviewerDecision, standing: Standing) -> Refused | None:
    """3. The gate knows who speaks, and he speaks for himself."""
    if standing.reviewer is not None and posted.approver_id != standing.reviewer.id:
        return _incomplete("not the caller's", ("approver_id",))
    return checks.person(request, standing)


def _entitled(request: Request, _: ReviewerDecision, standing: Standing) -> Refused | None:
    """4. The request went to his group, and is not about his own call."""
    return checks.first((checks.group, checks.itself), request, standing)


def _open(request: Request, _: ReviewerDecision, standing: Standing) -> Refused | None:
    """5. The request still waits for people, and is not due."""
    return checks.still_open(request, standing)


def _unchanged(request: Request, _: ReviewerDecision, standing: Standing) -> Refused | None:
    """6. Policy, level, tool and arguments are those the call was held with."""
    if not request.holds:
        return None  # it ran, and was what it was
    call = request.call
    refused = checks.voided(request, standing)
    if refused is not None:
        return refused
    if standing.tool_hash is not None and standing.tool_hash != call.tool_hash:
        return checks.tool_changed()
    digest = job_hash(
        agent=call.agent, upstream=call.upstream, tool=call.tool, tool_hash=call.tool_hash,
        topic=call.topic, risk_tags=call.risk_tags, arguments=call.arguments,
    )  # fmt: skip
    if digest != call.job_hash:
        return Refused("arguments_changed", 409, "the stored call is not the one that was held and will not run")
    return None


def _equal(request: Request, posted: ReviewerDecision, standing: Standing) -> Refused | None:
    """7. The evidence names this very call and policy, and was given now."""
    wrong = []
    if posted.policy_snapshot != request.policy_snapshot:
        wrong.append("policy_snapshot")
    if posted.job_hash != request.call.job_hash:
        wrong.append("job_hash")
    if not _recent(posted.decision_ts or "", standing.wall):
        wrong.append("decision_ts")
    return _incomplete("not what the request holds, or not of now", tuple(wrong)) if wrong else None


def _proved(request: Request, posted: ReviewerDecision, standing: Standing) -> Refused | None:
    """8. He proved who he is as strongly as the policy asks."""
    if posted.signature is not None:
        return Refused("bad_signature", 403, "this gate cannot verify signatures, so it accepts none", ("signature",))
    if standing.reviewer is None or standing.reviewer.assurance < request.min_assurance:
        need = request.min_assurance.word
        return Refused("assurance_too_low", 403, f"this request asks for proof of identity '{need}' or stronger")
    return None


def _free(request: Request, _: ReviewerDecision, standing: Standing) -> Refused | None:
    """9. Nobody else is looking at it."""
    return checks.unclaimed(request, standing)


def _distinct(request: Request, posted: ReviewerDecision, _: Standing) -> Refused | None:
    """10. Several approvals are those of several people."""
    if posted.decision == "approve" and any(
        said.decision == "approve" and said.approver_id == posted.approver_id for said in request.words
    ):
        return Refused("second_person_needed", 403, "you approved this request already; another person has to")
    return None


CHECKS: Final[tuple[Check, ...]] = (
    _word, _complete, _caller, _entitled, _open, _unchanged, _equal, _proved, _free, _distinct,
)  # fmt: skip


# ---- what an accepted word does


def _accept(request: Request, posted: ReviewerDecision, standing: Standing) -> Accepted:
    assert standing.reviewer is not None
    status = _status_after(request, posted, standing)
    decision = RecordedDecision(
        decision=posted.decision or "",
        reason=posted.reason or "",
        approver_id=standing.reviewer.id,
        decision_ts=posted.decision_ts or "",
        assurance=standing.reviewer.assurance,
        nonce=posted.nonce or "",
        final=status is not RequestStatus.PENDING,
        stage=request.stage,
    )
    return Accepted(decision, status, (_decided(request, decision, standing.reviewer, standing.record),))


def _status_after(request: Request, posted: ReviewerDecision, standing: Standing) -> RequestStatus:
    """One deny rejects. Approvals of this stage count while their givers are still reviewers of the group. A look at a
    sample is one person's."""
    if posted.decision == "good":
        return RequestStatus.APPROVED
    if posted.decision in ("deny", "bad", "incident"):
        return RequestStatus.REJECTED
    approvers = {
        said.approver_id
        for said in request.words
        if said.decision == "approve" and standing.people.decides_for(said.approver_id, request.group)
    }
    approvers.add(posted.approver_id or "")
    return RequestStatus.APPROVED if len(approvers) >= request.needed else RequestStatus.PENDING


def _decided(request: Request, decision: RecordedDecision, reviewer: Reviewer, record: JsonObject) -> Event:
    fields: JsonObject = {
        **record,
        "request_id": request.id,
        "approver_id": decision.approver_id,
        "decision_ts": decision.decision_ts,
        "assurance": reviewer.assurance.word,
    }
    data: JsonObject = {"decision": decision.decision}
    if decision.reason:
        fields["reason"] = data["reason"] = decision.reason
    if decision.nonce:
        data["nonce"] = decision.nonce
    if decision.final:
        data["final"] = True
    return Event("request.decided" if request.holds else "sample.reviewed", fields, data)


def _incomplete(what: str, fields: tuple[str, ...]) -> Refused:
    return Refused("evidence_incomplete", 422, f"{what}: {', '.join(fields)}; the request stays open", fields)


def _recent(ts: str, wall: float) -> bool:
    try:
        return abs(parse_rfc3339(ts) - wall) <= CLOCKS_APART_SEC
    except ValueError:
        return False
