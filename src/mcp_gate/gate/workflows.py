"""Workflows as tools: begun or joined by a call of one, gone on with after a restart."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from mcp_gate.evidence.hashes import job_hash
from mcp_gate.gate import clock, events, step
from mcp_gate.gate.job import Caller
from mcp_gate.gate.receive import META_CONFIDENCE, acquaint, within_limits
from mcp_gate.gate.run import Run
from mcp_gate.gate.words import as_result
from mcp_gate.lang import strictjson
from mcp_gate.lang.canonical import CanonicalError, bytes_digest
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import OWN, Call
from mcp_gate.model.decision import Decision
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Retry, Status
from mcp_gate.model.request import CallState
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.workflow import Workflow
from mcp_gate.store.database import Outdated, Unavailable
from mcp_gate.store.runs import RUN
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)


class Workflows:
    """The runs of one gate, by agent and digest of workflow and arguments."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._runs: dict[tuple[str, str], Run] = {}
        self._turn = asyncio.Lock()

    async def begin(
        self, workflow: Workflow, arguments: JsonObject, meta: JsonObject, caller: Caller
    ) -> Run | JsonObject:
        """The run of a workflow with these arguments that is under way, or a new one; or at once what is told: the
        result of one that has ended and was not collected, or why none begins.

        Raises:
            RpcError: -32602, the arguments are too deep, too large or not canonical.
        """
        async with self._turn:  # the same call twice at once begins one run
            while True:
                call, sha256 = self._called(workflow, arguments, meta, caller)
                try:
                    return await self._begun(workflow, call, sha256, (call.agent, call.job_hash))
                except Outdated:
                    continue
                except Unavailable:
                    why, snapshot = "The gate could not record this call", self._gate.loaded.snapshot.id
                    return as_result(step.refusal(call, Status.UNAVAILABLE, why, Retry.LATER, snapshot=snapshot))

    async def _begun(self, workflow: Workflow, call: Call, sha256: str, key: tuple[str, str]) -> Run | JsonObject:
        gate = self._gate
        if key in self._runs:
            return self._runs[key]
        if gate.store.agents.stopped(call.agent):
            return await self._refuse(call, "This agent is stopped", Retry.NEVER, "stopped")
        ended = await gate.store.runs.uncollected(*key)
        if ended is not None:
            await self._collected(ended[0])
            gate.taint.told_too(ended[0].session, call.session)
            return _object(ended[1])
        if sum(agent == call.agent for agent, _ in self._runs) >= gate.loaded.settings.limits.pending_per_agent:
            return await self._refuse(call, "Too many runs are under way", Retry.LATER, "limits")
        await self._record(call, sha256)
        return self._start(workflow, call, gate.loaded.snapshot.id)

    def _called(self, workflow: Workflow, arguments: JsonObject, meta: JsonObject, caller: Caller) -> tuple[Call, str]:
        body = within_limits(arguments, self._gate.loaded)
        now = self._gate.clock.wall()
        digest, topic = f"sha256:{workflow.digest}", f"workflow.{workflow.name}"
        try:
            hashed = job_hash(
                agent=caller.agent, upstream=OWN, tool=workflow.name, tool_hash=digest, topic=topic, risk_tags=(),
                arguments=arguments,
            )  # fmt: skip
        except CanonicalError as e:
            raise RpcError(INVALID_PARAMS, f"Invalid params: {e}") from None
        call = Call(
            id=clock.call_id(now), ts=rfc3339(now), agent=caller.agent, session=caller.session, upstream=OWN,
            method=RUN, tool=workflow.name, listed_name=workflow.listed_name, topic=topic, risk_tags=(),
            arguments=arguments, attributes={}, tool_hash=digest, job_hash=hashed,
            claims={META_CONFIDENCE: meta[META_CONFIDENCE]} if META_CONFIDENCE in meta else {},
            signals={"level": self._gate.store.agents.level(caller.agent)},
        )  # fmt: skip
        return call, bytes_digest(body)

    async def _record(self, call: Call, sha256: str) -> None:
        """The run's own call: allowed, for every step of it is decided by itself.

        Raises:
            Unavailable, Outdated
        """
        gate, verdict = self._gate, self._verdict()
        common = events.members(call, verdict.policy_snapshot)
        written = [
            events.received(common, call), events.decided(common, verdict, call),
            events.dispatched(common, sha256, call.tool_hash),
        ]  # fmt: skip
        await acquaint(gate.store, call.agent)
        await gate.store.begin(call, verdict.as_json(), CallState.DISPATCHED, written, verdict.policy_snapshot)

    async def _refuse(self, call: Call, reason: str, retry: Retry, rule: str) -> JsonObject:
        """Record that no run begins; what the agent is told.

        Raises:
            Unavailable
        """
        gate, verdict = self._gate, self._verdict()
        common = events.members(call, verdict.policy_snapshot)
        decided = events.decided(common, verdict, call)
        decided.data["refused"] = {"rule_id": rule, "reason": reason}
        written = [events.received(common, call), decided]
        await acquaint(gate.store, call.agent)
        await gate.store.begin(call, verdict.as_json(), CallState.DENIED, written, verdict.policy_snapshot)
        snapshot = verdict.policy_snapshot
        return as_result(step.refusal(call, Status.DENIED, reason, retry, rule=rule, snapshot=snapshot))

    def _verdict(self) -> Verdict:
        snapshot = self._gate.loaded.snapshot.id
        return Verdict(Decision.ALLOW, ("workflow",), "Every step is decided by itself", snapshot)

    def _start(self, workflow: Workflow, call: Call, snapshot: str) -> Run:
        run = Run(self._gate, workflow, call, snapshot)
        key = (call.agent, call.job_hash)
        self._runs[key] = run
        run.task.add_done_callback(lambda _: self._runs.pop(key, None))
        return run

    def under_way(self, agent: str, run_id: str) -> Run | None:
        """A run that has not ended, by the id of its call."""
        found = (run for run in self._runs.values() if (run.call.agent, run.call.id) == (agent, run_id))
        return next((run for run in found if not run.task.done()), None)

    async def result(self, agent: str, job_hash: str, run_id: str) -> JsonObject | None:
        """What a run came to that has ended, which is collected by that; None: it was before.

        Raises:
            Unavailable
        """
        ended = await self._gate.store.runs.uncollected(agent, job_hash)
        if ended is None or ended[0].id != run_id:
            return None
        await self._collected(ended[0])
        return _object(ended[1])

    async def collected(self, run: Run) -> None:
        """Its client has its result: the same call is a new run from now on."""
        await self._collected(run.call)

    async def _collected(self, call: Call) -> None:
        event = events.ended("call.delivered", events.members(call, self._gate.loaded.snapshot.id), {})
        try:
            await asyncio.shield(asyncio.ensure_future(self._gate.store.delivered(call.id, [event])))
        except Unavailable as e:
            log.error("that the result of the run %s was collected could not be recorded: %s", call.id, e)

    # ---- over restarts

    async def resume(self) -> None:
        """After a start: go on with runs that an earlier process began."""
        await self._gate.store.runs.tidy()
        for call, snapshot in await self._gate.store.runs.unfinished():
            found = self._gate.loaded.workflows.get(call.listed_name)
            workflow = found or Workflow(call.tool, {})  # gone: it says so itself
            if f"sha256:{workflow.digest}" != call.tool_hash:
                workflow = Workflow(call.tool, {}, digest=call.tool_hash.removeprefix("sha256:"))
            log.info("the run %s of %s goes on", call.id, call.listed_name)
            self._start(workflow, call, snapshot)

    async def close(self) -> None:
        """The gate ends; the next one goes on with what is under way."""
        tasks = [run.task for run in self._runs.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def _object(body: bytes) -> JsonObject:
    """What the gate kept itself."""
    found = strictjson.parse_upstream(body)
    assert isinstance(found, dict)
    return found
