"""One call of an agent, as described by the admin's mapping and by the gate's own counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Final, TypeAlias

from mcp_gate.model.constraints import Constraints
from mcp_gate.model.foreign import Json, JsonObject


class Unknown(Enum):
    """A declared attribute whose value cannot be told: restrictive rules match, permissive ones do not."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

Attribute: TypeAlias = int | Decimal | str | bool | Unknown
"""Numbers are exact. An attribute that no mapping declares is absent: it is not in the mapping at all."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What the gate itself knows of a call (contract 2), never what the client claims, but for `confidence`."""

    confidence: Decimal | Unknown = UNKNOWN
    retry_count: int = 0
    anomaly_score: Decimal | Unknown = Decimal(0)
    first_time_action: bool = False
    level: int = 0
    """The agent's autonomy level, where the policy has levels."""
    windows: Mapping[str, Decimal | Unknown] = field(default_factory=dict)
    """What the windows of the policy come to with this call, by their texts; one that is not there is unknown."""
    tainted: bool = False
    """Whether its session was given something that nobody vouches for: see `gate.taint`."""


@dataclass(frozen=True, slots=True)
class Description:
    """What the admin's mapping says of a tool, given the arguments."""

    topic: str
    risk_tags: frozenset[str]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    unmapped: bool = False
    unsure: frozenset[str] = frozenset()
    """Those of the tags of which it cannot be told whether the arguments add them: the verdict is no milder than it
    would be with any of them, or without."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a policy may look at. Same facts and same policy: same verdict."""

    agent: str
    upstream: str
    tool: str
    """The upstream's own name of the tool, the URI of a resource, or the name of a prompt."""
    description: Description
    arguments: JsonObject
    signals: Signals


UNSURE_TAGS: Final = "unsure_tags"
"""Among what is stored of the signals of a call, where there are such."""
ERASED: Final = "$erased"
"""Stands in the place of what a call carried that was erased, with its `job_hash`."""
OWN: Final = "gate.workflow"
"""The upstream that calls of the gate's own bear: runs of workflows, and their questions to people. No upstream of
upstreams.yaml can be called so."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call with everything that is bound into its hash and its record."""

    id: str
    ts: str
    """RFC 3339, UTC, milliseconds, `Z`."""
    agent: str
    session: str
    upstream: str
    method: str
    """MCP method: tools/call, resources/read, prompts/get, …"""
    tool: str
    listed_name: str
    topic: str
    risk_tags: tuple[str, ...]
    """Sorted."""
    arguments: JsonObject
    """What is shown, hashed and sent, after the gate's own properties were taken out."""
    attributes: Mapping[str, Json]
    """Plain JSON; an unknown one is the string `unknown` tagged as `{"unknown": true}`."""
    tool_hash: str
    job_hash: str
    claims: JsonObject = field(default_factory=dict)
    """The agent's unchecked words: `confidence`, `reason`."""
    signals: JsonObject = field(default_factory=dict)
    """What the gate knew when it decided, as plain JSON like `attributes`: with it the decision can be replayed."""
    parent: str = ""
    """The run of a workflow that this call is a step of, by the id of its call; "" where it is none."""
    step: str = ""

    @property
    def level(self) -> int:
        """The agent's autonomy level that the call was decided at."""
        return int(self.signals.get("level", 0))

    @property
    def unsure_tags(self) -> frozenset[str]:
        """Those of its tags of which it could not be told whether its arguments add them."""
        return frozenset(self.signals.get(UNSURE_TAGS, ()))

    @property
    def erased(self) -> bool:
        """Whether what it carried was taken out for good."""
        return self.arguments == {ERASED: self.job_hash}

    @property
    def bounds(self) -> Constraints:
        """What binds the call besides the policy: the constraints of the workflow's step that it is."""
        return Constraints.of(self.signals.get("bounds", {}))
