"""Takes one request of a client through the path of a call, and turns the outcome into its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.evidence.hashes import tool_hash
from mcp_gate.gate import words
from mcp_gate.gate.flight import Flight
from mcp_gate.gate.handles import handle
from mcp_gate.gate.job import Job
from mcp_gate.gate.protocol import forwarded_meta, protocols_own
from mcp_gate.gate.refresh import before_the_call, defined_now
from mcp_gate.gate.state import State
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.outcome import Delivered, NextLeg, Outcome, Refused, UpstreamError
from mcp_gate.upstream.link import Link, answer_to
from mcp_gate.upstream.listing import named
from mcp_gate.wire.errors import INTERNAL_ERROR, REFUSED, RpcError
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation

MOST_PAGES: Final = 64
TOOLS_OWN: Final = frozenset({"tools/call", "tasks/get", "tasks/result", "subscriptions/listen"})
"""Methods that are answered with a tool's result, which can itself say that nothing was run."""

UNFINISHED: Final = ("input_required", "task")
"""Results of the stateless era that are not the last word."""
WITHHELD: Final = "The upstream's answer is withheld"

Params = Callable[[JsonObject], JsonObject]
"""From approved arguments to the upstream's params, without `_meta`."""


async def carry(talk: Conversation, flight: Flight, job: Job, params: JsonObject, build: Params) -> JsonObject:
    """Have a request decided, held, sent and inspected.

    Args:
        params: as the client sent them; only what brings a call back (`requestState`, `inputResponses`) is read.
        build: what is sent, made from the arguments as approved and from nothing else that was not judged.

    Raises:
        RpcError: the upstream's own error; -32003, refused where no tool result can say so; -32602.
    """
    state = talk.memory.states.read(params, job, talk.caller) if flight.modern else State()
    flight.leg = state.leg
    job = replace(job, continuation=state.continuation, brought=state.upstream)
    sending = Sending(talk, flight, job, build)
    if state.continuation is not None and not await sending.same_tool():
        job = replace(job, withheld=True)
    outcome = await talk.gate.perform(job, talk.caller, flight, sending)
    return answer(talk, flight, job, outcome, sending, state)


def answer(
    talk: Conversation, flight: Flight, job: Job, outcome: Outcome, sending: Sending, state: State
) -> JsonObject:
    """The result for an outcome.

    Raises:
        RpcError: see `carry`.
    """
    match outcome:
        case Delivered():
            return delivered(talk, flight, job, outcome, held=sending.held)
        case UpstreamError(error):
            raise RpcError.of(error)
        case Refused():
            return refused(flight, outcome)
        case NextLeg(request_id, round, opened_ts):
            if flight.tasks:
                now = rfc3339(talk.gate.clock.wall())
                return {**handle(request_id, "working", opened_ts, now), "resultType": "task"}
            sealed = talk.memory.states.leg(job, talk.caller, request_id, round, state.upstream)
            return {"resultType": "input_required", "requestState": sealed}
        case _:
            assert_never(outcome)


def delivered(talk: Conversation, flight: Flight, job: Job, outcome: Delivered, *, held: bool) -> JsonObject:
    """The upstream's own result: a task's id is remembered as this client's, and a question on an approved call
    keeps the approval.

    Raises:
        RpcError: -32603, it means nothing in this client's protocol.
    """
    result, ran = outcome.result, outcome.ran
    if flight.envelope is None:
        if result.get("resultType") in UNFINISHED:  # to a client of the handshake era it would be an empty result
            raise RpcError(INTERNAL_ERROR, "The upstream's answer needs a newer protocol than this client speaks")
        task = result.get("task")
        if ran is not None and isinstance(task, dict) and isinstance(task.get("taskId"), str):
            public = talk.memory.owners.keep(talk.scope, job.upstream, task["taskId"], ran)
            return {**result, "task": {**task, "taskId": public}}
        return result
    kind = result.get("resultType", "complete")
    if ran is not None and kind == "task" and isinstance(result.get("taskId"), str):
        if not flight.tasks:
            raise RpcError(INTERNAL_ERROR, "The upstream answered with a task that was not asked for")
        public = talk.memory.owners.keep(talk.scope, job.upstream, result["taskId"], ran)
        return {**result, "taskId": public}
    if kind == "input_required" and held and ran is not None and ran.held is None:
        # What a reviewer changed does not go on by itself: its client would go on with what it had asked for.
        return talk.memory.states.approved(job, talk.caller, result, ran.verdict)
    return result if "resultType" in result else {**result, "resultType": kind}


def refused(flight: Flight, refusal: Refused) -> JsonObject:
    """What is told of a call that did not run, or whose result is withheld (contract 6).

    Raises:
        RpcError: -32003, the method's result has no place for it.
    """
    if flight.method not in TOOLS_OWN:
        raise RpcError(REFUSED, refusal.text, refusal.verdict())
    result = words.as_result(refusal)
    if flight.envelope is not None:
        result["resultType"] = "complete"
    return result


class Sending:
    """Implements `gate.job.Sender`: one request upstream, on the connection that belongs to this client."""

    def __init__(self, talk: Conversation, flight: Flight, job: Job, build: Params) -> None:
        self._talk = talk
        self._flight = flight
        self._job = job
        self._build = build
        self._lost: Lost | None = None
        self.held = False
        """Whether the path asked for the definition: it does so for approved calls alone."""

    async def definition(self) -> str:
        self.held, self._lost = True, None
        return await self._defined()

    async def same_tool(self) -> bool:
        """Whether what goes on has the tool that was approved. Where nobody can tell, it is decided and recorded like
        any other call, and is not sent."""
        try:
            return await self._defined() == self._job.tool_hash
        except Lost as lost:
            self._lost = lost
            return True

    async def _defined(self) -> str:
        job = self._job
        if job.method not in ("tools/call", "prompts/get"):
            return job.tool_hash
        link = await self._talk.links.get(job.upstream)
        with before_the_call():
            if job.method == "tools/call":
                return await defined_now(self._talk.gate, link, job)
            return await self._prompt(link)

    async def _prompt(self, link: Link) -> str:
        meta, cursor = forwarded_meta(self._flight.meta), None
        for _ in range(MOST_PAGES):
            params = {"_meta": meta} if cursor is None else {"_meta": meta, "cursor": cursor}
            page = await request(link, "prompts/list", params, self._flight)
            found = named(page.get("prompts") or [], self._job.tool)
            if found is not None:
                return tool_hash(found)
            cursor = page.get("nextCursor")
            if not isinstance(cursor, str):
                break
        return ""

    async def __call__(self, arguments: JsonObject, limit: int | None) -> JsonObject:
        talk, flight, job = self._talk, self._flight, self._job
        if self._lost is not None:
            raise self._lost
        with talk.sending():
            link = await talk.links.get(job.upstream)
            out = self._build(arguments) | ({} if self.held else job.brought)  # its upstream asks again
            if self.held and "task" in out:
                out["task"] = _time_to_live(out["task"])
            with talk.relay.under_way(job.upstream, flight) as token:
                meta = talk.gate.tracing.onward(self._meta())
                if token is not None:
                    meta["progressToken"] = token
                if meta:
                    out["_meta"] = meta
                began = asyncio.get_running_loop().time()
                try:
                    result = await request(link, job.method, out, flight, limit)
                except RpcError:
                    await talk.relay.settled(job.upstream)
                    raise
                await talk.relay.settled(job.upstream)
        left = None if limit is None else began + limit - asyncio.get_running_loop().time()
        talk.memory.overdue.watch(link, result, talk.caller.agent, left)
        return result

    def _meta(self) -> JsonObject:
        """What goes along beside the arguments. Of an approved call that is nothing a reviewer did not see: a server
        may heed members of `_meta` as it does arguments."""
        meta = forwarded_meta(self._flight.meta)
        if not self.held and self._job.continuation is None:
            return meta
        own = protocols_own(meta)
        note_stripped(
            self._talk, self._job.upstream, self._job.tool, [f"_meta.{key}" for key in meta if key not in own]
        )
        return own


def _time_to_live(task: Json) -> JsonObject:
    """How long the result of a task is kept: all that a client may say of one that no reviewer sees."""
    given = task.get("ttl") if isinstance(task, dict) else None
    return {"ttl": given} if type(given) in (int, float) else {}


def note_stripped(talk: Conversation, upstream: str, tool: str, stripped: list[str]) -> None:
    """What looks like authority has none, and what no reviewer saw is not sent; that somebody tried is recorded."""
    if stripped:
        fields: JsonObject = {
            "agent": talk.caller.agent, "upstream": upstream, "tool": tool,
            "policy_snapshot": talk.gate.loaded.snapshot.id,
        }  # fmt: skip
        names = [name[:128] for name in stripped[:16]]
        talk.gate.note(Event("security.members_stripped", fields, {"names": names, "count": len(stripped)}))


async def request(
    link: Link, method: str, params: JsonObject | None, flight: Flight, limit: int | None = None
) -> JsonObject:
    """Send a request; cancelling it here cancels it there, with the client's own reason.

    Raises:
        TimeoutError: it took more than `limit` seconds, and was ended there.
        RpcError, Lost: see `Link`.
    """
    return await answer_to(link, method, params, limit, lambda: flight.reason)


async def ask(talk: Conversation, flight: Flight, link: Link, method: str, params: JsonObject) -> JsonObject:
    """A request that is not a call: sent with the client's own `_meta`, answer and error let out by the one door.

    Raises:
        RpcError, Lost: see `Link`; -32003, nothing of the answer may leave, and an empty one would be no answer.
    """
    try:
        result = await raw(talk, flight, link, method, params)
    except RpcError as e:
        raise RpcError.of(await talk.gate.egress(method, e.as_json()) or {}) from None
    out = await talk.gate.egress(method, result)
    if out is None:
        raise RpcError(REFUSED, WITHHELD)
    return out


async def raw(talk: Conversation, flight: Flight, link: Link, method: str, params: JsonObject) -> JsonObject:
    """A request that is not a call, and its answer as it came: it does not leave unless it is looked at.

    Raises:
        RpcError, Lost: see `Link`; the error is the upstream's own.
    """
    params = {k: v for k, v in params.items() if k != "_meta"}
    meta = forwarded_meta(flight.meta)
    if meta:
        params["_meta"] = meta
    try:
        with talk.sending():
            result = await request(link, method, params or None, flight)
    except RpcError:
        await talk.relay.settled(link.upstream)
        raise
    await talk.relay.settled(link.upstream)
    return result
