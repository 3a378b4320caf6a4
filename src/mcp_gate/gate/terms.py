"""What binds something that is about to leave, and who looks at it where the gate itself does not."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from mcp_gate.detect.options import Options
from mcp_gate.gate.leaving.exits import Counts, Egress
from mcp_gate.model.call import Call
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.foreign import JsonObject
from mcp_gate.output.redact import Tokenizer
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.read_output import OutputRule
from mcp_gate.scanning.settings import options


class Terms(NamedTuple):
    """All of it that is not in the payload."""

    rules: tuple[OutputRule, ...]
    """Those about it."""
    enabled: bool
    """Whether anybody looks for what is private in it."""
    detection: Options
    snapshot: str
    job_id: str = ""
    """The call it is the result of; "" where it is none."""
    most_bytes: int | None = None
    schema: JsonObject | None = None
    """The tool's `outputSchema`, which the result has to fit after a change, too."""
    gives_tokens: bool = False
    """Whether any rule gives out tokens, of this or of another tool's values."""
    agent: str = ""
    """Whose call it is the result of: agents take turns where there is much to look at."""

    @classmethod
    def of(cls, loaded: Loaded, call: Call | None, constraints: Constraints, schema: JsonObject | None) -> Terms:
        """Of something that leaves under a policy."""
        outgoing = loaded.outgoing
        return cls(
            outgoing.about(call), outgoing.enabled, options(outgoing.detection), loaded.snapshot.id,
            call.id if call is not None else "", constraints.max_output_bytes, schema,
            outgoing.gives_tokens, call.agent if call is not None else "",
        )  # fmt: skip


class Annex(Protocol):
    """Reads what is large, and looks at payloads that are packed: the gate itself does not open them."""

    async def reread(self, data: bytes) -> JsonObject:
        """An object as the gate itself wrote it, with its bulk packed.

        Raises:
            ScanFailed: it could not be read.
        """
        ...

    async def reviewed(
        self, terms: Terms, method: str, payload: JsonObject, counts: Counts, tokens: Tokenizer | None
    ) -> Egress:
        """What `leaving.review.reviewed` says of the payload, packed again where it is changed.

        Raises:
            Exception: nothing is known of it; nothing may leave.
        """
        ...
