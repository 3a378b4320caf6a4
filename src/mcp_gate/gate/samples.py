"""Executed calls picked for a person to look at afterwards. It delays nothing, and the call is never run by it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from mcp_gate.gate import clock
from mcp_gate.gate.receive import Received
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.decision import Assurance, OnTimeout
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.sampling import Why, group, why

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

LOOK_SEC: Final = 7 * 86_400
"""How long a sample waits for somebody to look; then it expires, and the record says that nobody did."""


def sample_of(gate: Gate, call: Call, verdict: Verdict, received: Received) -> Request | None:
    """The request for a look at a call that was executed, or None where it was not selected."""
    sampling, terms, tags = received.loaded.sampling, received.loaded.policy.terms, frozenset(call.risk_tags)
    chosen = Why.MANDATORY if received.glass else None if sampling is None else _why(gate, call, received)
    if chosen is None:
        return None
    now = gate.clock.steady()
    to = terms.group(tags) if sampling is None else group(sampling, terms, tags)
    of_the_sample = {
        "sampled": chosen.value, "route": to, "approvals": 1, "timeout_sec": LOOK_SEC,
        "on_timeout": OnTimeout.DENY.word, "min_assurance": Assurance.SESSION.word,
    }  # fmt: skip
    return Request(
        id=clock.request_id(),
        kind="sample",
        status=RequestStatus.PENDING,
        call=call,
        verdict={**verdict.as_json(), **of_the_sample},
        policy_snapshot=verdict.policy_snapshot,
        tier=verdict.tier,
        group=to,
        needed=1,
        min_assurance=Assurance.SESSION,
        on_timeout=OnTimeout.DENY,
        opened_ts=rfc3339(now),
        due_ts=rfc3339(now + LOOK_SEC),
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
