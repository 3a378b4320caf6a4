"""Tasks: handles of the gate's own for held calls (SEP-2663), and those that upstreams give out, each known to the one
client that was given it. A task's result is looked at as the result of the call that began it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.gate import late, words
from mcp_gate.gate.carry import WITHHELD, Sending, ask, delivered, raw, refused
from mcp_gate.gate.flight import Flight
from mcp_gate.gate.handles import TOLD, handle
from mcp_gate.gate.job import Job
from mcp_gate.gate.links import all_up
from mcp_gate.gate.owners import Owned
from mcp_gate.gate.protocol import text_of, with_meta
from mcp_gate.gate.receive import META_CONFIDENCE, forbidden
from mcp_gate.gate.surfaces import workflows
from mcp_gate.gate.surfaces.lists import having
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.foreign import Json, JsonObject, Packed
from mcp_gate.model.outcome import Delivered, NextLeg, Outcome, Refused, Retry, Status, UpstreamError
from mcp_gate.model.output import Form
from mcp_gate.model.request import CallState, Request, RequestStatus
from mcp_gate.signals.recorded import description_of, facts_of
from mcp_gate.wire.errors import INVALID_PARAMS, REFUSED, RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation

RELATED: Final = "io.modelcontextprotocol/related-task"
ENDED: Final = (("result", Form.RESULT), ("error", Form.ERROR))
"""Members of a task that say what it came to."""


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
        talk.gate.taint.told_too(told[0], talk.caller.session)
        return told[1]
    run = await workflows.task(talk, flight, task_id)
    view, final = await _standing(talk, flight, task_id) if run is None else (run, run["status"] != "working")
    view = {**view, "resultType": "complete"}
    if final:
        talk.memory.settled.put((talk.caller.agent, task_id), (talk.caller.session, view))
    return view


async def _standing(talk: Conversation, flight: Flight, task_id: str) -> tuple[JsonObject, bool]:
    """How a task of the gate's own stands, and whether that is all there will ever be."""
    request = await _own(talk, flight, task_id)
    status, more, final = await _look(talk, flight, request)
    now = rfc3339(talk.gate.clock.wall())
    return {**handle(task_id, status, request.opened_ts, now), **more}, final


async def update(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """Input for a task; those of the gate's own want none from their client.

    Raises:
        RpcError: as `get`; -32003, it may not go to the upstream.
    """
    task_id = text_of(params, "taskId")
    owned = talk.memory.owners.find(talk.scope, task_id)
    if owned is not None:
        _may_go_on(talk, owned, params)
        return await _forward(talk, flight, owned, "tasks/update", params)
    if await workflows.run_of(talk, flight, task_id) is None:
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
    if await workflows.run_of(talk, flight, task_id) is not None:
        withdrawn = await workflows.withdraw(talk, task_id)
        if withdrawn is not None:
            view = {**withdrawn, "resultType": "complete"}
            talk.memory.settled.put((talk.caller.agent, task_id), (talk.caller.session, view))
        return {"resultType": "complete"}
    request = await _own(talk, flight, task_id)
    if request.status in (RequestStatus.PENDING, RequestStatus.APPROVED) and not request.consumed:
        await talk.gate.queue.cancel(request, "cancelled_by_client")
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
    told = await late.again(talk.gate, owned.ran)
    if told is None:
        link = await talk.links.get(owned.upstream)
        with talk.relay.under_way(owned.upstream, flight):
            try:
                answer = await raw(talk, flight, link, "tasks/result", {**params, "taskId": owned.id})
                form = Form.RESULT
            except RpcError as e:
                answer, form = e.as_json(), Form.ERROR
        told = await late.told(talk.gate, owned.ran, answer, form)
    return _related(_answer(flight, told), task_id, always=isinstance(told, Refused))


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


async def outward(talk: Conversation, flight: Flight, upstream: str, task: JsonObject) -> JsonObject | None:
    """A task as an upstream tells it, under the client's id and past egress; None where it is not this client's, or
    nothing of it may leave."""
    public = talk.memory.owners.public(talk.scope, upstream, str(task.get("taskId")))
    owned = talk.memory.owners.find(talk.scope, public) if public is not None else None
    if owned is None:
        return None
    came_to = [(form, task[name]) for name, form in ENDED if isinstance(task.get(name), dict | Packed)]
    # The id was looked at in the result that told it first: whoever lets that out lets it be asked for.
    shown = {name: value for name, value in task.items() if name not in ("taskId", "result", "error")}
    out = await talk.gate.egress("tasks/get", shown)
    if out is None:
        return None
    out = {"taskId": public, **out}
    if not came_to:
        return out
    form, payload = came_to[0][0], await _opened(talk, came_to[0][1])
    if not isinstance(payload, dict):
        return out
    told = await late.again(talk.gate, owned.ran) or await late.told(talk.gate, owned.ran, payload, form)
    _handed_on(talk, owned)
    return {**out, **_ended(flight, told)}


async def _forward(talk: Conversation, flight: Flight, owned: Owned, method: str, params: JsonObject) -> JsonObject:
    if method == "tasks/get" and (told := await late.again(talk.gate, owned.ran)) is not None:
        now = rfc3339(talk.gate.clock.wall())  # its upstream need not know it any more
        view = handle(text_of(params, "taskId"), "", owned.ran.call.ts, now)
        _handed_on(talk, owned)
        return {**view, **_ended(flight, told), "resultType": "complete"}
    link = await talk.links.get(owned.upstream)
    try:
        answer = await raw(talk, flight, link, method, {**params, "taskId": owned.id})
    except RpcError as e:
        raise RpcError.of(await talk.gate.egress(method, e.as_json()) or {}) from None
    if "taskId" in answer:
        out = await outward(talk, flight, owned.upstream, answer)
    else:
        out = await talk.gate.egress(method, {k: v for k, v in answer.items() if k not in ("result", "error")})
    if out is None:
        raise RpcError(REFUSED, WITHHELD)
    return out


def _may_go_on(talk: Conversation, owned: Owned, params: JsonObject) -> None:
    """What binds the call binds what is said to its task: an agent that is stopped says nothing more.

    Raises:
        RpcError: -32003, it does not.
    """
    call, verdict = owned.ran.call, owned.ran.verdict
    if talk.gate.store.agents.stopped(call.agent):
        refused = words.stopped(verdict, call.id)
        raise RpcError(REFUSED, refused.text, refused.verdict())
    said = facts_of(call, description_of(call))
    answers = {"arguments": call.arguments, "answers": params.get("inputResponses")}
    over = forbidden(verdict.constraints, replace(said, arguments=answers), call.id)
    if over:
        raise RpcError(REFUSED, f"A constraint on the call forbids this input: {over}")


async def _opened(talk: Conversation, came_to: JsonObject | Packed) -> Json:
    """What a task came to, its own bulk packed where it is large."""
    return await talk.gate.kept(b"".join(came_to.parts)) if isinstance(came_to, Packed) else came_to


def _handed_on(talk: Conversation, owned: Owned) -> None:
    """The session that is told what a task came to need not be the one that began it."""
    talk.gate.taint.handed_on(owned.ran.call, talk.caller.session, talk.gate.loaded.mappings)


def _ended(flight: Flight, told: Outcome) -> JsonObject:
    """Members of a task that has ended."""
    match told:
        case Delivered(result):
            return {"status": "completed", "result": result}
        case UpstreamError(error):
            return {"status": "failed", "error": error}
        case Refused():
            return {"status": "completed", "result": refused(flight, told)}
        case NextLeg():
            raise AssertionError("what has ended has no legs")
        case _:
            assert_never(told)


def _answer(flight: Flight, told: Outcome) -> JsonObject:
    """
    Raises:
        RpcError: it ended with one.
    """
    match told:
        case Delivered(result):
            return result
        case UpstreamError(error):
            raise RpcError.of(error)
        case Refused():
            return refused(flight, told)
        case NextLeg():
            raise AssertionError("what has ended has no legs")
        case _:
            assert_never(told)


def _related(result: JsonObject, public: str, *, always: bool) -> JsonObject:
    """The result with the id under which its client knows the task, where it says which task it is of.

    Args:
        always: whether it has to.
    """
    meta = result.get("_meta")
    if not always and not (isinstance(meta, dict) and RELATED in meta):
        return result
    return with_meta(result, RELATED, {"taskId": public})


async def _own(talk: Conversation, flight: Flight, task_id: str) -> Request:
    """The request behind a handle of the gate's own; another agent's is as unknown as one that never was.

    Raises:
        RpcError: -32602.
    """
    request = await talk.gate.store.requests.find(task_id) if flight.envelope is not None else None
    if request is None or request.call.agent != talk.caller.agent:
        raise _unknown()
    return request


async def _look(talk: Conversation, flight: Flight, request: Request) -> tuple[str, JsonObject, bool]:
    """Make the same call again, which joins the request or collects its outcome, unless that was done before: how it
    stands, what of it is told, and whether that is all there will ever be."""
    if request.status is RequestStatus.CANCELLED:
        return "cancelled", {}, True
    state = (await talk.gate.store.call(request.call.id) or {}).get("state")
    ended = request.consumed and request.status is not RequestStatus.APPROVED
    if ended or state == CallState.DELIVERED.value:
        return "failed", {"error": TOLD}, True
    call = request.asked_call
    flight.polled = True
    meta = {META_CONFIDENCE: call.claims[META_CONFIDENCE]} if META_CONFIDENCE in call.claims else {}
    claims = {name: value for name, value in call.claims.items() if name != META_CONFIDENCE}
    job = Job(
        upstream=call.upstream, method=call.method, tool=call.tool, listed_name=call.listed_name,
        arguments={**call.arguments, **claims}, meta=meta, tool_hash=call.tool_hash,
    )  # fmt: skip
    sending = Sending(talk, flight, job, lambda approved: {"name": call.tool, "arguments": approved})
    outcome = await talk.gate.perform(job, talk.caller, flight, sending)
    return _came_to(talk, flight, job, outcome)


def _came_to(talk: Conversation, flight: Flight, job: Job, outcome: Outcome) -> tuple[str, JsonObject, bool]:
    match outcome:
        case NextLeg() | Refused(status=Status.PENDING):
            return "working", {}, False
        case Delivered():
            return "completed", {"result": delivered(talk, flight, job, outcome, held=True)}, True
        case UpstreamError(error):
            return "failed", {"error": error}, True
        case Refused():  # of a withheld result there is more to be told
            final = outcome.status is not Status.QUARANTINED or outcome.retry is Retry.NEVER
            return "completed", {"result": refused(flight, outcome)}, final
        case _:
            assert_never(outcome)


def _unknown() -> RpcError:
    return RpcError(INVALID_PARAMS, "Unknown task")
