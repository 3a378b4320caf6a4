"""What became of a call, as its agent is told (contract 6). A closed set: handle with `match` and `assert_never`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from mcp_gate.model.call import Call
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import Request
from mcp_gate.model.verdict import Verdict


class Status(StrEnum):
    """What became of a call whose result its agent does not get as it is (contract 6)."""

    DENIED = "denied"
    REJECTED = "rejected"
    EXPIRED = "expired"
    PENDING = "pending"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


class Retry(StrEnum):
    """Whether, and how, an agent may try again (contract 6)."""

    SAME_CALL = "same_call"
    NEVER = "never"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Ran:
    """A call that was sent: what binds all that comes of it, now or later."""

    call: Call
    verdict: Verdict
    held: Request | None = None
    """The request that it was held by, where a reviewer changed it."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The upstream's own result, after egress."""

    result: JsonObject
    ran: Ran | None = field(default=None, compare=False)
    """What it is the result of; None where no one call is."""


@dataclass(frozen=True, slots=True)
class UpstreamError:
    """The upstream's own JSON-RPC error, after egress."""

    error: JsonObject


@dataclass(frozen=True, slots=True)
class Refused:
    """Anything else. The text is for a model: what to do, what not to do, never how to get around it."""

    status: Status
    text: str
    retry: Retry
    call_id: str
    decision: str
    rule_id: str
    reason: str
    policy_snapshot: str
    request_id: str | None = None
    sent: bool | None = None
    """Only with FAILED: whether a byte of the call may have reached the upstream."""
    changed: tuple[str, ...] = ()
    """JSON pointers to what a reviewer changed in the arguments."""

    def verdict(self) -> JsonObject:
        """The value of `_meta["dev.mcp-gate/verdict"]`; absent members are left out."""
        out: JsonObject = {
            "call_id": self.call_id,
            "status": self.status.value,
            "decision": self.decision,
            "rule_id": self.rule_id,
            "reason": self.reason,
            "policy_snapshot": self.policy_snapshot,
            "retry": self.retry.value,
        }
        if self.request_id is not None:
            out["request_id"] = self.request_id
        if self.sent is not None:
            out["sent"] = self.sent
        if self.changed:
            out["changed"] = list(self.changed)
        return out


@dataclass(frozen=True, slots=True)
class NextLeg:
    """A call held for a client of the stateless protocol: come back with this state (`input_required`)."""

    request_id: str
    round: int
    opened_ts: str
    """Since when it is held, RFC 3339."""


Outcome: TypeAlias = Delivered | UpstreamError | Refused | NextLeg

VERDICT_KEY = "dev.mcp-gate/verdict"
META_PREFIX = "dev.mcp-gate/"
