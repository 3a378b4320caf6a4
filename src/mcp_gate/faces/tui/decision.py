"""A reviewer's word as it is posted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from mcp_gate.faces.tui.held import Held
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.foreign import JsonObject


@dataclass(frozen=True, slots=True)
class Word:
    """What is shown before the last key, and posted after it, field for field."""

    held: Held
    """The request as it was on the screen."""
    body: JsonObject

    verb: str = "decision"
    """The last part of the route: `decision`, `claim` or `release-claim`."""

    @property
    def path(self) -> str:
        return f"/v1/requests/{quote(self.held.id, safe='')}/{self.verb}"


def approval(held: Held, me: str, nonce: str, now: float) -> Word:
    """An approval of exactly what is shown; `now` in seconds since the epoch."""
    return Word(held, {"decision": "approve", **_evidence(held, me, nonce, now)})


def denial(held: Held, me: str, nonce: str, now: float, reason: str) -> Word:
    """A denial with the reason that the agent is told."""
    return Word(held, {"decision": "deny", "reason": reason, **_evidence(held, me, nonce, now)})


def claim(held: Held, me: str) -> Word:
    """A claim, or the giving back of one's own."""
    return Word(held, {"approver_id": me}, "release-claim" if held.claimed_by == me else "claim")


def taken(word: Word, after: Held) -> str:
    """What became of a word that the gate took, in a few words; `after` is the request as it is now."""
    match word.verb, word.body.get("decision"):
        case "claim", _:
            return "is yours for ten minutes"
        case "release-claim", _:
            return "is free again"
        case _, "deny":
            return "denied; the agent is told why"
        case _:
            return "has your approval and waits for another person's" if after.open else "approved"


def _evidence(held: Held, me: str, nonce: str, now: float) -> JsonObject:
    return {
        "approver_id": me,
        "job_hash": held.job_hash,
        "policy_snapshot": held.snapshot,
        "decision_ts": rfc3339(now),
        "nonce": nonce,
    }
