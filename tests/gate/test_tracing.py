"""Spans of calls: which there are, whose children they are, and what they never tell."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mcp_gate.gate.gate import Gate
from mcp_gate.gate.otel import Otel
from mcp_gate.gate.tracing import Silent
from mcp_gate.wire.errors import RpcError
from support.gates import Upstream, decide, job, open_gate, pending, perform

pytestmark = pytest.mark.anyio

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


class Collected:
    """The spans of a gate, by name."""

    def __init__(self, gate: Gate) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        gate.tracing = Otel(provider)

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._exporter.get_finished_spans()}

    def parent(self, name: str) -> str | None:
        """The name of a span's parent; None: it is none of these."""
        parent = self.spans[name].parent
        ids = {span.context.span_id: span.name for span in self.spans.values()}
        return None if parent is None else ids.get(parent.span_id)

    @property
    def text(self) -> str:
        return "".join(span.to_json() for span in self.spans.values())


def told(span: ReadableSpan) -> dict[str, Any]:
    return {name.removeprefix("mcp_gate."): value for name, value in (span.attributes or {}).items()}


async def test_an_allowed_call_is_a_span_with_its_steps_in_the_clients_trace(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        collected = Collected(gate)
        await perform(gate, job("get", {"secret": "4711-geheim"}, traceparent=PARENT), Upstream())
        call = collected.spans["tools/call shop_get"]
        assert f"{call.context.trace_id:032x}" == TRACE
        assert call.parent is not None
        assert f"{call.parent.span_id:016x}" == PARENT[36:52]
        assert told(call)["status"] == "executed"
        for step in ("decide", "dispatch", "inspect"):
            assert collected.parent(step) == call.name
        decided = told(collected.spans["decide"])
        assert (decided["decision"], decided["rule_id"]) == ("allow", "reads")
        assert "geheim" not in collected.text


async def test_a_held_call_shows_how_long_it_was_held(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        collected = Collected(gate)
        calling = asyncio.create_task(perform(gate, job("refund", {"amount": 5}), Upstream()))
        (request,) = await pending(gate)
        await decide(gate, request)
        await calling
        call = "tools/call shop_refund"
        assert collected.parent(call) is None
        assert collected.parent("hold") == call
        assert collected.parent("dispatch") == "hold"


async def test_an_upstreams_own_words_stay_out_of_the_trace(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        collected = Collected(gate)

        async def answer(_: dict[str, Any]) -> dict[str, Any]:
            raise RpcError(-32050, "4711-geheim")

        await perform(gate, job("get"), Upstream(answer))
        dispatched = collected.spans["dispatch"]
        assert not dispatched.status.is_ok
        assert dict(dispatched.attributes or {}) == {"error.type": "RpcError"}
        assert "geheim" not in collected.text


async def test_the_upstream_goes_on_under_the_gates_own_span(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        collected = Collected(gate)
        carried: list[dict[str, Any]] = []

        async def answer(_: dict[str, Any]) -> dict[str, Any]:
            carried.append(gate.tracing.onward({"traceparent": PARENT, "tracestate": "a=b", "else": 1}))
            return {"content": []}

        await perform(gate, job("get", traceparent=PARENT, tracestate="a=b"), Upstream(answer))
        span = collected.spans["dispatch"].context
        parent = f"00-{TRACE}-{span.span_id:016x}-01"
        assert carried == [{"traceparent": parent, "tracestate": "a=b", "else": 1}]


def test_without_a_collector_nothing_is_told_and_nothing_loaded() -> None:
    assert Silent().onward({"traceparent": PARENT}) == {"traceparent": PARENT}
    program = (
        "import sys, mcp_gate.app; from mcp_gate.gate.tracing import Silent, tracing; "
        "assert isinstance(tracing('g'), Silent); print([m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=True, env={})
    assert done.stdout == b"[]\n"
