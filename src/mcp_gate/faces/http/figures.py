"""What has happened since the gate started, and what there is now, for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from mcp_gate.model.durations import Durations

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

ENDS: Final = {"call.executed": "executed", "call.failed": "failed", "call.unknown": "unknown"}


class Figures(Collector):
    """One reading. Labels are words of closed sets and the operator's own names; nothing of an agent's is one."""

    def __init__(self, gate: Gate, requests: list[tuple[str, str, str, str, int]]) -> None:
        """
        Args:
            requests: see `RequestTable.counts`.
        """
        self._gate = gate
        self._requests = requests

    def collect(self) -> Iterator[Metric]:
        yield from self._now()
        yield from self._since_start()
        yield _histogram(
            "mcp_gate_request_settled_seconds", "How long held calls waited for people", "status",
            self._gate.queue.waited.by_status,
        )  # fmt: skip
        commits = {"": self._gate.store.tally.commits}
        yield _histogram("mcp_gate_store_commit_seconds", "How long the disk took for a transaction", None, commits)

    def _now(self) -> Iterator[Metric]:
        gate = self._gate
        requests = GaugeMetricFamily(
            "mcp_gate_requests", "Requests that are open, or approved and not collected",
            labels=["status", "kind", "tier", "group"],
        )  # fmt: skip
        for *labels, count in self._requests:
            requests.add_metric([str(label) for label in labels], count)
        yield requests
        yield GaugeMetricFamily("mcp_gate_requests_waited_for", "Requests with a client waiting", len(gate.waiters))
        yield GaugeMetricFamily("mcp_gate_clients", "Conversations with clients", gate.faces.clients)
        trouble = bool(gate.store.tally.trouble)
        yield GaugeMetricFamily("mcp_gate_store_failing", "Whether the store cannot write; calls are refused", trouble)
        yield InfoMetricFamily("mcp_gate_policy", "The policy in force", {"snapshot": gate.loaded.snapshot.id})

    def _since_start(self) -> Iterator[Metric]:
        events: Counter[tuple[str, ...]] = Counter()
        families = {
            "call.decided": CounterMetricFamily(
                "mcp_gate_calls_decided", "Calls by the policy's word", labels=["decision", "tier"]
            ),
            "request.decided": CounterMetricFamily(
                "mcp_gate_decisions", "People's words on held calls", labels=["decision", "assurance"]
            ),
            "sample.reviewed": CounterMetricFamily(
                "mcp_gate_looks", "People's words on what ran", labels=["decision", "assurance"]
            ),
            "request.refused": CounterMetricFamily(
                "mcp_gate_decisions_refused", "Words that did not count", labels=["code"]
            ),
            "output.reviewed": CounterMetricFamily(
                "mcp_gate_outputs_reviewed", "Results that were changed or withheld", labels=["decision"]
            ),
        }
        ended = CounterMetricFamily("mcp_gate_calls_ended", "How sent calls ended", labels=["status", "result"])
        for (name, *labels), count in sorted(self._gate.store.tally.events().items()):
            events[name,] += count
            if name in families:
                families[name].add_metric(labels, count)
            elif name in ENDS:
                ended.add_metric([ENDS[name], *(labels or [""])], count)
        yield from families.values()
        yield ended
        found = CounterMetricFamily(
            "mcp_gate_output_findings", "What was found in what was to leave", labels=["entity", "decision"]
        )
        for (entity, decision), count in sorted(self._gate.found.items()):
            found.add_metric([entity, decision], count)
        yield found
        every = CounterMetricFamily("mcp_gate_events", "Everything written to the record", labels=["event"])
        for event, count in sorted(events.items()):
            every.add_metric(event, count)
        yield every


def _histogram(name: str, text: str, label: str | None, found: dict[str, Durations]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text, labels=[label] if label else [])
    for value, durations in sorted(found.items()):
        buckets = [("+Inf" if bound == float("inf") else str(bound), n) for bound, n in durations.cumulative()]
        family.add_metric([value] if label else [], buckets, durations.total)
    return family
