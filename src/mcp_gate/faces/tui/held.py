"""A request as the review API tells it (contract 7), checked once and typed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from mcp_gate.faces.findings import found_in
from mcp_gate.faces.masks import Masks, masked
from mcp_gate.faces.stages import afterwards, approvals, ends, is_sample, is_withheld, sampled
from mcp_gate.lang.strictjson import dumps
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.decision import Tier
from mcp_gate.model.foreign import JsonObject

MOST_BYTES: Final = 262_144
"""Arguments larger than this cannot be read by a person: such a call can only be denied."""

MOST_RESULT: Final = 1 << 20
"""Bytes of a result; a larger one is shown by its ends."""
KNOWN: Final = frozenset(
    {
        "id", "kind", "status", "call", "verdict", "tier", "group", "needed", "decisions", "opened_ts", "due_ts",
        "stage", "escalated_ts", "escalated_from", "escalate_ts", "escalate_to", "then", "claimed_by",
        "assigned_to", "waiting", "attempts", "asked", "changed", "nearest", "server", "personal", "personal_asked",
        "found",
    }
)  # fmt: skip


class Unreadable(ValueError):
    """What the gate sent is not a request this screen understands."""


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
    escalate_to: str = ""
    """The group that it would go to; "" where it goes to none any more."""
    decisions: tuple[JsonObject, ...] = ()
    approvals: tuple[JsonObject, ...] = ()
    """Those of the decisions that approve, and count."""
    claimed_by: str = ""
    waiting: bool = False
    attempts: int = 1
    sampled: str = ""
    """Why its call, which ran, is looked at; "" for a held call."""
    opened_ts: str = ""
    latest_ts: str = ""
    """When the request is due, whatever ends its stage before."""
    assigned_to: str = ""
    asked: JsonObject | None = None
    """The arguments that the agent asked with, where a reviewer changed them."""
    nearest: JsonObject | None = None
    """An approved call to compare with: `{request_id, ts, approver_id, arguments}`."""
    server: JsonObject = field(default_factory=dict)
    """What its server says of the tool: `{title, description, annotations}`."""
    more: JsonObject = field(default_factory=dict)
    """Members that this screen has no place of its own for: kinds of requests have some."""
    more_bytes: int = 0
    """Size of the result."""
    bytes: int = field(default=0)
    """Size of the arguments as sent."""
    masks: Masks = ()
    """What is personal among the arguments."""
    masks_of_asked: Masks = ()
    """The same of those that the agent asked with."""
    found: tuple[str, ...] = ()
    """What was found in its result, as it is told."""
    bare: bool = False
    """Whether its result is shown as it came, where it has one."""

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
            escalated_ts=_text(request.get("escalated_ts", "")), escalate_to=_text(request.get("escalate_to", "")),
            decisions=tuple(request["decisions"]), approvals=tuple(approvals(request)),
            claimed_by=_text(request.get("claimed_by", "")), waiting=bool(request.get("waiting")),
            attempts=int(request.get("attempts", 1)), sampled=sampled(request) if is_sample(request) else "",
            opened_ts=_text(request["opened_ts"]), latest_ts=_text(request["due_ts"]),
            assigned_to=_text(request.get("assigned_to", "")),
            asked=request["asked"]["arguments"] if "asked" in request else None, nearest=request.get("nearest"),
            server=request.get("server", {}), masks=tuple(request.get("personal", ())),
            masks_of_asked=tuple(request.get("personal_asked", ())),
            found=tuple(found_in(request)) if is_withheld(request) else (),
            more={k: v for k, v in request.items() if k not in KNOWN},
            more_bytes=len(dumps(request["result"])) if "result" in request else 0,
            bytes=len(dumps(call["arguments"])) if "arguments" in call else 0,
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
    def whole(self) -> bool:
        """Whether it can be read: a queue is told without arguments."""
        return "arguments" in self.call

    @property
    def shown(self) -> JsonObject:
        """The arguments as they are shown: what is personal is covered."""
        arguments: JsonObject = self.call["arguments"]
        return masked(arguments, self.masks) if self.masks else arguments

    def stripped(self) -> Held:
        """Without arguments: an answer to a word has them, and not what they are to be compared with."""
        return replace(self, call={name: value for name, value in self.call.items() if name != "arguments"})

    def gone(self) -> Held:
        """The same request, of which nothing more is told here."""
        return replace(self, status="over, or another group's", claimed_by="")

    def bared(self, result: JsonObject | None) -> Held:
        """With nothing covered."""
        if result is None:
            return replace(self, masks=(), masks_of_asked=(), bare=True)
        more = {**self.more, "result": result}
        return replace(self, masks=(), masks_of_asked=(), more=more, more_bytes=len(dumps(result)), bare=True)

    @property
    def covered(self) -> bool:
        """Whether something is not shown as it is."""
        return bool(self.masks or self.masks_of_asked) or (self.kind == "quarantine" and not self.bare)

    @property
    def unreadable(self) -> bool:
        """Whether what came back is more than a person can read."""
        return self.more_bytes > MOST_RESULT

    def filled(self, before: Held | None) -> Held:
        """The same with what was read of it earlier, if that is still it."""
        if self.whole or before is None or not before.whole or before.bound != self.bound:
            return self
        return replace(
            self, call={**before.call, **self.call}, asked=before.asked, nearest=before.nearest, bytes=before.bytes,
            server=before.server, more=before.more, more_bytes=before.more_bytes, masks=before.masks,
            masks_of_asked=before.masks_of_asked,
            found=before.found, bare=before.bare,
        )  # fmt: skip

    @property
    def bound(self) -> tuple[str, str, str]:
        """What an approval is bound to: if it is another, what was read was not this."""
        return self.id, self.job_hash, self.snapshot

    @property
    def reading(self) -> tuple[object, ...]:
        """What was read, if all of it was: uncovered it is another thing to read."""
        return (*self.bound, self.covered)

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
