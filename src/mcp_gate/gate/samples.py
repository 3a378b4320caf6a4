"""Executed calls picked for a person to look at afterwards. A look delays nothing, and never runs the call."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mcp_gate.gate.asking import look_request
from mcp_gate.gate.events import members, request_event
from mcp_gate.gate.receive import Received
from mcp_gate.model.call import Call
from mcp_gate.model.decision import Assurance, Tier
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import SAMPLE, Request
from mcp_gate.model.verdict import Verdict
from mcp_gate.sampling import Why, group, why

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)


def sample_of(gate: Gate, call: Call, verdict: Verdict, received: Received) -> Request | None:
    """The request for a look at a call that was executed, or None where it was not selected."""
    sampling, terms, tags = received.loaded.sampling, received.loaded.policy.terms, frozenset(call.risk_tags)
    chosen = Why.MANDATORY if received.glass else None if sampling is None else _why(gate, call, received)
    if chosen is None:
        return None
    to = terms.group(tags) if sampling is None else group(sampling, terms, tags)
    return _sample(gate, call, verdict.as_json(), verdict.policy_snapshot, verdict.tier, to, chosen)


async def look_at_lost(gate: Gate, lost: Iterable[Call]) -> None:
    """Have people look at calls that were sent behind broken glass by a gate that ended before they did."""
    for call in lost:
        sent = await gate.store.dispatch_of(call.id)
        if sent is None or "break_glass" not in sent.data:
            continue
        to = gate.loaded.policy.terms.group(frozenset(call.risk_tags))
        tier = Tier[sent.verdict["tier"].upper()]
        sample = _sample(gate, call, sent.verdict, sent.snapshot, tier, to, Why.MANDATORY)
        common = members(call, sent.snapshot)
        selected = request_event("sample.selected", common, sample.id, {"why": Why.MANDATORY.value, "group": to})
        await gate.store.requests.open_sample(sample, selected)
        gate.queue.watch(sample)


def _sample(gate: Gate, call: Call, verdict: JsonObject, snapshot: str, tier: Tier, to: str, chosen: Why) -> Request:
    least = Assurance.SESSION
    shown = {**verdict, "sampled": chosen.value, "route": to, "min_assurance": least.word}
    return look_request(
        SAMPLE, call, shown, gate.clock.steady(), snapshot=snapshot, tier=tier, group=to, min_assurance=least
    )


def _why(gate: Gate, call: Call, received: Received) -> Why | None:
    """Why the call is looked at. A check that fails selects it."""
    sampling = received.loaded.sampling
    assert sampling is not None
    try:
        return why(sampling, received.facts, call.id, gate.key)
    except Exception:
        log.exception("whether %s is a sample could not be told", call.id)
        return Why.MANDATORY
