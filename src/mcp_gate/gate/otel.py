"""Spans for OpenTelemetry, sent as OTLP over HTTP to where the standard's environment variables say (extra `otel`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mcp_gate.gate.job import Caller, Job
from mcp_gate.gate.tracing import NAMED, Span, Told, first_told
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.tracecontext import KEYS, context_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

PREFIX: Final = "mcp_gate."
CLIENT: Final = frozenset({"dispatch"})
"""Steps that wait for somebody else's work."""


def provider(gate_id: str) -> TracerProvider:
    """Batches spans to the collector, in a thread of its own.

    Raises:
        ImportError: the extra is not installed.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME") or "mcp-gate"
    made = TracerProvider(resource=Resource.create({"service.name": name, "service.instance.id": gate_id}))
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made


class Otel:
    """Implements `gate.tracing.Tracing`."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("mcp_gate")
        self._context = TraceContextTextMapPropagator()

    @contextmanager
    def call(self, job: Job, caller: Caller) -> Iterator[Span]:
        name = f"{job.method} {job.listed_name}" if job.method in NAMED else job.method
        parent = self._context.extract(context_of(job.meta))
        told = {PREFIX + key: value for key, value in first_told(job, caller).items()}
        with self._tracer.start_as_current_span(
            name, parent, SpanKind.SERVER, told, record_exception=False, set_status_on_exception=False
        ) as span:
            yield from _watched(span)

    @contextmanager
    def step(self, name: str) -> Iterator[Span]:
        kind = SpanKind.CLIENT if name in CLIENT else SpanKind.INTERNAL
        with self._tracer.start_as_current_span(
            name, None, kind, record_exception=False, set_status_on_exception=False
        ) as span:
            yield from _watched(span)

    def onward(self, meta: JsonObject) -> JsonObject:
        own: dict[str, str] = {}
        self._context.inject(own)
        return {**{key: value for key, value in meta.items() if key not in KEYS}, **own}

    def close(self) -> None:
        self._provider.shutdown()


class _Noted:
    """Implements `gate.tracing.Span`."""

    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    def note(self, **told: Told) -> None:
        for key, value in told.items():
            self._span.set_attribute(PREFIX + key, value)


def _watched(span: OtelSpan) -> Iterator[Span]:
    """An error is told by its kind alone: its text may be an upstream's."""
    try:
        yield _Noted(span)
    except BaseException as error:
        span.set_status(Status(StatusCode.ERROR))
        span.set_attribute("error.type", type(error).__name__)
        raise
