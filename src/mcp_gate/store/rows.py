"""Calls, requests and decisions as rows, and back. JSON stands in TEXT, as the bytes that were judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from mcp_gate.lang.strictjson import dumps, parse_upstream
from mcp_gate.model.call import Call
from mcp_gate.model.decision import Assurance, OnTimeout, Tier
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.request import RecordedDecision, Request, RequestStatus
from mcp_gate.store.database import Row

CALL_COLUMNS = tuple(field.name for field in fields(Call))
"""Columns of `calls` that a `Call` is made of: the names of its fields."""

CALL_OF_REQUEST = ", ".join(f"c.{name} as c_{name}" for name in CALL_COLUMNS)
"""The same in a join with `requests`."""


BRIEF: Final = ("arguments", "attributes", "claims", "signals")
"""Members of a call that a queue can be shown without: they may be large."""

BRIEF_CALL_OF_REQUEST = ", ".join(
    f"'{{}}' as c_{name}" if name in BRIEF else f"c.{name} as c_{name}" for name in CALL_COLUMNS
)


def text(value: Json) -> str:
    """JSON as it is stored."""
    return dumps(value).decode()


def value(stored: str | bytes) -> Any:
    """What stored JSON says."""
    return parse_upstream(stored if isinstance(stored, bytes) else stored.encode())


def from_call(call: Call) -> dict[str, str]:
    """Column values; the arguments are serialised here and now, so that nobody can change them later."""
    return {
        "id": call.id,
        "ts": call.ts,
        "agent": call.agent,
        "session": call.session,
        "upstream": call.upstream,
        "method": call.method,
        "tool": call.tool,
        "listed_name": call.listed_name,
        "topic": call.topic,
        "risk_tags": text(list(call.risk_tags)),
        "arguments": text(call.arguments),
        "attributes": text(dict(call.attributes)),
        "claims": text(call.claims),
        "signals": text(call.signals),
        "tool_hash": call.tool_hash,
        "job_hash": call.job_hash,
        "parent": call.parent,
        "step": call.step,
    }


def to_call(row: Row, prefix: str = "") -> Call:
    """A call from its columns, whose names may have a prefix."""
    columns: Mapping[str, Any] = {name: row[prefix + name] for name in CALL_COLUMNS}
    return Call(
        **{
            **columns,
            "risk_tags": tuple(value(columns["risk_tags"])),
            "arguments": value(columns["arguments"]),
            "attributes": value(columns["attributes"]),
            "claims": value(columns["claims"]),
            "signals": value(columns["signals"]),
        }
    )


def from_request(request: Request) -> dict[str, str | int]:
    """Column values of a request without its call."""
    return {
        "id": request.id,
        "call_id": request.call.id,
        "kind": request.kind,
        "status": request.status.value,
        "agent": request.call.agent,
        "job_hash": request.asked_call.job_hash,
        "verdict": text(request.verdict),
        "snapshot": request.policy_snapshot,
        "tier": request.tier.word,
        "grp": request.group,
        "needed": request.needed,
        "min_assurance": request.min_assurance.word,
        "on_timeout": request.on_timeout.word,
        "opened_ts": request.opened_ts,
        "due_ts": request.due_ts,
        "escalate_ts": request.escalate_ts,
        "escalate_to": request.escalate_to,
        "escalated_ts": request.escalated_ts,
        "escalated_from": request.escalated_from,
        "claimed_by": request.claimed_by,
        "claimed_until": request.claimed_until,
        "assigned_to": request.assigned_to,
        "attempts": request.attempts,
        "consumed": int(request.consumed),
        "asked": "" if request.asked is None else text(request.asked),
        "extended": text(list(request.extended)) if request.extended else "",
    }


def to_request(row: Row, decisions: tuple[RecordedDecision, ...], trail: tuple[JsonObject, ...]) -> Request:
    """From a row of `requests` joined with `CALL_OF_REQUEST`."""
    return Request(
        id=row["id"],
        kind=row["kind"],
        status=RequestStatus(row["status"]),
        call=to_call(row, "c_"),
        verdict=value(row["verdict"]),
        policy_snapshot=row["snapshot"],
        tier=Tier[row["tier"].upper()],
        group=row["grp"],
        needed=row["needed"],
        min_assurance=Assurance[row["min_assurance"].upper()],
        on_timeout=OnTimeout[row["on_timeout"].upper()],
        opened_ts=row["opened_ts"],
        due_ts=row["due_ts"],
        escalate_ts=row["escalate_ts"],
        escalate_to=row["escalate_to"],
        escalated_ts=row["escalated_ts"],
        escalated_from=row["escalated_from"],
        claimed_by=row["claimed_by"],
        claimed_until=row["claimed_until"],
        assigned_to=row["assigned_to"],
        attempts=row["attempts"],
        consumed=bool(row["consumed"]),
        decisions=decisions,
        trail=trail,
        asked=value(row["asked"]) if row["asked"] else None,
        extended=tuple(value(row["extended"])) if row["extended"] else (),
    )


def to_decision(row: Row) -> RecordedDecision:
    """A word from its row."""
    return RecordedDecision(
        decision=row["decision"],
        reason=row["reason"],
        approver_id=row["approver_id"],
        decision_ts=row["decision_ts"],
        assurance=Assurance[row["assurance"].upper()] if row["assurance"] else None,
        nonce=row["nonce"],
        signature=row["signature"],
        statement=row["statement"],
        final=bool(row["final"]),
        stage=row["stage"],
        job_hash=row["job_hash"],
        said_ts="" if row["said_ts"] == row["decision_ts"] else row["said_ts"],
    )
