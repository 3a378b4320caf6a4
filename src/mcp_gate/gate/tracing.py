"""Where a call's time goes, for whoever collects traces: a call, and the steps in it. Nothing is kept without the extra
`otel`; arguments, results and names that agents make up are never told."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Protocol, assert_never

from mcp_gate.gate.job import Caller, Job
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Delivered, NextLeg, Outcome, Refused, UpstreamError

log = logging.getLogger(__name__)

Told = str | int | bool
ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
FINISH_SEC: Final = 2.0
NAMED: Final = ("tools/call", "prompts/get")
"""Methods whose calls are told by name: upstreams list these; an address of a resource can hold anything."""


class Span(Protocol):
    """One step while it lasts."""

    def note(self, **told: Told) -> None:
        """Say more of it."""
        ...


class Tracing(Protocol):
    """Where spans go."""

    def call(self, job: Job, caller: Caller) -> AbstractContextManager[Span]:
        """A whole call. What the client says of its own trace is its parent."""
        ...

    def step(self, name: str) -> AbstractContextManager[Span]:
        """A step of the call under way: `decide`, `hold`, `dispatch` or `inspect`."""
        ...

    def onward(self, meta: JsonObject) -> JsonObject:
        """`_meta` of a request upstream, with the step under way as its parent."""
        ...

    def close(self) -> None:
        """Send what is left. Blocks."""
        ...


class Silent:
    """Nobody collects; what the client says of its trace goes on unchanged."""

    def call(self, job: Job, caller: Caller) -> AbstractContextManager[Span]:
        return NOTHING

    def step(self, name: str) -> AbstractContextManager[Span]:
        return NOTHING

    def onward(self, meta: JsonObject) -> JsonObject:
        return meta

    def close(self) -> None:
        """There is nothing."""


class _Nothing:
    """A span of nobody's."""

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is measured."""

    def note(self, **told: Told) -> None:
        """Nobody listens."""


NOTHING: Final = _Nothing()


def tracing(gate_id: str) -> Tracing:
    """Spans go where the environment says, by the standard's variables; without them nowhere, and nothing is loaded."""
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if disabled or not any(os.environ.get(name) for name in ENDPOINTS):
        return Silent()
    try:
        from mcp_gate.gate.otel import Otel, provider

        return Otel(provider(gate_id))
    except ImportError:
        log.warning("a collector of traces is named, but not what sends them: pip install 'mcp-gate[otel]'")
        return Silent()


async def finish(tracing: Tracing) -> None:
    """Send what is left, for a moment: a collector that is away delays nobody."""
    closing = threading.Thread(target=tracing.close, name="mcp-gate-traces", daemon=True)
    closing.start()
    await asyncio.to_thread(closing.join, FINISH_SEC)


def first_told(job: Job, caller: Caller) -> Mapping[str, Told]:
    """What is told of a call before it is looked at."""
    told: dict[str, Told] = {"method": job.method, "agent": caller.agent, "upstream": job.upstream}
    return {**told, "tool": job.listed_name} if job.method in NAMED else told


def status_of(outcome: Outcome) -> str:
    """How a call ended, in the contract's words; `executed` where the upstream answered."""
    match outcome:
        case Delivered() | UpstreamError():
            return "executed"
        case Refused():
            return outcome.status.value
        case NextLeg():
            return "pending"
        case _:
            assert_never(outcome)
