"""Held calls decided again, because the policy, their agent's level or their tool is not what it was; or ended with the
agent's stop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_gate.evidence.hashes import hash_of
from mcp_gate.gate import clock, events
from mcp_gate.gate.accepted import tool_changed
from mcp_gate.gate.asking import new_request
from mcp_gate.gate.receive import Received, Seen, acquaint, forbidden, known
from mcp_gate.gate.tokens import decided, facts_sent
from mcp_gate.lang import strictjson
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call, Facts
from mcp_gate.model.decision import Decision
from mcp_gate.model.request import Request
from mcp_gate.policy.load import Loaded
from mcp_gate.signals.describe import describe
from mcp_gate.signals.recorded import attributes_json, unsure_json
from mcp_gate.signals.windows import Deed
from mcp_gate.store.database import Outdated
from mcp_gate.store.results import Opened

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


async def redecide(gate: Gate) -> None:
    """Decide every held call again that was decided under what no longer holds: void its request, open a new one. The
    requests of who is stopped end.

    What is denied now gets no new request; its waiting client decides again and is told. A milder policy or level does
    not undo that a person was asked. A proposal is only voided: what meets the criteria then is proposed again.
    """
    async with gate.redeciding:
        for request in await gate.store.requests.unsettled():
            if request.bound and gate.store.agents.stopped(request.call.agent):
                await gate.queue.cancel(request, "stopped")
                continue
            why = _why(gate, request)
            if why and await gate.queue.supersede(request, why) and request.holds:
                await _reopen(gate, request)


def _why(gate: Gate, request: Request) -> str:
    """Why a held call is to be decided again, or ""."""
    if not request.bound:
        return ""
    if request.policy_snapshot != gate.loaded.snapshot.id:
        return "policy_changed"
    if gate.store.agents.level(request.call.agent) != request.call.level:
        return "level_changed"
    return "tool_changed" if tool_changed(gate, request.call) else ""


async def _reopen(gate: Gate, request: Request) -> None:
    held = request.asked_call
    if tool_changed(gate, held):
        return  # it is denied
    await acquaint(gate.store, held.agent)
    await gate.tokens.acquaint(held.agent, held.session, held.arguments)
    while True:
        loaded = gate.loaded
        call = _described_again(loaded, held, gate.clock.wall())
        if call is None:
            return
        seen = Seen(call.ts, call.arguments, len(strictjson.dumps(call.arguments)), gate.taint.still(call))
        signals, stored = known(loaded, gate.store, Deed.of(call), call.job_hash, call.claims, seen)
        told = describe(loaded, call.upstream, call.tool, call.method, call.arguments)
        stored |= unsure_json(told)
        call = replace(call, signals={**stored, "bounds": call.bounds.as_json()} if call.bounds else stored)
        facts = Facts(call.agent, call.upstream, call.tool, told, call.arguments, signals)
        received = gate.tokens.put_back(Received(call, facts, loaded, ""), call)
        verdict = decided(received)
        if verdict.decision is Decision.DENY:
            return
        verdict = verdict.raised(Decision.REQUIRE_APPROVAL).within(call.bounds)
        over = forbidden(verdict.constraints, facts_sent(received), call.id)
        fresh = new_request(call, verdict, gate.clock.steady(), over, received.puts_back)
        common = events.members(call, verdict.policy_snapshot)
        written = [
            events.received(common, call),
            events.decided(common, verdict, call),
            events.opened(common, fresh, supersedes=request.id),
        ]
        try:
            opened = await gate.store.requests.open(call, fresh, written, cap=loaded.settings.limits.pending_per_agent)
        except Outdated:
            continue
        if isinstance(opened, Opened):  # its client, who waits, may have been quicker
            gate.queue.opened(fresh)
        return


def _described_again(loaded: Loaded, call: Call, now: float) -> Call | None:
    """The same call under today's mapping; None when its upstream is gone."""
    if call.upstream not in loaded.upstreams:
        return None
    description = describe(loaded, call.upstream, call.tool, call.method, call.arguments)
    tags = tuple(sorted(description.risk_tags))
    again = replace(
        call, id=clock.call_id(now), ts=rfc3339(now), topic=description.topic, risk_tags=tags,
        attributes=attributes_json(description.attributes),
    )  # fmt: skip
    return replace(again, job_hash=hash_of(again))
