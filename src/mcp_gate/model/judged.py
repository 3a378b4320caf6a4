"""What the rules of review say of one person's word on one request: written down, or sent back. A closed set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mcp_gate.model.edit import Edit
from mcp_gate.model.event import Event
from mcp_gate.model.request import RecordedDecision, Request, RequestStatus


@dataclass(frozen=True, slots=True)
class Accepted:
    """The word counts. The store writes decision, status and events in the transaction it was judged in."""

    decision: RecordedDecision
    status: RequestStatus
    """The request's status from now on: PENDING while more people are needed, else APPROVED or REJECTED."""
    events: tuple[Event, ...]
    edit: Edit | None = None
    """The call that takes the place of the one that was held."""
    opens: Request | None = None
    """Another request that opens with it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The word does not count; nothing of the request changes, but `events` are recorded."""

    code: str
    """`already_decided`, `evidence_incomplete`, … (contract 7 and 9)."""
    http: int
    """The status the review API answers with."""
    text: str
    """One sentence for the reviewer."""
    fields: tuple[str, ...] = ()
    """Names of the fields that are missing or wrong."""
    events: tuple[Event, ...] = ()


Judged: TypeAlias = Accepted | Refused
