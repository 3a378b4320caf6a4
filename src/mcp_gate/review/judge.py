"""One person's word on one held call: does it count?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from mcp_gate.evidence.hashes import hash_of
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.decision import Assurance
from mcp_gate.model.edit import Edit
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Judged, Refused
from mcp_gate.model.key import PublicKey
from mcp_gate.model.request import (
    LOOKS,
    PROMOTION,
    QUARANTINE,
    Request,
    ReviewerDecision,
)
from mcp_gate.review import checks, fatigue, second
from mcp_gate.review.accept import accept
from mcp_gate.review.proof import APPROVING, key_behind
from mcp_gate.review.standing import Standing

CLOCKS_APART_SEC: Final = 300
"""How far a reviewer's clock may be from the gate's."""

EVIDENCE: Final = ("policy_snapshot", "job_hash", "approver_id", "decision_ts")
"""What every decision must carry; an `evidence_contract` cannot ask for less (contract 7)."""

LOOKED: Final = ("good", "bad", "incident")
WORDS: Final = {
    "gate": ("approve", "deny", "edit"),
    PROMOTION: ("approve", "deny"),
    QUARANTINE: ("release", "redact", "drop"),
    **dict.fromkeys(LOOKS, LOOKED),
}
"""What may be said of each kind of request."""

HOW: Final = {
    "session": "",
    "link": ": decide by the link you were sent, or by something stronger",
    "token": ": show a reviewer's token, or sign the decision",
    "signed": ": sign the decision with an enrolled key (mcp-gate requests approve --key FILE)",
}
"""What to do where more proof is asked for."""

Check: TypeAlias = Callable[[Request, ReviewerDecision, Standing], Refused | None]


def judge(request: Request, posted: ReviewerDecision, standing: Standing) -> Judged:
    """Judge a word on a request as it is now. A refusal changes nothing but is recorded (`request.refused`).

    Same request, same word and same standing: same judgement.
    """
    refused = _first(BEFORE, request, posted, standing)
    if refused is not None:
        return recorded(refused, request, posted, standing)
    key = key_behind(request, posted, standing)
    if isinstance(key, Refused):
        return recorded(key, request, posted, standing)
    standing = _proved_by(key, standing)
    refused = _first(AFTER, request, posted, standing)
    if refused is not None:
        return recorded(refused, request, posted, standing)
    return accept(request, posted, standing, key)


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


def _first(
    to_pass: tuple[Check, ...], request: Request, posted: ReviewerDecision, standing: Standing
) -> Refused | None:
    return next((no for check in to_pass if (no := check(request, posted, standing)) is not None), None)


def _proved_by(key: PublicKey | None, standing: Standing) -> Standing:
    """A signature lifts its giver to the strongest proof there is, whichever way it came."""
    if key is None or standing.reviewer is None:
        return standing
    return replace(standing, reviewer=replace(standing.reviewer, assurance=Assurance.SIGNED))


# ---- the checks, in their order


def _complete(_: Request, posted: ReviewerDecision, __: Standing) -> Refused | None:
    """1. Every field of the evidence contract is there."""
    missing = tuple(name for name in EVIDENCE if not getattr(posted, name))
    return _incomplete("missing", missing) if missing else None


def _word(request: Request, posted: ReviewerDecision, _: Standing) -> Refused | None:
    """2. The word is one that may be said of this kind of request."""
    words = WORDS.get(request.kind, ())
    if posted.decision not in words:
        text = f"a request of kind '{request.kind}' takes one of: {', '.join(words)}"
        return Refused("bad_decision", 422, text, ("decision",))
    if (posted.arguments is not None) == (posted.decision == "edit") or posted.decision == "redact":
        return None
    return Refused("bad_decision", 422, "the word 'edit', and no other, comes with arguments", ("arguments",))


def _caller(request: Request, posted: ReviewerDecision, standing: Standing) -> Refused | None:
    """3. The gate knows who speaks, and he speaks for himself."""
    if standing.reviewer is not None and posted.approver_id != standing.reviewer.id:
        return _incomplete("not the caller's", ("approver_id",))
    return checks.person(request, standing)


def _entitled(request: Request, _: ReviewerDecision, standing: Standing) -> Refused | None:
    """4. The request went to his group, and is not about his own call."""
    return checks.first((checks.group, checks.itself, second.another), request, standing)


def _open(request: Request, _: ReviewerDecision, standing: Standing) -> Refused | None:
    """5. The request still waits for people, and is not due."""
    return checks.still_open(request, standing)


def _unchanged(request: Request, _: ReviewerDecision, standing: Standing) -> Refused | None:
    """6. Policy, level, tool and arguments are those the call was held with."""
    if not request.bound:
        return None  # it ran, and was what it was
    call = request.call
    refused = checks.voided(request, standing)
    if refused is not None:
        return refused
    if standing.tool_hash is not None and standing.tool_hash != call.tool_hash:
        return checks.tool_changed()
    if hash_of(call) != call.job_hash:
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


def _proved(request: Request, _: ReviewerDecision, standing: Standing) -> Refused | None:
    """8. He proved who he is as strongly as the policy asks."""
    if standing.reviewer is None or standing.reviewer.assurance < request.min_assurance:
        return _too_weak(request.min_assurance)
    return None


def _too_weak(need: Assurance) -> Refused:
    text = f"this request asks for proof of identity '{need.word}'{HOW[need.word]}"
    return Refused("assurance_too_low", 403, text)


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
            return _entitled_to(edit, request, standing)
        case Refused() as refused:
            return refused
        case _:
            return Refused("arguments_changed", 409, "the call has changed since; read it again")


def _entitled_to(edit: Edit, request: Request, standing: Standing) -> Refused | None:
    if standing.reviewer is None or not standing.reviewer.person.decides_for(edit.group):
        text = f"the changed call is for group '{edit.group}'; only its reviewers may make that change"
        return Refused("not_in_group", 403, text)
    if edit.needed > 1 and edit.group != (request.escalated_from or request.group):
        # Whoever approves it after him is asked in the group where it lies, not in that one.
        text = f"the changed call takes {edit.needed} people of group '{edit.group}', who are not asked here; deny it"
        return Refused("edit_denied", 409, text, ("arguments",))
    if standing.reviewer.assurance < edit.min_assurance:
        return _too_weak(edit.min_assurance)
    return None


def _able(request: Request, posted: ReviewerDecision, standing: Standing) -> Refused | None:
    """12. Who lets something pass has not too much before him, and is not doing it by rote."""
    if posted.decision not in fatigue.TIRING:
        return None
    asked = (fatigue.rested,) if posted.decision == "release" else (fatigue.room, fatigue.rested)
    return checks.first(asked, request, standing)


BEFORE: Final[tuple[Check, ...]] = (_complete, _word, _caller, _entitled, _open, _unchanged, _equal)
AFTER: Final[tuple[Check, ...]] = (_proved, _free, _distinct, _edited, _able)
"""What is asked once it is known whether the word is signed."""


def _incomplete(what: str, fields: tuple[str, ...]) -> Refused:
    return Refused("evidence_incomplete", 422, f"{what}: {', '.join(fields)}; the request stays open", fields)


def _recent(ts: str, wall: float) -> bool:
    try:
        return abs(parse_rfc3339(ts) - wall) <= CLOCKS_APART_SEC
    except ValueError:
        return False
