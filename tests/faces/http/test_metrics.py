"""What a Prometheus server reads, and what a load balancer asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.reviewed import GROUPS, Reviewed, a_gate, raw

pytestmark = pytest.mark.anyio

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(gate: Reviewed) -> Samples:
    """The value of every sample by its name and labels."""
    _, _, body = await raw(gate.address, "GET", "/metrics", b"", {"Authorization": "Bearer dana-token"})
    families = text_string_to_metric_families(body.decode())
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def named(samples: Samples, name: str, **labels: Any) -> float:
    return samples.get((f"mcp_gate_{name}", frozenset(labels.items())), 0.0)


async def test_what_is_held_and_what_was_said_is_counted_by_tier_group_and_word(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        first, second = await gate.hold(), await gate.hold()
        await gate.hold(group="ops-approvers")
        assert (await gate.post(first, await gate.word(first, by="ana")))[0] == 200
        assert (await gate.post(second, await gate.word(second, "deny", by="ana", reason="no")))[0] == 200
        assert (await gate.post(second, await gate.word(second, by="dana")))[0] == 409
        with gate.gate.waiters.waiting(first.id):
            seen = await scraped(gate)
        now = {"kind": "gate", "tier": "high"}
        assert named(seen, "requests", status="pending", group="ops-approvers", **now) == 1
        assert named(seen, "requests", status="approved", group="finance-approvers", **now) == 1
        assert named(seen, "requests_waited_for") == 1
        for word in ("approve", "deny"):
            assert named(seen, "decisions_total", decision=word, assurance="session") == 1
        assert named(seen, "decisions_refused_total", code="already_decided") == 1
        assert named(seen, "events_total", event="request.opened") == 3
        for status in ("approved", "rejected"):
            assert named(seen, "request_settled_seconds_count", status=status) == 1
            assert named(seen, "request_settled_seconds_bucket", status=status, le="60") == 1
        assert named(seen, "store_commit_seconds_count") >= 5
        assert named(seen, "store_commit_seconds_bucket", le="+Inf") == named(seen, "store_commit_seconds_count")
        assert named(seen, "policy_info", snapshot=gate.gate.loaded.snapshot.id) == 1
        assert named(seen, "store_failing") == 0


async def test_a_store_that_cannot_write_makes_the_gate_unhealthy(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        gate.gate.store.tally.trouble = "disk full"
        status, _, body = await raw(gate.socket, "GET", "/healthz")
        assert (status, b'"failing"' in body) == (503, True)
