"""What a client wants done, who wants it, and the two ways on: back to the client, and to the upstream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.decision import Assurance
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `agent` was authenticated by the face; nothing here is taken from `clientInfo`."""

    agent: str
    session: str
    """Random id of the client's connection (legacy) or of the agent's stateless stream of calls."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What people said to the question before an action of a workflow, which showed them this very action."""

    request_id: str
    snapshot: str
    """The policy it was given under."""
    people: tuple[tuple[str, Assurance], ...]


@dataclass(frozen=True, slots=True)
class Continuation:
    """An approved operation in the middle of which its upstream asked something."""

    name: str
    verdict: Verdict
    """What the policy said of the call that people approved."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to be done upstream, under the upstream's own names."""

    upstream: str
    method: str
    """tools/call, resources/read, prompts/get, completion/complete, resources/subscribe."""
    tool: str
    """Tool or prompt name as the upstream knows it, or the URI of a resource."""
    listed_name: str
    arguments: JsonObject
    """As the client sent them, `gate_*` properties included; never the envelope."""
    meta: JsonObject
    """The request's `_meta`."""
    tool_hash: str
    """Digest of the pinned definition; of `{}` where the method has none."""
    withheld: bool = False
    """Whether the tool's definition is not the accepted one: the call is denied as `tool_changed`."""
    parent: str = ""
    """The run of a workflow that this is a step of."""
    step: str = ""
    bounds: Constraints = NONE
    """What binds it besides the policy's constraints."""
    grant: Grant | None = None
    """An approval that was given to what leads to it."""
    brought: JsonObject = field(default_factory=dict)
    """What the client brings back for the upstream beside the arguments (`requestState`, `inputResponses`): no rule and
    no reviewer sees it, so it goes on only where nobody has to be asked, and hosts in it are bound as in arguments."""
    continuation: Continuation | None = None
    """The approved operation that this request goes on with: the upstream asked its client something in the middle of
    it. Proved and used up by whoever sets it; the policy is asked anew, a person only where it asks for more now."""


class Exchange(Protocol):
    """The client's side of one request in flight."""

    @property
    def modern(self) -> bool:
        """Whether the client speaks the stateless protocol (2026-07-28)."""
        ...

    @property
    def tasks(self) -> bool:
        """Whether this request declared the tasks extension."""
        ...

    @property
    def leg(self) -> int:
        """How many `input_required` legs of the gate this call has already come back from."""
        ...

    def heartbeat(self, text: str) -> bool:
        """Send progress if the client gave a token; False if it gave none."""
        ...


class Sender(Protocol):
    """The way upstream for one job, used by the path of a call alone."""

    async def definition(self) -> str:
        """The digest of the tool's definition as the upstream lists it right now, on the very connection this call
        would take (a fresh `tools/list`); `Job.tool_hash` where the method has no definition.

        Raises:
            Lost: the upstream cannot be asked.
        """
        ...

    async def __call__(self, arguments: JsonObject, limit: int | None) -> JsonObject:
        """Send exactly these arguments and return the result. Called at most once.

        Cancelling the awaiting task sends the cancellation on to the upstream.

        Args:
            limit: seconds it may take from the first byte to the answer.

        Raises:
            TimeoutError: it took longer; the upstream was told, and is made to heed it.
            RpcError: the upstream's own error.
            Lost: the connection ended; `sent` tells whether the upstream may have seen the call.
        """
        ...


CANCELLED = "cancelled by the client"
"""What a face passes to `Task.cancel` when the client cancelled the call, as opposed to having gone away."""
