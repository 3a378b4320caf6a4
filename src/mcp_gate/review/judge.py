"""One person's word on one held call: does it count, and what becomes of the request?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from mcp_gate.evidence.hashes import job_hash
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.decision import Assurance
from mcp_gate.model.edit import Edit
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Accepted, Judged, Refused
from mcp_gate.model.request import RecordedDecision, Request, RequestStatus, ReviewerDecision
from mcp_gate.review import checks, fatigue
from mcp_gate.review.people import Reviewer
from mcp_gate.review.standing import Standing

CLOCKS_APART_SEC: Final = 300
"""How far a reviewer's clock may be from the gate's."""

EVIDENCE: Final = ("policy_snapshot", "job_hash", "approver_id", "decision_ts")
"""What every decision must carry; an `evidence_contract` cannot ask for less (contract 7)."""

WORDS: Final = {"gate": ("approve", "deny", "edit"), "sample": ("good", "bad", "incident")}
"""What may be said of each kind of request."""

APPROVING: Final = frozenset({"approve", "edit"})
"""Words that approve the call, as it was or as it is from then on."""

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
    if posted.decision not in words:
        text = f"a request of kind '{request.kind}' takes one of: {', '.join(words)}"
        return Refused("bad_decision", 422, text, ("decision",))
    if (posted.arguments is not None) == (posted.decision == "edit"):
        return None
    return Refused("bad_decision", 422, "the word 'edit', and no other, comes with arguments", ("arguments",))


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
        return _too_weak(request.min_assurance)
    return None


def _too_weak(need: Assurance) -> Refused:
    return Refused("assurance_too_low", 403, f"this request asks for proof of identity '{need.word}' or stronger")


def _free(request: Request, _: ReviewerDecision, standing: Standing) -> Refused | None:
    """9. Nobody else is looking at it."""
    return checks.unclaimed(request, standing)


def _distinct(request: Request, posted: ReviewerDecision, _: Standing) -> Refused | None:
    """10. Several approvals are those of several people."""
    if posted.decision == "approve" and any(
        said.decision in APPROVING and said.approver_id == posted.approver_id for said in request.words
    ):
        return Refused("second_person_needed", 403, "you approved this request already; another person has to")
    return None


def _edited(request: Request, posted: ReviewerDecision, standing: Standing) -> Refused | None:
    """11. The call may be changed so, by him: he could have decided on the changed call, too."""
    match standing.edit:
        case _ if posted.decision != "edit":
            return None
        case Edit() as edit if edit.of == request.call.job_hash:
            return _entitled_to(edit, standing)
        case Refused() as refused:
            return refused
        case _:
            return Refused("arguments_changed", 409, "the call is another one by now; read it again")


def _entitled_to(edit: Edit, standing: Standing) -> Refused | None:
    if standing.reviewer is None or not standing.reviewer.person.decides_for(edit.group):
        text = f"as changed it is for group '{edit.group}'; only reviewers of that group make it so"
        return Refused("not_in_group", 403, text)
    if standing.reviewer.assurance < edit.min_assurance:
        return _too_weak(edit.min_assurance)
    return None


def _able(request: Request, posted: ReviewerDecision, standing: Standing) -> Refused | None:
    """12. Who lets something pass has not too much before him, and is not doing it by rote."""
    if posted.decision not in ("approve", "edit"):
        return None
    return checks.first((fatigue.room, fatigue.rested), request, standing)


CHECKS: Final[tuple[Check, ...]] = (
    _word, _complete, _caller, _entitled, _open, _unchanged, _equal, _proved, _free, _distinct, _edited,
    _able,
)  # fmt: skip


# ---- what an accepted word does


def _accept(request: Request, posted: ReviewerDecision, standing: Standing) -> Accepted:
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
        final=status is not RequestStatus.PENDING,
        stage=request.stage,
        job_hash=request.call.job_hash,
        said_ts=rfc3339(standing.now),
    )
    event = _decided(request, decision, standing.reviewer, standing.record)
    if edit is not None:
        event.data.update(_told(edit))
    return Accepted(decision, status, (event,), edit)


def _told(edit: Edit) -> JsonObject:
    """An edit in the record. The event bears the hash of the call that was shown; this one is that of what will run."""
    verdict = {name: edit.verdict[name] for name in ("decision", "rule_ids", "tier")}
    return {"edited_job_hash": edit.call.job_hash, "changed": list(edit.changed), "verdict": verdict}


def _status_after(request: Request, posted: ReviewerDecision, standing: Standing, needed: int) -> RequestStatus:
    """One deny rejects. Approvals of this stage count while their givers are still reviewers of the group; an edit is
    one, and those before it were of another call. A look at a sample is one person's."""
    if posted.decision == "good":
        return RequestStatus.APPROVED
    if posted.decision in ("deny", "bad", "incident"):
        return RequestStatus.REJECTED
    before = () if posted.decision == "edit" else request.words
    approvers = {
        said.approver_id
        for said in before
        if said.decision in APPROVING and standing.people.decides_for(said.approver_id, request.group)
    }
    approvers.add(posted.approver_id or "")
    return RequestStatus.APPROVED if len(approvers) >= needed else RequestStatus.PENDING


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
