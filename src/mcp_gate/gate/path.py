"""The path of a call: receive, describe, decide, hold, dispatch, inspect, deliver.

Everything that reaches an upstream on behalf of an agent comes through `perform`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from mcp_gate.gate import events, reviewers, words
from mcp_gate.gate.accepted import tool_changed
from mcp_gate.gate.dispatch import dispatch, never_sent
from mcp_gate.gate.execute import Superseded
from mcp_gate.gate.hold import hold
from mcp_gate.gate.job import Caller, Exchange, Job, Sender
from mcp_gate.gate.receive import Received, acquaint, forbidden, receive
from mcp_gate.gate.tokens import decided, facts_sent
from mcp_gate.model.decision import Decision
from mcp_gate.model.outcome import Outcome, Refused
from mcp_gate.model.request import CallState
from mcp_gate.model.verdict import Verdict
from mcp_gate.review.granted import counts
from mcp_gate.review.joining import suffices
from mcp_gate.store.database import Outdated, Unavailable
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

NO_VIOLATION = frozenset({"error", "limits", "stopped", "tool_changed"})
"""Rules of the gate's own: what they refuse says nothing of the agent."""
REDECISIONS = 5
"""How often one waiting call may be decided anew because policy or tool changed under it."""


async def perform(gate: Gate, job: Job, caller: Caller, exchange: Exchange, send: Sender) -> Outcome:
    """Take one job through the gate and say what became of it.

    Raises:
        RpcError: -32602, the call is too deep, too large or not canonical, or its upstream is in the policy no more;
            nothing was recorded as a call.
    """
    await acquaint(gate.store, caller.agent)
    await gate.tokens.acquaint(caller.agent, caller.session, job.arguments)
    floor = Decision.ALLOW
    superseded = call_id = ""
    for _ in range(REDECISIONS):
        received, verdict, over = _decide(gate, job, caller, floor)  # 1, 2, 3
        try:
            if gate.store.agents.stopped(caller.agent):
                return await _refuse(gate, received, verdict, words.stopped(verdict, received.call.id))
            if job.withheld or (superseded and tool_changed(gate, received.call)):
                refused = words.tool_changed(verdict, received.call.id, None)
                return await _refuse(gate, received, verdict, refused, supersedes=superseded)
            if verdict.decision is not Decision.DENY and gate.quarantine.about(received.call):
                told = await gate.quarantine.collect(received, verdict)
                if told is not None:
                    return told
                continue  # somebody else was told: what was known of this call is of a moment ago
            match verdict.decision:
                case Decision.DENY:
                    refused = words.denied(verdict, received.call.id)
                    return await _refuse(gate, received, verdict, refused, supersedes=superseded)
                case Decision.REQUIRE_APPROVAL if not received.glass and not _asked_before(received, verdict, job):
                    with gate.tracing.step("hold"):
                        outcome = await hold(gate, received, verdict, exchange, send, over)  # 4
                case Decision.ALLOW | Decision.ALLOW_WITH_CONSTRAINTS | Decision.REQUIRE_APPROVAL if over:
                    refused = words.over_constraint(verdict, received.call.id, over)
                    return await _refuse(gate, received, verdict, refused, supersedes=superseded)
                case Decision.ALLOW | Decision.ALLOW_WITH_CONSTRAINTS | Decision.REQUIRE_APPROVAL:
                    return await _allow(gate, received, verdict, send, job)
                case _:
                    assert_never(verdict.decision)
        except Outdated:
            continue
        except Unavailable:
            log.error("the call %s could not be recorded", received.call.id)
            return words.unavailable(verdict, received.call.id)
        if not isinstance(outcome, Superseded):
            return outcome
        superseded, call_id = outcome.request_id, outcome.call_id
        if job.upstream not in gate.loaded.mappings:
            return words.tool_gone(verdict, call_id, superseded)
        floor = Decision.REQUIRE_APPROVAL  # a milder policy does not undo that a person was asked
    return words.withdrawn(verdict, call_id or received.call.id, superseded)


def _decide(gate: Gate, job: Job, caller: Caller, floor: Decision) -> tuple[Received, Verdict, str]:
    """What it is, what the policy says of it, which is no milder than `floor`, and why a constraint forbids it or "".

    Raises:
        RpcError: see `perform`.
    """
    if job.upstream not in gate.loaded.mappings:  # a reload overtook it
        raise RpcError(INVALID_PARAMS, "Invalid params: what it would call is no longer there")
    with gate.tracing.step("decide") as span:
        received = receive(
            gate.loaded, gate.store, job, caller, gate.clock.wall(), tainted=gate.taint.of(caller.session)
        )
        received = gate.tokens.put_back(received, received.call)
        verdict = decided(received).raised(floor).within(job.bounds)
        glass = gate.glass.passes(received.call.agent, received.call.topic, verdict)
        received = replace(received, glass=glass) if glass else received
        facts = facts_sent(received)
        over = forbidden(verdict.constraints, facts, received.call.id)
        held = verdict.decision is Decision.REQUIRE_APPROVAL and job.continuation is None
        if not over and not held and job.brought.get("inputResponses"):  # hosts may stand there, too
            answers = {"arguments": facts.arguments, "answers": job.brought["inputResponses"]}
            over = forbidden(verdict.constraints, replace(facts, arguments=answers), received.call.id)
        span.note(call_id=received.call.id, decision=verdict.decision.word, rule_id=verdict.rule_id)
        return received, verdict, over


def _asked_before(received: Received, verdict: Verdict, job: Job) -> bool:
    """Whether people need not be asked: it goes on with what they approved, or they approved it in a workflow."""
    if job.continuation is not None:
        return suffices(job.continuation.verdict, verdict)
    grant = job.grant
    known = reviewers.people(received.loaded.settings)
    return grant is not None and counts(grant.people, grant.snapshot, verdict, known)


async def _refuse(
    gate: Gate, received: Received, verdict: Verdict, refused: Refused, *, supersedes: str = ""
) -> Refused:
    """Record that the call ends here; `refused` is what the agent is told.

    Args:
        supersedes: the request that held the call, when it was decided again: then it is not a violation, for the agent
            did nothing new.
    """
    call = received.call
    common = events.members(call, verdict.policy_snapshot)
    decided = events.decided(common, verdict, call)
    if refused.rule_id != verdict.rule_id or refused.reason != verdict.reason:
        decided.data["refused"] = {"rule_id": refused.rule_id, "reason": refused.reason}
    if supersedes:
        decided.data["supersedes"] = supersedes
    violation = not supersedes and refused.rule_id not in NO_VIOLATION
    written = [events.received(common, call), decided]
    await gate.store.begin(
        call, verdict.as_json(), CallState.DENIED, written, verdict.policy_snapshot, violation=violation
    )
    return refused


async def _allow(gate: Gate, received: Received, verdict: Verdict, send: Sender, job: Job) -> Outcome:
    """Decision and intent are durable, in this order, before a byte goes out. Where a person was asked already, the
    record says when: by the approved operation that this call goes on with, or by the request before it.
    """
    call = received.call
    common = events.members(call, verdict.policy_snapshot)
    dispatched = events.dispatched(common, received.bytes_sha256, call.tool_hash)
    if received.puts_back:
        dispatched.data["puts_back"] = list(received.puts_back)
    if job.continuation is not None:
        dispatched.data["continues"] = job.continuation.name
    if job.grant is not None and verdict.decision is Decision.REQUIRE_APPROVAL:
        dispatched.data["approved_by"] = job.grant.request_id
    if received.glass:
        dispatched.data["break_glass"] = received.glass
    written = [events.received(common, call), events.decided(common, verdict, call), dispatched]
    try:
        await gate.store.begin(
            call, verdict.as_json(), CallState.DISPATCHED, written, verdict.policy_snapshot,
            alone=gate.under_way.nothing,
        )  # fmt: skip
    except asyncio.CancelledError:
        never_sent(gate, call, common)  # the write goes on without us
        raise
    return await dispatch(gate, call, verdict, received, send, common)
