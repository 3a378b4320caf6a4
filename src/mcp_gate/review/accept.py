"""What a word that counts does to its request, and how it is recorded."""

from __future__ import annotations

from mcp_gate.lang.times import rfc3339
from mcp_gate.model.edit import Edit
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Accepted
from mcp_gate.model.key import PublicKey
from mcp_gate.model.request import LOOKS, SECOND_REVIEW, RecordedDecision, Request, RequestStatus, ReviewerDecision
from mcp_gate.review import second
from mcp_gate.review.proof import APPROVING, kept_of
from mcp_gate.review.standing import Standing


def accept(request: Request, posted: ReviewerDecision, standing: Standing, key: PublicKey | None) -> Accepted:
    """
    Args:
        standing: of a reviewer whom the gate knows;
        key: the one that the word is signed with, if it is.
    """
    assert standing.reviewer is not None
    edit = standing.edit if isinstance(standing.edit, Edit) and posted.decision == "edit" else None
    status = _status_after(request, posted, standing, request.needed if edit is None else edit.needed)
    decision = RecordedDecision(
        decision=posted.decision or "",
        reason=posted.reason or "",
        approver_id=standing.reviewer.id,
        decision_ts=posted.decision_ts or "",
        assurance=standing.reviewer.assurance,
        nonce=posted.nonce or "",
        signature=posted.signature,
        statement="" if key is None else kept_of(posted, request.id, standing.gate_id),
        final=status is not RequestStatus.PENDING,
        stage=request.stage,
        job_hash=request.call.job_hash,
        said_ts=rfc3339(standing.now),
    )
    event = _decided(request, posted, decision, standing, key)
    if edit is not None:
        event.data.update(_told(edit))
    if request.kind == SECOND_REVIEW:
        event.data["agrees"] = second.agrees(request, decision.decision)
        if not event.data["agrees"]:
            return Accepted(decision, status, (event, second.disagreement(request, event)))
    return Accepted(decision, status, (event,), edit)


def _told(edit: Edit) -> JsonObject:
    """An edit in the record. The event bears the hash of the call that was shown; this one is that of what will run."""
    verdict = {name: edit.verdict[name] for name in ("decision", "rule_ids", "tier")}
    return {"edited_job_hash": edit.call.job_hash, "changed": list(edit.changed), "verdict": verdict}


def _status_after(request: Request, posted: ReviewerDecision, standing: Standing, needed: int) -> RequestStatus:
    """One deny rejects. Approvals of this stage count while their givers are still reviewers of the group; an edit is
    one, and those before it were of another call. A look at a sample, or at a result, is one person's."""
    if posted.decision in ("good", "release", "redact"):
        return RequestStatus.APPROVED
    if posted.decision in ("deny", "bad", "incident", "drop"):
        return RequestStatus.REJECTED
    before = () if posted.decision == "edit" else request.words
    approvers = {
        said.approver_id
        for said in before
        if said.decision in APPROVING and standing.people.decides_for(said.approver_id, request.group)
    }
    approvers.add(posted.approver_id or "")
    return RequestStatus.APPROVED if len(approvers) >= needed else RequestStatus.PENDING


def _decided(
    request: Request, posted: ReviewerDecision, decision: RecordedDecision, standing: Standing, key: PublicKey | None
) -> Event:
    """The record of a word: every field that was sent, so that a signature can be checked from the record alone."""
    assert standing.reviewer is not None
    fields: JsonObject = {
        **standing.record,
        "request_id": request.id,
        "approver_id": decision.approver_id,
        "decision_ts": decision.decision_ts,
        "assurance": standing.reviewer.assurance.word,
    }
    data: JsonObject = {"decision": decision.decision, **request.more_time}
    sent = {"reason": posted.reason, "nonce": posted.nonce, "signature": posted.signature}
    data.update({name: value for name, value in sent.items() if value is not None})
    if posted.decision == "redact" and posted.arguments is not None:
        data["arguments"] = posted.arguments  # names of fields; an edit's are those of the call
    if decision.reason:
        fields["reason"] = decision.reason
    if key is not None:
        data["key"] = key.fingerprint
    if standing.reviewer.channel:
        data["channel"] = standing.reviewer.channel
    if decision.final:
        data["final"] = True
    return Event("sample.reviewed" if request.kind in LOOKS else "request.decided", fields, data)
