"""A run of a workflow under way: the gate's own task, which a client's end neither stops nor repeats."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar, assert_never

from mcp_gate.flow.interpret import Act, Ask, Finished, Stuck, next_move, structured
from mcp_gate.gate import events, question, step, words
from mcp_gate.gate.execute import Superseded
from mcp_gate.gate.job import Exchange, Grant
from mcp_gate.gate.protocol import with_meta
from mcp_gate.lang import strictjson
from mcp_gate.lang.canonical import CanonicalError
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.outcome import Delivered, NextLeg, Outcome, Refused, Retry, Status, UpstreamError
from mcp_gate.model.request import CallState
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.workflow import Workflow
from mcp_gate.store.database import Unavailable
from mcp_gate.store.runs import Sent
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

AGAIN_SEC: Final = 1.0
"""How soon a step that could not be recorded is tried again: nothing of it was sent."""
META: Final = "dev.mcp-gate/workflow"

T = TypeVar("T")
End: TypeAlias = Outcome | Finished
"""How a run ends: finished, or by the outcome of the step that ended it."""


class Run:
    """Implements `gate.job.Exchange` for its steps: whoever waits for the run hears what they say."""

    modern: Final = False
    tasks: Final = False
    leg: Final = 0

    def __init__(self, gate: Gate, workflow: Workflow, call: Call, snapshot: str) -> None:
        """
        Args:
            call: of the run itself; it is on the record as `dispatched`.
            snapshot: the policy it began under.
        """
        self.call = call
        self.workflow = workflow
        self.result: JsonObject | None = None
        """What its client is told, once it has ended."""
        self._gate = gate
        self._snapshot = snapshot
        self._journal: dict[str, JsonObject] = {}
        self._watching: set[Exchange] = set()
        self.told_at = 0.0
        """When its clients last heard of it, on the loop's clock."""
        self._at = ""
        """The step it is at."""
        self._cancelled = False
        self.task = asyncio.create_task(self._run())

    # ---- for clients

    @contextmanager
    def watched(self, exchange: Exchange) -> Iterator[None]:
        """While a client waits for it."""
        self._watching.add(exchange)
        try:
            yield
        finally:
            self._watching.discard(exchange)

    @property
    def alone(self) -> bool:
        """Whether no client waits for it."""
        return not self._watching

    def heartbeat(self, text: str) -> bool:
        """A step waits for people; it has all the time there is."""
        self._say(text)
        return True

    def cancel(self) -> None:
        """Its client cancelled it."""
        self._cancelled = True
        self.task.cancel()

    # ---- the run

    async def _run(self) -> None:
        try:
            await self._end(await self._steps())
        except asyncio.CancelledError:
            if not self._cancelled:
                raise  # the gate ends; the next one goes on
            await self._withdraw()
        except Exception:
            log.exception("the run %s of %s failed", self.call.id, self.workflow.listed_name)
            await self._end(step.refusal(self.call, Status.FAILED, "The workflow failed", Retry.NEVER))

    async def _steps(self) -> End:
        self._journal = await self._patiently(self._gate.store.runs.journal, self.call.id)
        while True:
            if self._gate.stopped.is_set():
                await asyncio.Event().wait()  # the gate is ending, and with it this task
            now = self._gate.loaded.workflows.get(self.workflow.listed_name)
            if now is None or now.digest != self.workflow.digest:
                return step.refusal(self.call, Status.DENIED, "The workflow was changed", Retry.NEVER)
            seen = {id_: self._seen(entry) for id_, entry in self._journal.items()}
            move = next_move(self.workflow, self.call.arguments, seen)
            match move:
                case Finished():
                    return move
                case Stuck(at, why):
                    return step.refusal(self.call, Status.FAILED, f"Step '{at}': {why}", Retry.NEVER)
                case Act():
                    self._at = move.step.id
                    ended = await self._act(move)
                case Ask():
                    self._at = move.step.id
                    ended = await self._ask(move)
                case _:
                    assert_never(move)
            if ended is not None:
                return ended

    @staticmethod
    def _seen(entry: JsonObject) -> Json:
        return structured(entry["result"]) if "result" in entry else True

    async def _act(self, move: Act) -> Outcome | None:
        """Take an action; its outcome if that ends the run. What was sent before a restart is not sent again."""
        sent = await self._patiently(self._gate.store.runs.sent, self.call.id, move.step.id)
        if sent is not None:
            outcome = _recovered(self.call, sent)
        else:
            self._say(f"step '{move.step.id}'")
            grant = await self._grant(move)
            if isinstance(grant, Refused):
                return grant
            try:
                outcome = await step.act(self._gate, self.call, move, grant, self)
            except RpcError as e:
                return step.refusal(self.call, Status.FAILED, f"Step '{move.step.id}': {e.message}", Retry.NEVER)
        match outcome:
            case Delivered(result) if result.get("isError") is not True:
                await self._write(move.step.id, {"result": strictjson.unpacked(result)})  # later steps read it
                return None
            case Refused(status=Status.UNAVAILABLE):
                await asyncio.sleep(AGAIN_SEC)
                return None
            case Refused(status=Status.PENDING) | NextLeg():
                await asyncio.Event().wait()  # see `_steps`
                return None
            case _:
                return outcome

    async def _ask(self, move: Ask) -> Outcome | None:
        try:
            outcome = await question.ask(self._gate, self.call, self.workflow, move, self)
        except Unavailable:
            await asyncio.sleep(AGAIN_SEC)
            return None
        except (RpcError, CanonicalError) as e:
            return step.refusal(self.call, Status.FAILED, f"Step '{move.step.id}': {e}", Retry.NEVER)
        match outcome:
            case Superseded():
                return None
            case Delivered():
                found = await self._patiently(self._gate.store.runs.request, self.call.id, move.step.id, "approved")
                await self._write(move.step.id, {"request": found or ""})
                return None
            case Refused(status=Status.PENDING) | NextLeg():
                await asyncio.Event().wait()
                return None
            case _:
                return outcome

    async def _grant(self, move: Act) -> Grant | Refused | None:
        """What people said to the question before an action, proved again; refused where that proves nothing."""
        if move.approved_by is None:
            return None
        id_ = str(self._journal[move.approved_by].get("request", ""))
        request = await self._patiently(self._gate.store.requests.find, id_)
        why = question.unproved(self._gate, self.call, request)
        if request is None or why:
            text = f"Step '{move.approved_by}' proves nothing: {why}"
            return step.refusal(self.call, Status.DENIED, text, Retry.NEVER)
        try:
            tool = await step.tool_of(self._gate, move.step, listed_now=True)
        except Lost:
            return None  # it will be told of
        shown = request.call.arguments.get("then")
        as_now = {"tool": tool.listed_name, "arguments": move.arguments, "tool_hash": tool.tool_hash}
        return question.grant_of(request) if shown == as_now else None

    # ---- how it ends

    async def _end(self, end: End) -> None:
        failed = not isinstance(end, Finished)
        self.result = self._finished(end.last) if isinstance(end, Finished) else self._told(end)
        state = CallState.FAILED if failed else CallState.EXECUTED
        data: JsonObject = {"sent": True, "error": _word(end)} if failed else {"is_error": False}
        common = events.members(self.call, self._snapshot)
        written = [events.ended("call.failed" if failed else "call.executed", common, data)]
        await self._patiently(self._finish, state, written, strictjson.dumps(self.result))
        await self._patiently(self._gate.store.runs.over, self.call.id)

    async def _finish(self, state: CallState, written: list[Event], result: bytes) -> None:
        await self._gate.store.finish(self.call, state, written, sent=False, result=result)

    async def _withdraw(self) -> None:
        """Its client cancelled it: what waits for people ends with it."""
        pending = await self._patiently(self._gate.store.runs.request, self.call.id, "", "pending")
        request = await self._patiently(self._gate.store.requests.find, pending) if pending else None
        if request is not None:
            await self._gate.queue.cancel(request, "client_cancelled")
        await self._end(step.refusal(self.call, Status.FAILED, "The workflow was cancelled", Retry.NEVER))

    def _finished(self, last: str | None) -> JsonObject:
        """The result of the last action, as it is."""
        ran: JsonObject = {"run": self.call.id, "steps": list(self._journal)}
        if last is None:
            text = f"The workflow {self.workflow.name} is done."
            return {"content": [{"type": "text", "text": text}], "isError": False, "_meta": {META: ran}}
        return with_meta(self._journal[last]["result"], META, ran)

    def _told(self, outcome: Outcome) -> JsonObject:
        ran: JsonObject = {"run": self.call.id, "steps": list(self._journal), "ended_at": self._at}
        match outcome:
            case Refused():
                refused = outcome if outcome.policy_snapshot else replace(outcome, policy_snapshot=self._snapshot)
                at = f", step '{self._at}'" if self._at and f"'{self._at}'" not in refused.text else ""
                refused = replace(refused, text=f"{self.workflow.name}{at}: {refused.text}")
                return with_meta(words.as_result(refused), META, ran)
            case Delivered(result):
                return with_meta(result, META, ran)
            case UpstreamError(error):
                why = f"the tool of a step answered with an error: {error.get('message', '')}"
                return self._told(step.refusal(self.call, Status.FAILED, why, Retry.NEVER, sent=True))
            case NextLeg():
                raise AssertionError("a step has no legs")
            case _:
                assert_never(outcome)

    # ---- parts

    def _say(self, text: str) -> None:
        self.told_at = asyncio.get_running_loop().time()
        for exchange in self._watching:
            exchange.heartbeat(f"{self.workflow.listed_name}: {text}")

    async def _write(self, id_: str, entry: JsonObject) -> None:
        await self._patiently(self._gate.store.runs.done, self.call.id, id_, entry)
        self._journal[id_] = entry

    async def _patiently(self, do: Callable[..., Awaitable[T]], *args: object) -> T:
        """Until the store can."""
        while True:
            try:
                return await do(*args)
            except Unavailable as e:
                log.error("the run %s has to wait: %s", self.call.id, e)
                await asyncio.sleep(AGAIN_SEC)


def _word(end: Outcome | Finished) -> str:
    return end.status.value if isinstance(end, Refused) else "step_failed"


def _recovered(run: Call, sent: Sent) -> Outcome:
    """The outcome of a step that an earlier process sent. What is not known stays unknown, and is never sent again."""
    verdict = Verdict.undecided(sent.snapshot)
    body = None if sent.result is None else strictjson.parse_upstream(sent.result)
    match sent.state:
        case CallState.EXECUTED if body is not None:
            return Delivered(body)
        case CallState.FAILED if body is not None:
            return UpstreamError(body)
        case CallState.FAILED:
            return step.refusal(run, Status.FAILED, "A step failed", Retry.NEVER, sent=True)
        case CallState.QUARANTINED:
            return words.quarantined(verdict, sent.call.id, "a reviewer has to look at it")
        case _:
            return words.unknown(verdict, sent.call.id)
