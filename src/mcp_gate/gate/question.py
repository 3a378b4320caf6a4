"""A question of a run to people: held like a call, and shown with the very action that follows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_gate.evidence.hashes import job_hash
from mcp_gate.flow.interpret import Ask
from mcp_gate.gate import clock, reviewers, step
from mcp_gate.gate.execute import Superseded
from mcp_gate.gate.hold import hold
from mcp_gate.gate.job import Caller, Exchange, Grant
from mcp_gate.gate.receive import Received, acquaint, receive, verdict_on
from mcp_gate.lang import strictjson
from mcp_gate.lang.canonical import bytes_digest
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import OWN, Call, Description, Facts, Signals
from mcp_gate.model.constraints import NONE
from mcp_gate.model.decision import Assurance, Decision, OnTimeout, Tier
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Outcome, Retry, Status
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.workflow import Approval, Workflow
from mcp_gate.review import proof
from mcp_gate.store.runs import ASK
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


class Asking:
    """Implements `gate.job.Sender` for a question: there is nothing to send, the answer is all there is."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def definition(self) -> str:
        return self._call.tool_hash

    async def __call__(self, arguments: JsonObject, limit: int | None) -> JsonObject:
        return {"content": [{"type": "text", "text": "approved"}]}


async def ask(gate: Gate, run: Call, workflow: Workflow, move: Ask, exchange: Exchange) -> Outcome | Superseded:
    """Ask people, and wait for their answer. `Superseded`: the policy changed; ask again.

    Raises:
        RpcError, CanonicalError: the action that would follow cannot be described.
        Unavailable: the question could not be recorded.
    """
    then = None
    if move.then is not None:
        await acquaint(gate.store, run.agent)  # a run that goes on after a restart may be its agent's first
        try:
            then = receive(
                gate.loaded, gate.store, step.job_of(run, move.then, await step.tool_of(gate, move.then.step)),
                Caller(run.agent, run.session), gate.clock.wall(), tainted=gate.taint.of(run.session),
            )  # fmt: skip
        except Lost as lost:
            return step.refusal(run, Status.FAILED, lost.reason, Retry.LATER, sent=False)
    received = _question(gate, run, workflow, move.step, then)
    base = verdict_on(gate.loaded, received.facts if then is None else then.facts, received.call.id)
    if move.then is not None and base.decision is Decision.DENY:
        return await step.act(gate, run, move.then, None, exchange)  # nobody is asked about what will be denied
    verdict = question_verdict(base, workflow, move.step)
    if gate.store.agents.stopped(run.agent):
        return step.refusal(run, Status.DENIED, "This agent is stopped", Retry.NEVER, rule="stopped")
    return await hold(gate, received, verdict, exchange, Asking(received.call))


def _question(gate: Gate, run: Call, workflow: Workflow, asked: Approval, then: Received | None) -> Received:
    """The question as a call of the gate's own: what is shown, hashed and approved is the very action that follows."""
    now = gate.clock.wall()
    topic = f"workflow.{workflow.name}.{asked.id}"
    arguments: JsonObject = {"workflow": workflow.name, "run": run.id, "step": asked.id}
    if then is not None:
        arguments["then"] = {
            "tool": then.call.listed_name, "arguments": then.call.arguments, "tool_hash": then.call.tool_hash,
        }  # fmt: skip
    else:
        arguments["input"] = run.arguments
    tags = () if then is None else then.call.risk_tags
    level = gate.store.agents.level(run.agent)
    call = Call(
        id=clock.call_id(now), ts=rfc3339(now), agent=run.agent, session=run.session, upstream=OWN, method=ASK,
        tool=f"{workflow.name}.{asked.id}", listed_name=workflow.listed_name, topic=topic, risk_tags=tags,
        arguments=arguments, attributes={} if then is None else then.call.attributes, tool_hash=run.tool_hash,
        job_hash=job_hash(
            agent=run.agent, upstream=OWN, tool=f"{workflow.name}.{asked.id}", tool_hash=run.tool_hash, topic=topic,
            risk_tags=tags, arguments=arguments,
        ),
        signals={"level": level}, parent=run.id, step=asked.id,
    )  # fmt: skip
    told = Description(topic, frozenset(tags), {} if then is None else then.facts.description.attributes)
    told = told if then is None else replace(told, unsure=then.facts.description.unsure)
    facts = Facts(run.agent, OWN, call.tool, told, arguments, Signals(level=level))
    return Received(call, facts, gate.loaded, bytes_digest(strictjson.dumps(arguments)))


def question_verdict(base: Verdict, workflow: Workflow, asked: Approval) -> Verdict:
    """What holds for a question: what the step says, else what the policy says of the action that follows.

    Time alone approves nothing but what the policy would let it.
    """
    gated = base.decision is Decision.REQUIRE_APPROVAL
    needed = base.approvals if gated else 1
    proof = base.min_assurance if gated else Assurance.SESSION
    after = asked.on_timeout or (base.on_timeout if gated else OnTimeout.DENY)
    if after is OnTimeout.APPROVE and (base.tier is not Tier.LOW or base.invariant):
        after = OnTimeout.DENY
    return replace(
        base,
        decision=Decision.REQUIRE_APPROVAL,
        rule_ids=(f"{workflow.listed_name}.{asked.id}",),
        reason=asked.reason or f"The workflow {workflow.name} asks a person here",
        constraints=NONE,
        approvals=asked.approvals or needed,
        min_assurance=proof if asked.min_assurance is None else asked.min_assurance,
        timeout_sec=asked.timeout_sec or base.timeout_sec,
        on_timeout=after,
        escalate_to=asked.escalate_to or base.escalate_to,
        group=asked.route or base.group,
        layers=(),
        raised_from=None,
    )


def unproved(gate: Gate, run: Call, request: Request | None) -> str:
    """Why what is stored of a question does not prove that people approved it, or ""."""
    if request is None or request.status is not RequestStatus.APPROVED or request.call.parent != run.id:
        return "it was not approved"
    settings = gate.loaded.settings
    verdict = Verdict.undecided(request.policy_snapshot)  # what the policy asks of the action is asked of the action
    terms = proof.Terms(
        verdict, request.call, ASK, reviewers.people(settings), settings.agent(run.agent), gate.id,
        min(gate.clock.wall(), gate.clock.steady()),
    )  # fmt: skip
    return proof.unproved(request, terms, found=False)


def grant_of(request: Request) -> Grant:
    """What people said to a question, as far as it can count for the action that follows."""
    said = tuple(
        (word.approver_id, word.assurance)
        for word in request.words
        if word.decision == "approve" and word.assurance is not None
    )
    return Grant(request.id, request.policy_snapshot, said)
