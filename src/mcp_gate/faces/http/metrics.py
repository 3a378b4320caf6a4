"""`GET /metrics`: figures for Prometheus, read from the store when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from mcp_gate.faces.http import status
from mcp_gate.faces.http.figures import Figures
from mcp_gate.faces.http.problem import SAFE_HEADERS
from mcp_gate.model.foreign import JsonObject

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


class _Figures(Collector):
    """One reading of the gate. Names of groups and upstreams are the operator's; nothing of an agent's is a label."""

    def __init__(self, read: JsonObject) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        read, queue = self._read, self._read["queue"]
        groups = GaugeMetricFamily("mcp_gate_requests_open", "Requests waiting for people", labels=["group"])
        for group, count in queue["groups"].items():
            groups.add_metric([group], count)
        yield groups
        waits = GaugeMetricFamily(
            "mcp_gate_request_wait_seconds", "How long requests wait, or waited in the last hour", labels=["quantile"]
        )
        targets = GaugeMetricFamily(
            "mcp_gate_request_wait_target_seconds", "How long they should wait at most", labels=["quantile"]
        )
        missed = GaugeMetricFamily("mcp_gate_queue_breached", "Whether a target is missed", labels=["quantile"])
        for label, name in (("0.5", "median"), ("0.95", "p95")):
            waits.add_metric([label], queue.get(f"{name}_wait_sec", 0.0))
            targets.add_metric([label], queue[f"target_{name}_wait_sec"])
            missed.add_metric([label], name in queue["breached"])
        yield waits
        yield targets
        yield missed
        yield from _people(read["reviewers"])
        looks = read["second_reviews"]
        yield GaugeMetricFamily("mcp_gate_second_reviews_open", "Second looks nobody took yet", value=looks["open"])
        yield GaugeMetricFamily("mcp_gate_second_reviews_done", "Second looks of thirty days", value=looks["done"])
        yield GaugeMetricFamily("mcp_gate_second_reviews_agreed", "Those that came to the same", value=looks["agreed"])
        yield GaugeMetricFamily("mcp_gate_requests_overdue", "Requests over the p95 target", value=queue["overdue"])
        yield GaugeMetricFamily("mcp_gate_gated_share", "Share of a day's calls people saw", value=read["gated_share"])
        yield GaugeMetricFamily(
            "mcp_gate_policy_stale", "Whether the files on disk are not in force", value=read["policy"] == "stale"
        )
        up = GaugeMetricFamily("mcp_gate_upstream_up", "Whether an upstream can be called", labels=["upstream"])
        for upstream, state in read["upstreams"].items():
            up.add_metric([upstream], state == "up")
        yield up
        if "webhooks" in read:
            news = GaugeMetricFamily("mcp_gate_webhook_messages", "Messages not delivered", labels=["state"])
            for state in ("due", "dead"):
                news.add_metric([state], read["webhooks"][state])
            yield news


def _people(people: list[JsonObject]) -> Iterator[Metric]:
    """What reviewers have and how fast they decide; their names are the operator's."""
    open_ = GaugeMetricFamily("mcp_gate_reviewer_open_requests", "Requests that are a reviewer's", labels=["reviewer"])
    said = GaugeMetricFamily("mcp_gate_reviewer_decisions", "Decisions of the last day", labels=["reviewer"])
    seconds = GaugeMetricFamily(
        "mcp_gate_reviewer_decision_seconds", "How long a decision takes", labels=["reviewer", "quantile"]
    )
    hasty = GaugeMetricFamily(
        "mcp_gate_reviewer_under_two_seconds_share", "Share of decisions that nobody can have read", labels=["reviewer"]
    )
    for one in people:
        open_.add_metric([one["id"]], one["open"])
        said.add_metric([one["id"]], one["decisions"])
        if one["decisions"]:
            seconds.add_metric([one["id"], "0.5"], one["median_decision_sec"])
            seconds.add_metric([one["id"], "0.95"], one["p95_decision_sec"])
            hasty.add_metric([one["id"]], one["under_two_sec_share"])
    yield from (open_, said, seconds, hasty)


async def metrics(gate: Gate) -> Response:
    """The exposition text."""
    registry = CollectorRegistry()
    registry.register(_Figures(await status.status(gate)))
    registry.register(Figures(gate, await gate.store.requests.counts()))
    return Response(generate_latest(registry), 200, SAFE_HEADERS, CONTENT_TYPE_LATEST)
