"""Whether a word is its giver's: when it comes in, and again from what is stored, right before its call is sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from mcp_gate.evidence.hashes import hash_of
from mcp_gate.evidence.sshsig import BadSignature, verify
from mcp_gate.evidence.statement import NAMESPACE, statement
from mcp_gate.lang.canonical import CanonicalError, canonical
from mcp_gate.lang.strictjson import JsonError, parse
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.config import AgentSpec
from mcp_gate.model.decision import Assurance, OnTimeout, Tier
from mcp_gate.model.foreign import Json
from mcp_gate.model.judged import Refused
from mcp_gate.model.key import PublicKey
from mcp_gate.model.request import QUARANTINE, RecordedDecision, Request, ReviewerDecision
from mcp_gate.model.verdict import Verdict
from mcp_gate.review.checks import own
from mcp_gate.review.due import POLICY
from mcp_gate.review.people import People, Person
from mcp_gate.review.standing import Standing

SENT: Final = (
    "decision", "reason", "approver_id", "job_hash", "policy_snapshot", "decision_ts", "nonce", "arguments",
)  # fmt: skip
"""Fields of a decision that a signature covers, as far as they were sent."""
APPROVING: Final = frozenset({"approve", "edit"})
"""Words that approve the call, as it was or as it is from then on."""
RELEASING: Final = frozenset({"release", "redact"})
"""Words that let a result out of quarantine, all of it or some."""
STALE_SEC: Final = 300
"""How far a reviewer's clock may be from the gate's, when it is asked how old his word is."""


def statement_of(posted: ReviewerDecision, request_id: str, gate_id: str) -> bytes:
    """What the signature of a word has to be over.

    Raises:
        CanonicalError: nothing can be, for a field has no canonical form.
    """
    sent: dict[str, Json] = {name: getattr(posted, name) for name in SENT}
    return statement(sent, request_id, gate_id)


def kept_of(posted: ReviewerDecision, request_id: str, gate_id: str) -> str:
    """The same as it is stored: arguments of an edit are those of the call, and are kept there alone."""
    return statement_of(replace(posted, arguments=None), request_id, gate_id).decode()


def key_behind(request: Request, posted: ReviewerDecision, standing: Standing) -> PublicKey | Refused | None:
    """The enrolled key that signed a word that comes in; None: it is not signed."""
    if posted.signature is None:
        return None
    keys = () if standing.reviewer is None else standing.reviewer.person.keys
    try:
        message = statement_of(posted, request.id, standing.gate_id)
        return verify(posted.signature, message, NAMESPACE, keys)
    except BadSignature as error:
        return Refused("bad_signature", 403, f"the signature proves nothing: {error}", ("signature",))
    except CanonicalError:
        return Refused("bad_signature", 403, "a decision that is signed holds whole characters only", ("signature",))


@dataclass(frozen=True, slots=True)
class Terms:
    """What an approval is held against at the moment it is used: nothing of it comes from the row that is judged."""

    verdict: Verdict
    """What the policy says of the call now."""
    call: Call
    """The call as it was read when all else about it was checked."""
    method: str
    """What its client asked for."""
    people: People
    agent: AgentSpec | None
    gate_id: str
    now: float
    """Seconds since the epoch, by the slower of the gate's clocks."""


def unproved(request: Request, terms: Terms, *, found: bool) -> str:
    """Why what is stored does not prove that people let this call pass, or "". Pure.

    Args:
        found: whether an earlier process of the gate opened the request, so that only the files say how it was: then
            it also has to meet all that the policy asks of the call now.
    """
    call = request.call
    if call != terms.call or call.method != terms.method or _digest(call) != call.job_hash:
        return "the stored call is not the one that was decided"
    why = _beside_policy(request, terms) if found else ""
    if why or [word.approver_id for word in request.words] == [POLICY]:
        return why
    givers = set()
    for word in request.words:
        why = _unproved_word(request, word, terms)
        if why:
            return why
        givers.add(word.approver_id)
    missing = request.needed - len(givers)
    return f"{missing} more people have to approve it" if missing > 0 else ""


def unreleased(request: Request, terms: Terms) -> str:
    """Why what is stored does not prove that people let a result out of quarantine, or "". Pure."""
    if request.kind != QUARANTINE:
        return "it is about no result"
    for word in request.words:
        why = _unproved_word(request, word, terms, RELEASING)
        if why:
            return why
    return "" if request.words else "nobody released it"


def _beside_policy(request: Request, terms: Terms) -> str:
    """Where a request is milder, or with other people, than the policy would have it, or ""."""
    verdict = terms.verdict
    if request.group != (verdict.group, verdict.escalate_to)[request.stage - 1]:
        return "it was with a group that the policy does not send it to"
    if request.needed < verdict.approvals or request.min_assurance < verdict.min_assurance:
        return "the policy asks for more people, or more proof, than were asked for"
    if any(word.approver_id == POLICY for word in request.words) and not _time_may_approve(verdict):
        return "the policy does not let time approve it"
    # Longer than this no request stays open: an older word was dug out of what was long ago.
    oldest = terms.now - 2 * verdict.timeout_sec - STALE_SEC
    if any(parse_rfc3339(word.decision_ts) < oldest for word in request.words):
        return "it was approved too long ago"
    return ""


def _unproved_word(request: Request, word: RecordedDecision, terms: Terms, letting: Collection[str] = APPROVING) -> str:
    if word.decision not in letting:
        return f"somebody said '{word.decision}'"
    if word.decision != "edit" and word.job_hash not in ("", request.call.job_hash):
        return "an approval is of another call"
    person = terms.people.find(word.approver_id)
    if person is None or not person.decides_for(request.group):
        return "an approval is of nobody who may decide on it"
    if own(person.id, request.call.agent, terms.agent) is not None:
        return "an approval is the agent's own, or its owner's"
    if word.assurance is None or word.assurance < request.min_assurance:
        return f"an approval has less proof than '{request.min_assurance.word}'"
    if word.decision != "redact" and (word.assurance is Assurance.SIGNED or word.signature is not None):
        return _unsigned(request, word, person, terms)
    return ""


def _unsigned(request: Request, word: RecordedDecision, person: Person, terms: Terms) -> str:
    """Why a stored signature does not prove the stored word, or ""."""
    try:
        fields = parse(word.statement.encode())
        arguments: dict[str, Json] = {"arguments": request.call.arguments} if word.decision == "edit" else {}
        message = canonical({**fields, **arguments}) if isinstance(fields, dict) else b""
        verify(word.signature or "", message, NAMESPACE, person.keys)
    except (BadSignature, JsonError, CanonicalError, UnicodeEncodeError):
        return "the signature of an approval does not verify"
    held: dict[str, Json] = {
        "request_id": request.id, "gate_id": terms.gate_id, "decision": word.decision,
        "approver_id": word.approver_id, "job_hash": word.job_hash or request.call.job_hash,
        "policy_snapshot": request.policy_snapshot, "decision_ts": word.decision_ts,
    }  # fmt: skip
    if not isinstance(fields, dict) or any(fields.get(name) != value for name, value in held.items()):
        return "what was signed is not what is stored"
    return ""


def _time_may_approve(verdict: Verdict) -> bool:
    return (
        verdict.on_timeout is OnTimeout.APPROVE
        and verdict.tier is Tier.LOW
        and verdict.approvals == 1
        and verdict.min_assurance is Assurance.SESSION
    )


def _digest(call: Call) -> str:
    try:
        return hash_of(call)
    except CanonicalError:
        return ""
