"""A held call as a reviewer changed it, and what the policy says of it then."""

from __future__ import annotations

from dataclasses import dataclass

from mcp_gate.model.call import Call
from mcp_gate.model.decision import Assurance, OnTimeout, Tier
from mcp_gate.model.foreign import JsonObject


@dataclass(frozen=True, slots=True)
class Edit:
    """Made outside of any transaction, from one request as it was read: `of` says from which call."""

    of: str
    """The `job_hash` of the call that was changed."""
    call: Call
    """The changed call, under the same id."""
    verdict: JsonObject
    """The strictest of what the request was held with and what the policy says of the changed call."""
    tier: Tier
    needed: int
    min_assurance: Assurance
    on_timeout: OnTimeout
    group: str
    """Where the policy would send the changed call: its editor has to be in that group, too."""
    changed: tuple[str, ...]
    """JSON pointers into the arguments, against those that the agent asked with."""
