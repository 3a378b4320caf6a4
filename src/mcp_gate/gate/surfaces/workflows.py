"""Workflows as clients see them: tools of the gate's own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from mcp_gate.gate import hold as holding
from mcp_gate.gate import step
from mcp_gate.gate.flight import Flight
from mcp_gate.gate.handles import TOLD, handle
from mcp_gate.gate.hold import LEGS
from mcp_gate.gate.job import CANCELLED, Job
from mcp_gate.gate.run import Run
from mcp_gate.gate.words import as_result
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import OWN
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Retry, Status
from mcp_gate.policy.workflow import Path, Workflow, paths_of
from mcp_gate.store.runs import RUN
from mcp_gate.upstream.catalog import Tool

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation
    from mcp_gate.gate.gate import Gate

DESCRIPTION: Final = (
    "Runs the workflow '{name}' of this gate, step by step; each step is decided by policy, and people may be asked. "
    "Call it again with the same arguments to go on waiting for it."
)


async def definitions(gate: Gate) -> list[JsonObject]:
    """The tools that stand for workflows."""
    return [await _definition(gate, workflow) for workflow in gate.loaded.workflows.values()]


async def _definition(gate: Gate, workflow: Workflow) -> JsonObject:
    about = DESCRIPTION.format(name=workflow.name)
    # Its properties are upstreams' words, which leave by the one door.
    shown = await gate.egress("tools/list", {"tools": [{"inputSchema": _schema(gate, workflow)}]})
    return {
        "name": workflow.listed_name,
        "description": f"{workflow.description}\n\n{about}" if workflow.description else about,
        "inputSchema": {"type": "object"} if shown is None else shown["tools"][0]["inputSchema"],
    }


def _schema(gate: Gate, workflow: Workflow) -> JsonObject:
    """What steps take out of the input by name, and what tools take that get the whole of it."""
    properties: JsonObject = {}
    for action in workflow.actions():
        if action.with_ is None:
            properties |= {name: shown for name, shown in _taken(gate, action.tool).items() if name not in properties}
            continue
        for template in action.with_.values():
            for path in paths_of(template):
                properties |= _named(path, properties)
    return {"type": "object", "properties": properties}


def _named(path: Path, properties: JsonObject) -> JsonObject:
    name = path.parts[1] if path.parts[0] == "input" and len(path.parts) > 1 else None
    return {} if name is None or name in properties else {name: {}}


def _taken(gate: Gate, tool: tuple[str, str] | None) -> JsonObject:
    """The properties of a tool's own schema, as far as it is known."""
    if tool is None:
        return {}
    found = next((known for known in gate.catalog.tools(tool[0]) if known.name == tool[1]), None)
    schema = found.definition.get("inputSchema") if isinstance(found, Tool) else None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return properties if isinstance(properties, dict) else {}


async def call(
    talk: Conversation, flight: Flight, workflow: Workflow, arguments: JsonObject, params: JsonObject
) -> JsonObject:
    """Begin a run, or join the one under way, and wait for it as long as this client can.

    Args:
        params: as the client sent them; only what brings a call back is read.

    Raises:
        RpcError: -32602, the arguments are too deep, too large or not canonical.
    """
    job = _job(workflow, arguments)
    if flight.modern:
        flight.leg = talk.memory.states.read(params, job, talk.caller).leg
    begun = await talk.gate.workflows.begin(workflow, arguments, flight.meta, talk.caller)
    if not isinstance(begun, Run):
        return _answer(flight, begun)
    try:
        with begun.watched(flight):
            await _wait(talk.gate, flight, begun)
    except asyncio.CancelledError as e:
        if e.args == (CANCELLED,) and begun.alone:
            begun.cancel()
        raise
    if begun.result is None and flight.tasks:
        return {**await _handle(talk.gate, begun), "resultType": "task"}
    if begun.result is None and flight.modern and flight.leg < LEGS:
        state = talk.memory.states.leg(job, talk.caller, begun.call.id, flight.leg + 1, {})
        return {"resultType": "input_required", "requestState": state}
    if begun.result is None:
        return _answer(flight, await _pending(talk.gate, begun))
    await talk.gate.workflows.collected(begun)
    talk.gate.taint.told_too(begun.call.session, talk.caller.session)
    return _answer(flight, begun.result)


def _job(workflow: Workflow, arguments: JsonObject) -> Job:
    """What binds the state of a call that is to come back."""
    return Job(
        upstream=OWN, method="tools/call", tool=workflow.name, listed_name=workflow.listed_name, arguments=arguments,
        meta={}, tool_hash=f"sha256:{workflow.digest}",
    )  # fmt: skip


async def _wait(gate: Gate, flight: Flight, run: Run) -> None:
    """Until the run has ended, or this client's patience."""
    hold = gate.loaded.settings.hold
    wait_sec = min(holding.TASK_WAIT_SEC, hold.wait_sec) if flight.tasks else hold.wait_sec
    loop = asyncio.get_running_loop()
    began = loop.time()
    patient = flight.heartbeat(f"{run.workflow.listed_name} began") and not flight.modern
    ending = asyncio.ensure_future(gate.stopped.wait())
    try:
        while not run.task.done() and not ending.done():
            left = hold.heartbeat_sec if patient else min(hold.heartbeat_sec, began + wait_sec - loop.time())
            if left <= 0:
                return
            done, _ = await asyncio.wait((run.task, ending), timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if not done and loop.time() - run.told_at > hold.heartbeat_sec / 2:
                flight.heartbeat(f"{run.workflow.listed_name} is under way ({round(loop.time() - began)} s)")
    finally:
        ending.cancel()


async def task(talk: Conversation, flight: Flight, run_id: str) -> JsonObject | None:
    """How a run stands that a client was given a handle of, with what it came to once; None: its agent has no such run.

    Raises:
        Unavailable
    """
    gate, agent = talk.gate, talk.caller.agent
    call = await run_of(talk, flight, run_id)
    if call is None:
        return None
    run = gate.workflows.under_way(agent, run_id)
    if run is not None:
        return await _handle(gate, run)
    result = await gate.workflows.result(agent, call["job_hash"], run_id)
    gate.taint.told_too(call["session"], talk.caller.session)
    view = handle(run_id, "failed" if result is None else "completed", call["ts"], rfc3339(gate.clock.wall()))
    return {**view, **({"error": TOLD} if result is None else {"result": _answer(flight, result)})}


async def run_of(talk: Conversation, flight: Flight, run_id: str) -> JsonObject | None:
    """The call of a run of this client's agent, if it is one that a handle may have been given of."""
    call = None if flight.envelope is None else await talk.gate.store.call(run_id)
    return call if call is not None and (call["agent"], call["method"]) == (talk.caller.agent, RUN) else None


async def withdraw(talk: Conversation, run_id: str) -> JsonObject | None:
    """End a run that its client wants no more; None: none such is under way."""
    gate, agent = talk.gate, talk.caller.agent
    run = gate.workflows.under_way(agent, run_id)
    if run is None:
        return None
    run.cancel()
    await asyncio.wait((run.task,))
    await gate.workflows.collected(run)
    return handle(run_id, "cancelled", run.call.ts, rfc3339(gate.clock.wall()))


async def _handle(gate: Gate, run: Run) -> JsonObject:
    view = handle(run.call.id, "working", run.call.ts, rfc3339(gate.clock.wall()))
    request_id = await gate.store.runs.request(run.call.id, "", "pending")
    under_way = f"{run.workflow.listed_name} is under way"
    return {**view, "statusMessage": f"Waiting for a reviewer: {request_id}" if request_id else under_way}


async def _pending(gate: Gate, run: Run) -> JsonObject:
    request_id = await gate.store.runs.request(run.call.id, "", "pending")
    why = "It waits for a reviewer" if request_id else "It is still under way"
    return as_result(
        step.refusal(
            run.call, Status.PENDING, why, Retry.SAME_CALL, request_id=request_id, snapshot=gate.loaded.snapshot.id
        )
    )


def _answer(flight: Flight, result: JsonObject) -> JsonObject:
    return result if flight.envelope is None else {**result, "resultType": "complete"}
