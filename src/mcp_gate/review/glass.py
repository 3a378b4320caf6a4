"""Breaking the glass: two people let one agent's calls of one topic pass for a while. What each signs, and whether his
word counts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mcp_gate.evidence.sshsig import BadSignature, verify
from mcp_gate.lang.canonical import CanonicalError, canonical
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.config import AgentSpec
from mcp_gate.model.decision import Decision
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.model.key import PublicKey
from mcp_gate.model.request import Request
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.engine import INVARIANTS
from mcp_gate.review.checks import UNKNOWN_REVIEWER, own
from mcp_gate.review.judge import CLOCKS_APART_SEC
from mcp_gate.review.people import Person

NAMESPACE: Final = "mcp-gate-break-glass@v1"
"""What such a signature is for: no decision is ever taken for one, nor the other way round."""
MOST_MINUTES: Final = 60


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be let pass, as both people sign it."""

    agent: str
    topic: str
    """Exactly this one."""
    minutes: int
    reason: str
    policy_snapshot: str

    def as_json(self) -> JsonObject:
        return {
            "agent": self.agent, "topic": self.topic, "minutes": self.minutes, "reason": self.reason,
            "policy_snapshot": self.policy_snapshot,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One person's word on it, as posted."""

    approver_id: str
    decision_ts: str
    signature: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A word that counts."""

    word: Word
    key: PublicKey

    def as_json(self) -> JsonObject:
        word = self.word
        out = {"approver_id": word.approver_id, "decision_ts": word.decision_ts, "signature": word.signature}
        return {**out, "key": self.key.fingerprint}


def statement(wanted: Wanted, approver_id: str, decision_ts: str, gate_id: str, id: str = "") -> bytes:
    """What one person signs: RFC 8785 of what is wanted, who he is, when, and of which gate.

    Args:
        id: of what was asked for, which the second person confirms; "" for the first.

    Raises:
        CanonicalError: a text holds half of a character.
    """
    confirms = {"confirms": id} if id else {}
    who: JsonObject = {"approver_id": approver_id, "decision_ts": decision_ts, "gate_id": gate_id}
    return canonical({**wanted.as_json(), **who, **confirms})


def judge(
    wanted: Wanted, word: Word, person: Person | None, spec: AgentSpec | None, gate_id: str, wall: float,
    first: Signed | None = None, id: str = "",
) -> Signed | Refused:  # fmt: skip
    """Whether one person's word counts.

    Args:
        person: who he is to this gate; None: nobody.
        spec: what the operator says of the agent.
        wall: seconds since the epoch.
        first: the other person's word, where this is the second.
        id: of what that one asked for.
    """
    if person is None:
        return UNKNOWN_REVIEWER
    refused = own(person.id, wanted.agent, spec)
    if refused is not None:
        return refused
    if not 1 <= wanted.minutes <= MOST_MINUTES:
        return Refused("too_far", 422, f"the glass stays broken for 1 to {MOST_MINUTES} minutes", ("minutes",))
    if not wanted.reason.strip():
        return Refused("evidence_incomplete", 422, "say why; it is kept in the record", ("reason",))
    if "*" in wanted.topic or "?" in wanted.topic or not wanted.topic:
        return Refused("bad_request", 400, "name one topic, without * or ?", ("topic",))
    if not _recent(word.decision_ts, wall):
        return Refused("evidence_incomplete", 422, "not of now: decision_ts", ("decision_ts",))
    try:
        message = statement(wanted, person.id, word.decision_ts, gate_id, id)
        key = verify(word.signature, message, NAMESPACE, person.keys)
    except (BadSignature, CanonicalError) as error:
        return Refused("bad_signature", 403, f"the signature proves nothing: {error}", ("signature",))
    if first is not None and (first.word.approver_id == person.id or first.key == key):
        return Refused("second_person_needed", 403, "you asked for it yourself; another person has to confirm it")
    return Signed(word, key)


def lets_pass(wanted: Wanted, agent: str, topic: str, verdict: Verdict) -> bool:
    """Whether a call is one that people need not be asked about: one that only rules hold. What is denied stays
    denied, and what an invariant holds, or nobody mapped, stays held."""
    return (
        verdict.decision is Decision.REQUIRE_APPROVAL
        and not verdict.invariant
        and (wanted.agent, wanted.topic, wanted.policy_snapshot) == (agent, topic, verdict.policy_snapshot)
    )


def frees(wanted: Wanted, request: Request) -> bool:
    """Whether a call that waits for people need wait no longer; of the same, by what its request says."""
    held = request.verdict
    floors = any(word["document"] == INVARIANTS for word in held.get("layers", ())) or "unmapped" in held["rule_ids"]
    call = request.call
    return not floors and (wanted.agent, wanted.topic) == (call.agent, call.topic)


def _recent(ts: str, wall: float) -> bool:
    try:
        return abs(parse_rfc3339(ts) - wall) <= CLOCKS_APART_SEC
    except ValueError:
        return False
