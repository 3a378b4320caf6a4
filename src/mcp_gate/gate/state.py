"""`requestState` of the stateless era: the gate's own legs, and the upstream's state inside the gate's seal."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mcp_gate.gate.job import Caller, Continuation, Job
from mcp_gate.lang import strictjson
from mcp_gate.lang.canonical import CanonicalError, digest
from mcp_gate.lang.recent import Recent
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.verdict import Verdict
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

CARRIED: Final = ("requestState", "inputResponses")
"""Members of a retried request that are the upstream's; they go back to it byte for byte."""


@dataclass(frozen=True, slots=True)
class State:
    """What a client brought back."""

    leg: int = 0
    """Legs of the gate's own that this call came back from."""
    upstream: JsonObject = field(default_factory=dict)
    """`requestState` and `inputResponses` for the upstream, as far as there are any."""
    continuation: Continuation | None = None
    """The approved operation that goes on with this request; valid once."""


class States:
    """Writes and reads states of one gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._open: Recent[str, Verdict] = Recent()
        """Continuations given out and not yet used. A restart forgets them: the call is then decided anew."""

    def read(self, params: JsonObject, job: Job, caller: Caller) -> State:
        """What the state of a request says; one that this gate did not write is the upstream's own.

        Raises:
            RpcError: -32602, it belongs to another call or was used already.
        """
        brought: JsonObject = {name: params[name] for name in CARRIED if name in params}
        sealed = brought.get("requestState")
        if sealed is None:
            return State(upstream=brought)
        if type(sealed) is not str:
            raise RpcError(INVALID_PARAMS, "Invalid params: requestState is not a string")
        text = self._gate.seals.unseal(sealed)
        if text is None:
            return State(upstream=brought)
        said = json.loads(text)
        if not isinstance(said, dict) or said.get("for") != _binding(job, caller):  # a list is a cursor, or a link
            raise RpcError(INVALID_PARAMS, "Invalid params: requestState belongs to another call")
        if "leg" in said:
            return State(leg=said["leg"], upstream=said["upstream"])
        verdict = self._open.pop(said["once"])
        if verdict is None:
            raise RpcError(INVALID_PARAMS, "Invalid params: requestState was used already")
        upstream = {**said["upstream"], **{k: v for k, v in brought.items() if k != "requestState"}}
        return State(upstream=upstream, continuation=Continuation(said["once"], verdict))

    def leg(self, job: Job, caller: Caller, request_id: str, round: int, upstream: JsonObject) -> str:
        """The state of a held call that is to come back; it differs from every other."""
        said = {"leg": round, "request": request_id, "upstream": upstream}
        return self._sealed(job, caller, said)

    def approved(self, job: Job, caller: Caller, result: JsonObject, verdict: Verdict) -> JsonObject:
        """An upstream's `input_required` on an approved call, so that the retry goes on with what was approved.

        Args:
            verdict: on the call that was approved.
        """
        once = os.urandom(16).hex()
        self._open.put(once, verdict)
        upstream = {name: result[name] for name in ("requestState",) if name in result}
        return {**result, "requestState": self._sealed(job, caller, {"once": once, "upstream": upstream})}

    def _sealed(self, job: Job, caller: Caller, said: JsonObject) -> str:
        said = {**said, "for": _binding(job, caller), "salt": os.urandom(8).hex()}
        return self._gate.seals.seal(strictjson.dumps(said).decode())


def _binding(job: Job, caller: Caller) -> str:
    try:
        return digest([caller.agent, job.upstream, job.method, job.tool, job.arguments])
    except CanonicalError as e:
        raise RpcError(INVALID_PARAMS, f"Invalid params: {e}") from None
