"""Tasks: handles of the gate's own for held calls (SEP-2663), and those that upstreams give out, each known to the one
client that was given it. A task's result is looked at as the result of the call that began it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.gate.carry import Sending, ask, delivered, refused
from mcp_gate.gate.egress import Changed, Passed, Withheld, egress
from mcp_gate.gate.flight import Flight
from mcp_gate.gate.handles import handle
from mcp_gate.gate.job import Job
from mcp_gate.gate.links import all_up
from mcp_gate.gate.owners import Owned
from mcp_gate.gate.protocol import text_of
from mcp_gate.gate.receive import META_CONFIDENCE, receive
from mcp_gate.gate.surfaces.lists import having
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Delivered, NextLeg, Outcome, Refused, Status, UpstreamError
from mcp_gate.model.request import CallState, Request, RequestStatus
from mcp_gate.wire.errors import INVALID_PARAMS, REFUSED, RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation

TOLD: Final = "Its outcome was delivered before."


async def get(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """How a task stands, with its result or error once it has ended.

    Raises:
        RpcError: -32602, no such task of this client.
    """
    task_id = text_of(params, "taskId")
    owned = talk.memory.owners.find(talk.scope, task_id)
    if owned is not None:
        return await _forward(talk, flight, owned, "tasks/get", params)
    told = talk.memory.settled.get((talk.caller.agent, task_id))
    if told is not None:
        return told
    request = await _own(talk, flight, task_id)
    status, more = await _look(talk, flight, request)
    now = rfc3339(talk.gate.clock.wall())
    view = {**handle(task_id, status, request.opened_ts, now), **more, "resultType": "complete"}
    if status != "working":
        talk.memory.settled.put((talk.caller.agent, task_id), view)
    return view


async def update(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """Input for a task; those of the gate's own want none from their client.

    Raises:
        RpcError: as `get`.
    """
    task_id = text_of(params, "taskId")
    owned = talk.memory.owners.find(talk.scope, task_id)
    if owned is not None:
        return await _forward(talk, flight, owned, "tasks/update", params)
    await _own(talk, flight, task_id)
    return {"resultType": "complete"}


async def cancel(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """Withdraw a held call, or pass the wish on to the upstream whose task it is.

    Raises:
        RpcError: as `get`.
    """
    task_id = text_of(params, "taskId")
    owned = talk.memory.owners.find(talk.scope, task_id)
    if owned is not None:
        return await _forward(talk, flight, owned, "tasks/cancel", params)
    request = await _own(talk, flight, task_id)
    if request.status in (RequestStatus.PENDING, RequestStatus.APPROVED) and not request.consumed:
        await talk.gate.cancel(request, "cancelled_by_client")
    return {"resultType": "complete"}


async def result(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """The handshake era's way to wait for a task of an upstream.

    Raises:
        RpcError: as `get`.
    """
    task_id = text_of(params, "taskId")
    owned = talk.memory.owners.find(talk.scope, task_id)
    if owned is None:
        raise _unknown()
    link = await talk.links.get(owned.upstream)
    with talk.relay.under_way(owned.upstream, flight):
        answer = await ask(talk, flight, link, "tasks/result", {**params, "taskId": owned.id})
    return await inspected(talk, owned.job, answer)


async def list_tasks(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """Tasks of upstreams that this client was given; one page, for others' are left out."""
    tasks: list[JsonObject] = []
    for link in having(await all_up(talk.gate, talk.links), "tasks"):
        page = await ask(talk, flight, link, "tasks/list", {})
        for task in page.get("tasks") or ():
            if isinstance(task, dict) and isinstance(task.get("taskId"), str):
                public = talk.memory.owners.public(talk.scope, link.upstream, task["taskId"])
                if public is not None:
                    tasks.append({**task, "taskId": public})
    return {"tasks": tasks}


async def inspected(talk: Conversation, job: Job, result: JsonObject) -> JsonObject:
    """A task's result, past the output rules of the call that began it.

    Raises:
        RpcError: -32003, it is withheld.
    """
    gate = talk.gate
    received = receive(gate.loaded, gate.store, job, talk.caller, gate.clock.wall())
    bounds = gate.loaded.policy.decide(received.facts).constraints
    seen = await egress(
        gate.loaded, gate.scanner, job.method, result, call=received.call, constraints=bounds,
        schema=gate.catalog.output_schema(job.listed_name), counts=gate.found,
    )  # fmt: skip
    match seen:
        case Passed(out):
            gate.taint.delivered(received.call, gate.loaded.mappings, suspicious=False)
            return out
        case Changed(out, review):
            gate.taint.delivered(received.call, gate.loaded.mappings, suspicious="suspicious" in review)
            return out
        case Withheld(why, _):
            raise RpcError(REFUSED, f"The result is withheld: {why}")
        case _:
            assert_never(seen)


async def outward(talk: Conversation, upstream: str, task: JsonObject) -> JsonObject | None:
    """A task as an upstream tells it, under the client's id and past egress; None where it is not this client's."""
    public = talk.memory.owners.public(talk.scope, upstream, str(task.get("taskId")))
    owned = talk.memory.owners.find(talk.scope, public) if public is not None else None
    if owned is None:
        return None
    out = {**task, "taskId": public}
    if isinstance(task.get("result"), dict):
        out["result"] = await inspected(talk, owned.job, task["result"])
    return out


async def _forward(talk: Conversation, flight: Flight, owned: Owned, method: str, params: JsonObject) -> JsonObject:
    link = await talk.links.get(owned.upstream)
    answer = await ask(talk, flight, link, method, {**params, "taskId": owned.id})
    return answer if "taskId" not in answer else await outward(talk, owned.upstream, answer) or {}


async def _own(talk: Conversation, flight: Flight, task_id: str) -> Request:
    """The request behind a handle of the gate's own; another agent's is as unknown as one that never was.

    Raises:
        RpcError: -32602.
    """
    request = await talk.gate.store.request(task_id) if flight.envelope is not None else None
    if request is None or request.call.agent != talk.caller.agent:
        raise _unknown()
    return request


async def _look(talk: Conversation, flight: Flight, request: Request) -> tuple[str, JsonObject]:
    """Make the same call again, which joins the request or collects its outcome, unless that was done before."""
    if request.status is RequestStatus.CANCELLED:
        return "cancelled", {}
    state = (await talk.gate.store.call(request.call.id) or {}).get("state")
    ended = request.consumed and request.status is not RequestStatus.APPROVED
    if ended or state == CallState.DELIVERED.value:
        return "failed", {"error": RpcError(REFUSED, TOLD).as_json()}
    call = request.call
    flight.polled = True
    meta = {META_CONFIDENCE: call.claims[META_CONFIDENCE]} if META_CONFIDENCE in call.claims else {}
    claims = {name: value for name, value in call.claims.items() if name != META_CONFIDENCE}
    job = Job(
        upstream=call.upstream, method=call.method, tool=call.tool, listed_name=call.listed_name,
        arguments={**call.arguments, **claims}, meta=meta, tool_hash=call.tool_hash,
    )  # fmt: skip
    sending = Sending(talk, flight, job, lambda approved: {"name": call.tool, "arguments": approved})
    outcome = await talk.gate.perform(job, talk.caller, flight, sending)
    return _standing(talk, flight, job, outcome)


def _standing(talk: Conversation, flight: Flight, job: Job, outcome: Outcome) -> tuple[str, JsonObject]:
    match outcome:
        case NextLeg() | Refused(status=Status.PENDING):
            return "working", {}
        case Delivered(result):
            return "completed", {"result": delivered(talk, flight, job, result, held=True)}
        case UpstreamError(error):
            return "failed", {"error": error}
        case Refused():
            return "completed", {"result": refused(flight, outcome)}
        case _:
            assert_never(outcome)


def _unknown() -> RpcError:
    return RpcError(INVALID_PARAMS, "Unknown task")
