"""What the gate knows at the moment a person's word arrives: the other half of what is judged."""

from __future__ import annotations

from dataclasses import dataclass, field

from mcp_gate.model.config import AgentSpec
from mcp_gate.model.edit import Edit
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.model.workload import Workload
from mcp_gate.policy.read_queue import Queue
from mcp_gate.review.people import People, Reviewer


@dataclass(frozen=True, slots=True)
class Standing:
    """The gate's side of one word: who speaks, when, and what holds now."""

    reviewer: Reviewer | None
    """Who speaks; None: nobody the gate knows."""
    people: People
    agent: AgentSpec | None
    """What the operator says of the agent that made the call; None: nothing."""
    now: float
    """Seconds since the epoch on the elapsed clock: deadlines are compared with it."""
    wall: float
    """Seconds since the epoch on the wall clock: what a reviewer's own clock is compared with."""
    snapshot: str
    """The policy snapshot in force."""
    tool_hash: str | None
    """Digest of the tool's definition as it is accepted now; None: its upstream does not list it at the moment."""
    level: int = 0
    """The autonomy level of the agent that made the call."""
    load: Workload = field(default_factory=Workload)
    """What else the speaker has before him."""
    controls: Queue = field(default_factory=Queue)
    """How much one person may take on, as the policy says."""
    gate_id: str = ""
    """What a signature has to name, so that it counts at this gate alone."""
    record: JsonObject = field(default_factory=dict)
    """The members that every event of the request's call bears."""
    edit: Edit | Refused | None = None
    """What the policy says of the call as the word changes it, or why it cannot be changed so; None: it does not."""
