"""One step of a run: a call of its agent's, through the same path as any other; or a question to people."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_gate.evidence.hashes import job_hash
from mcp_gate.flow.interpret import Act, Ask
from mcp_gate.gate import clock, reviewers
from mcp_gate.gate.execute import Superseded
from mcp_gate.gate.hold import hold
from mcp_gate.gate.job import Caller, Exchange, Grant, Job
from mcp_gate.gate.receive import META_CONFIDENCE, Received, receive, verdict_on
from mcp_gate.gate.refresh import before_the_call, defined_now, observed
from mcp_gate.lang import strictjson
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import OWN, Call, Description, Facts, Signals
from mcp_gate.model.constraints import NONE
from mcp_gate.model.decision import Assurance, Decision, OnTimeout, Tier
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Outcome, Refused, Retry, Status
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.workflow import Action, Approval, Workflow
from mcp_gate.review import proof
from mcp_gate.store.runs import ASK
from mcp_gate.upstream.catalog import Tool, Withheld
from mcp_gate.upstream.link import Link, answer_to, own_meta
from mcp_gate.upstream.listing import list_tools
from mcp_gate.wire.errors import INTERNAL_ERROR, RpcError
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


class Sending:
    """Implements `gate.job.Sender` over the connection that belongs to the gate itself."""

    def __init__(self, gate: Gate, job: Job) -> None:
        self._gate = gate
        self._job = job

    async def definition(self) -> str:
        link = await shared(self._gate, self._job.upstream)
        with before_the_call():
            return await defined_now(self._gate, link, self._job)

    async def __call__(self, arguments: JsonObject, limit: int | None) -> JsonObject:
        link = await shared(self._gate, self._job.upstream)
        params: JsonObject = {"name": self._job.tool, "arguments": arguments}
        params = {**params, "_meta": own_meta()} if link.modern else params
        return _whole(await answer_to(link, "tools/call", params, limit))


def _whole(result: JsonObject) -> JsonObject:
    """A result that is one, for clients of either era.

    Raises:
        RpcError: it is a question, or the handle of a task, which the gate has nothing to do with.
    """
    kind = result.get("resultType", "complete")
    if kind != "complete":
        raise RpcError(INTERNAL_ERROR, f"a step's tool answered '{kind}', which a workflow cannot go on with")
    return {name: value for name, value in result.items() if name != "resultType"}


class Asking:
    """Implements `gate.job.Sender` for a question: there is nothing to send, the answer is all there is."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def definition(self) -> str:
        return self._call.tool_hash

    async def __call__(self, arguments: JsonObject, limit: int | None) -> JsonObject:
        return {"content": [{"type": "text", "text": "approved"}]}


async def shared(gate: Gate, upstream: str) -> Link:
    """
    Raises:
        Lost: it is not up.
    """
    from mcp_gate.gate.memory import memory_of

    return await memory_of(gate).links.get(upstream)


async def tool_of(gate: Gate, step: Action) -> Tool | Withheld:
    """The tool that a step calls; an upstream that was never listed is listed now.

    Raises:
        Lost: it is not up, or has no such tool.
    """
    assert step.tool is not None  # else the policy would not have been loaded
    upstream, name = step.tool
    for attempt in range(2):
        found = next((tool for tool in gate.catalog.tools(upstream) if tool.name == name), None)
        if found is not None:
            return found
        if attempt == 0:
            link = await shared(gate, upstream)
            try:
                tools = await list_tools(link)
            except RpcError as e:
                raise Lost(f"its tools cannot be listed: error {e.code}", sent=False) from None
            link.learn(tools)
            observed(gate, upstream, tools)
    raise Lost(f"upstream '{upstream}' lists no tool of this name", sent=False)


def job_of(run: Call, act: Act, tool: Tool | Withheld, grant: Grant | None = None) -> Job:
    """A step's call as a job. What its agent said of its confidence in the run goes for the step."""
    meta = {META_CONFIDENCE: run.claims[META_CONFIDENCE]} if META_CONFIDENCE in run.claims else {}
    return Job(
        upstream=tool.upstream, method="tools/call", tool=tool.name, listed_name=tool.listed_name,
        arguments=act.arguments, meta=meta, tool_hash=tool.tool_hash, withheld=isinstance(tool, Withheld),
        parent=run.id, step=act.step.id, bounds=act.step.constraints, grant=grant,
    )  # fmt: skip


async def act(gate: Gate, run: Call, move: Act, grant: Grant | None, exchange: Exchange) -> Outcome:
    """Take an action through the gate.

    Raises:
        RpcError: as `Gate.perform`.
    """
    try:
        tool = await tool_of(gate, move.step)
    except Lost as lost:
        return refusal(run, Status.FAILED, lost.reason, Retry.LATER, sent=False)
    job = job_of(run, move, tool, grant)
    return await gate.perform(job, Caller(run.agent, run.session), exchange, Sending(gate, job))


async def ask(gate: Gate, run: Call, workflow: Workflow, move: Ask, exchange: Exchange) -> Outcome | Superseded:
    """Ask people, and wait for them. Superseded: the policy changed, ask again.

    Raises:
        RpcError, CanonicalError: the action that would follow cannot be described.
        Unavailable: the question could not be recorded.
    """
    then = None
    if move.then is not None:
        try:
            then = receive(
                gate.loaded, gate.store, job_of(run, move.then, await tool_of(gate, move.then.step)),
                Caller(run.agent, run.session), gate.clock.wall(), tainted=gate.taint.of(run.session),
            )  # fmt: skip
        except Lost as lost:
            return refusal(run, Status.FAILED, lost.reason, Retry.LATER, sent=False)
    received = _question(gate, run, workflow, move.step, then)
    base = verdict_on(gate.loaded, received.facts if then is None else then.facts, received.call.id)
    if move.then is not None and base.decision is Decision.DENY:
        return await act(gate, run, move.then, None, exchange)  # nobody is asked about what will be denied
    verdict = question_verdict(base, workflow, move.step)
    if gate.store.agents.stopped(run.agent):
        return refusal(run, Status.DENIED, "This agent is stopped", Retry.NEVER, rule="stopped")
    return await hold(gate, received, verdict, exchange, Asking(received.call))


def _question(gate: Gate, run: Call, workflow: Workflow, step: Approval, then: Received | None) -> Received:
    """The question as a call of the gate's own: what is shown, hashed and approved is the very action that follows."""
    now = gate.clock.wall()
    topic = f"workflow.{workflow.name}.{step.id}"
    arguments: JsonObject = {"workflow": workflow.name, "run": run.id, "step": step.id}
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
        tool=f"{workflow.name}.{step.id}", listed_name=workflow.listed_name, topic=topic, risk_tags=tags,
        arguments=arguments, attributes={} if then is None else then.call.attributes, tool_hash=run.tool_hash,
        job_hash=job_hash(
            agent=run.agent, upstream=OWN, tool=f"{workflow.name}.{step.id}", tool_hash=run.tool_hash, topic=topic,
            risk_tags=tags, arguments=arguments,
        ),
        signals={"level": level}, parent=run.id, step=step.id,
    )  # fmt: skip
    told = Description(topic, frozenset(tags), {} if then is None else then.facts.description.attributes)
    facts = Facts(run.agent, OWN, call.tool, told, arguments, Signals(level=level))
    return Received(call, facts, gate.loaded, "sha256:" + hashlib.sha256(strictjson.dumps(arguments)).hexdigest())


def question_verdict(base: Verdict, workflow: Workflow, step: Approval) -> Verdict:
    """What holds for a question: what the step says, else what the policy says of the action that follows.

    Time alone approves nothing but what the policy would let it.
    """
    gated = base.decision is Decision.REQUIRE_APPROVAL
    needed = base.approvals if gated else 1
    proof = base.min_assurance if gated else Assurance.SESSION
    after = step.on_timeout or (base.on_timeout if gated else OnTimeout.DENY)
    if after is OnTimeout.APPROVE and (base.tier is not Tier.LOW or base.invariant):
        after = OnTimeout.DENY
    return replace(
        base,
        decision=Decision.REQUIRE_APPROVAL,
        rule_ids=(f"{workflow.listed_name}.{step.id}",),
        reason=step.reason or f"The workflow {workflow.name} asks a person here",
        constraints=NONE,
        approvals=step.approvals or needed,
        min_assurance=proof if step.min_assurance is None else step.min_assurance,
        timeout_sec=step.timeout_sec or base.timeout_sec,
        on_timeout=after,
        escalate_to=step.escalate_to or base.escalate_to,
        group=step.route or base.group,
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
        verdict, request.call, ASK, reviewers.people(settings), (settings.agents or {}).get(run.agent), gate.id,
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


def refusal(
    run: Call, status: Status, reason: str, retry: Retry, *, sent: bool | None = None, rule: str = "workflow",
    request_id: str | None = None, snapshot: str = "",
) -> Refused:  # fmt: skip
    """What a run says for itself."""
    again = {
        Retry.NEVER: "Do not retry it; tell the user.",
        Retry.LATER: "Try again later.",
        Retry.SAME_CALL: "Call the same tool again with exactly the same arguments to go on waiting.",
    }[retry]
    text = f"{reason} ({run.id}). {again}"
    return Refused(status, text, retry, run.id, "allow", rule, reason, snapshot, request_id, sent)
