"""`/v1/status` and `/healthz`: how the gate is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_gate.gate import figures
from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.assurance import shortfalls
from mcp_gate.review.queue import SHARE
from mcp_gate.upstream.supervised import State

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


async def status(gate: Gate) -> JsonObject:
    """The body of `/v1/status` (contract 9)."""
    health = healthz(gate)
    out: JsonObject = {
        "gate_id": gate.id,
        "status": health["status"],
        "policy": health["policy"],
        "policy_snapshot": gate.loaded.snapshot.id,
        # Agents, reviewers and gate are one operating-system user as far as the gate can tell.
        "assurance": "A0" if shortfalls(gate.loaded) else "A1",
        "listen": dict(gate.faces.listening),
        "upstreams": health["upstreams"],
        "queue": (await figures.queue(gate)).as_json(),
        "gated_share": await figures.gated_share(gate),
        "gated_share_target": list(SHARE),
        "second_reviews": await figures.second_looks(gate),
        "reviewers": await figures.people(gate),
    }
    if specs := gate.loaded.settings.webhooks:
        tallies = [await gate.store.outbox.tally(spec.id) for spec in specs]
        out["webhooks"] = {"due": sum(one.due for one in tallies), "dead": sum(one.dead for one in tallies)}
    if broken := [one for one in gate.glass.listed() if one["status"] == "broken"]:
        out["break_glass"] = broken
    if gate.stale:
        out["errors"] = [problem.as_json() for problem in gate.stale]
    if gate.loaded.warnings:
        out["warnings"] = [problem.as_json() for problem in gate.loaded.warnings]
    return out


def healthz(gate: Gate) -> JsonObject:
    """`degraded` while an upstream is away or the files on disk are not the policy in force; calls are still served.
    `failing` while the record cannot be written: every call is refused."""
    found = gate.upstreams.health()
    well = all(health.state is State.UP for health in found) and not gate.stale
    failing = bool(gate.store.tally.trouble)
    return {
        "status": "failing" if failing else "ok" if well else "degraded",
        "policy": "stale" if gate.stale else "current",
        "upstreams": {health.upstream: health.state.value for health in found},
    }
