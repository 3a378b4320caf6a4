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

    @property
    def path(self) -> str:
        return f"/v1/requests/{quote(self.held.id, safe='')}/decision"


def approval(held: Held, me: str, nonce: str, now: float) -> Word:
    """An approval of exactly what is shown; `now` in seconds since the epoch."""
    return Word(held, {"decision": "approve", **_evidence(held, me, nonce, now)})


def denial(held: Held, me: str, nonce: str, now: float, reason: str) -> Word:
    """A denial with the reason that the agent is told."""
    return Word(held, {"decision": "deny", "reason": reason, **_evidence(held, me, nonce, now)})


def _evidence(held: Held, me: str, nonce: str, now: float) -> JsonObject:
    return {
        "approver_id": me,
        "job_hash": held.job_hash,
        "policy_snapshot": held.snapshot,
        "decision_ts": rfc3339(now),
        "nonce": nonce,
    }
