"""Recorded calls and people's words on them, as the store reads them back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mcp_gate.model.call import Call
from mcp_gate.model.decision import Decision
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import CallState, RequestStatus

DECISIONS: Final = {decision.word: decision for decision in Decision}
POLICY: Final = "policy:"
"""How the name of an approver who is not a person begins."""


@dataclass(frozen=True, slots=True)
class Held:
    """The request that a call was held by. Times are seconds since the epoch."""

    id: str
    status: RequestStatus
    group: str
    """The group it went to first."""
    opened: float
    due: float


@dataclass(frozen=True, slots=True)
class Past:
    """One recorded call."""

    call: Call
    at: float
    """When it came, seconds since the epoch."""
    state: CallState
    verdict: JsonObject
    """As it was decided then."""
    snapshot: str
    held: Held | None

    @property
    def decision(self) -> Decision:
        return DECISIONS[self.verdict["decision"]]

    @property
    def rule(self) -> str:
        """The first of the rules that decided."""
        return str(self.verdict["rule_id"])

    @property
    def tool(self) -> str:
        """The tool with its upstream."""
        return f"{self.call.upstream}.{self.call.tool}"

    @property
    def refused_anyway(self) -> bool:
        """Whether it ended before anybody was asked though the policy did not deny it: a limit, a constraint, a changed
        tool. Under another policy it would have ended the same way."""
        return self.state is CallState.DENIED and self.decision is not Decision.DENY


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody said of a recorded call. Times are seconds since the epoch."""

    call_id: str
    request_id: str
    kind: str
    """Of the request: `gate` for a held call; "" where there is none."""
    said: str
    """`approve`, `deny`, …; of a sample `good`, `bad`, `incident`."""
    by: str
    at: float
    group: str
    tool: str
    came: float
    """When the request came to the group."""
    final: bool = False
    """Whether it settled the request."""

    @property
    def by_a_person(self) -> bool:
        """Time speaks too, under a name of the policy's."""
        return not self.by.startswith(POLICY)
