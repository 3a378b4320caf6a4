"""An action of a run: a call of its agent's, through the same path as any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_gate.flow.interpret import Act
from mcp_gate.gate.job import Caller, Exchange, Grant, Job
from mcp_gate.gate.receive import META_CONFIDENCE
from mcp_gate.gate.refresh import before_the_call, defined_now, observed
from mcp_gate.model.call import Call
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Outcome, Refused, Retry, Status
from mcp_gate.policy.workflow import Action
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


async def shared(gate: Gate, upstream: str) -> Link:
    """
    Raises:
        Lost: it is not up.
    """
    from mcp_gate.gate.memory import memory_of

    return await memory_of(gate).links.get(upstream)


async def tool_of(gate: Gate, step: Action, *, listed_now: bool = False) -> Tool | Withheld:
    """The tool that a step calls; an upstream that was never listed is listed now.

    Args:
        listed_now: do so in any case: people said yes to the tool as it was.

    Raises:
        Lost: it is not up, or has no such tool.
    """
    assert step.tool is not None  # else the policy would not have been loaded
    upstream, name = step.tool
    for attempt in range(2):
        found = next((tool for tool in gate.catalog.tools(upstream) if tool.name == name), None)
        if found is not None and (attempt or not listed_now):
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
    text = f"{reason} ({request_id or run.id}). {again}"
    return Refused(status, text, retry, run.id, "allow", rule, reason, snapshot, request_id, sent)
