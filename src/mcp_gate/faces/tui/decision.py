"""A reviewer's word as it is posted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.kinds import became
from mcp_gate.faces.tui.words import NAME, due_at
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.foreign import JsonObject


@dataclass(frozen=True, slots=True)
class Word:
    """What is shown before the last key, and posted after it, field for field."""

    held: Held
    """The request as it was on the screen."""
    body: JsonObject

    verb: str = "decision"
    """The last part of the route: `decision`, `claim`, `release-claim`, `extend`, `escalate` or `reveal`."""

    @property
    def path(self) -> str:
        return f"/v1/requests/{quote(self.held.id, safe='')}/{self.verb}"


def pass_word(held: Held, me: str, nonce: str, now: float, yes: str) -> Word:
    """A word that lets exactly what is shown pass; `now` in seconds since the epoch.

    Args:
        yes: the word of its kind: `approve`, `release`, `good`.
    """
    return Word(held, {"decision": yes, **_evidence(held, me, nonce, now)})


def denial(held: Held, me: str, nonce: str, now: float, no: str, reason: str) -> Word:
    """A word that does not let it pass, with its reason."""
    return Word(held, {"decision": no, "reason": reason, **_evidence(held, me, nonce, now)})


def edit(held: Held, me: str, nonce: str, now: float, arguments: JsonObject) -> Word:
    """An approval of the call with other arguments."""
    return Word(held, {"decision": "edit", "arguments": arguments, **_evidence(held, me, nonce, now)})


def claim(held: Held, me: str) -> Word:
    """A claim, or the giving back of one's own."""
    return Word(held, {"approver_id": me}, "release-claim" if held.claimed_by == me else "claim")


def extension(held: Held, me: str, seconds: int) -> Word:
    """More time for a request."""
    return Word(held, {"approver_id": me, "seconds": seconds}, "extend")


def escalation(held: Held, me: str) -> Word:
    """The next group's turn, now."""
    return Word(held, {"approver_id": me, "reason": ""}, "escalate")


def uncovering(held: Held, me: str) -> Word:
    """The wish to see what is personal in a request; the gate writes it down."""
    return Word(held, {"approver_id": me}, "reveal")


def taken(word: Word, after: Held) -> str:
    """What became of a word that the gate took, in a few words; `after` is the request as it is now."""
    match word.verb, word.body.get("decision"):
        case "claim", _:
            return "is yours for ten minutes"
        case "release-claim", _:
            return "is free again"
        case "extend", _:
            return f"is due at {due_at(after)} now"
        case "escalate", _:
            return f"went to {reveal(after.group)[:NAME]}"
        case _, ("approve" | "edit") if after.open:
            return "has your approval and waits for another person's"
        case _, said:
            return became(word.held.kind, str(said)) or "decided"


def _evidence(held: Held, me: str, nonce: str, now: float) -> JsonObject:
    return {
        "approver_id": me,
        "job_hash": held.job_hash,
        "policy_snapshot": held.snapshot,
        "decision_ts": rfc3339(now),
        "nonce": nonce,
    }
