"""A request as the review API tells it (contract 7), checked once and typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from mcp_gate.faces.stages import afterwards, approvals, ends, is_sample, sampled
from mcp_gate.lang.strictjson import dumps
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.decision import Tier
from mcp_gate.model.foreign import JsonObject

MOST_BYTES: Final = 262_144
"""Arguments larger than this cannot be read by a person: such a call can only be denied."""


class Unreadable(ValueError):
    """What the gate sent is no request this screen understands."""


@dataclass(frozen=True, slots=True)
class Held:
    """One held call. All texts are as sent: whoever shows one reveals it."""

    id: str
    kind: str
    status: str
    tier: Tier
    call: JsonObject
    verdict: JsonObject
    due: float
    """When the stage it is in ends, in seconds since the epoch."""
    due_ts: str
    then: str
    """What happens to it then, if nobody decides; "" for what no longer waits."""
    needed: int
    group: str
    escalated_from: str = ""
    escalated_ts: str = ""
    decisions: tuple[JsonObject, ...] = ()
    approvals: tuple[JsonObject, ...] = ()
    """Those of the decisions that approve, and count."""
    claimed_by: str = ""
    waiting: bool = False
    attempts: int = 1
    sampled: str = ""
    """Why its call, which ran, is looked at; "" for a held call."""
    bytes: int = field(default=0)
    """Size of the arguments as sent."""

    @classmethod
    def of(cls, request: JsonObject) -> Held:
        """
        Raises:
            Unreadable: a field is missing or of the wrong kind.
        """
        try:
            return cls._of(request)
        except (KeyError, TypeError, ValueError, AttributeError) as e:
            what = f"the gate sent a request that this screen does not understand ({type(e).__name__})"
            raise Unreadable(what) from None

    @classmethod
    def _of(cls, request: JsonObject) -> Held:
        call, verdict = request["call"], request["verdict"]
        for name in ("agent", "upstream", "tool", "listed_name", "topic", "job_hash", "tool_hash"):
            _text(call[name])
        _text(verdict["policy_snapshot"])
        return cls(
            id=_text(request["id"]), kind=_text(request["kind"]), status=_text(request["status"]),
            # A tier this screen does not know is the most careful one.
            tier={"low": Tier.LOW, "medium": Tier.MEDIUM}.get(request["tier"], Tier.HIGH),
            call=call, verdict=verdict, due=parse_rfc3339(ends(request)), due_ts=ends(request),
            then=afterwards(request), needed=int(request["needed"]), group=_text(request["group"]),
            escalated_from=_text(request.get("escalated_from", "")),
            escalated_ts=_text(request.get("escalated_ts", "")),
            decisions=tuple(request["decisions"]), approvals=tuple(approvals(request)),
            claimed_by=_text(request.get("claimed_by", "")), waiting=bool(request.get("waiting")),
            attempts=int(request.get("attempts", 1)), sampled=sampled(request) if is_sample(request) else "",
            bytes=len(dumps(call["arguments"])),
        )  # fmt: skip

    @property
    def agent(self) -> str:
        return str(self.call["agent"])

    @property
    def tool(self) -> str:
        return str(self.call["listed_name"])

    @property
    def job_hash(self) -> str:
        return str(self.call["job_hash"])

    @property
    def snapshot(self) -> str:
        return str(self.verdict["policy_snapshot"])

    @property
    def bound(self) -> tuple[str, str, str]:
        """What an approval is bound to: if it is another, what was read was not this."""
        return self.id, self.job_hash, self.snapshot

    @property
    def open(self) -> bool:
        return self.status == "pending"

    @property
    def too_large(self) -> bool:
        return self.bytes > MOST_BYTES


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
