"""How a dispatched call ended gets on the record, and what of it is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.gate import events
from mcp_gate.gate.aside import aside, large
from mcp_gate.gate.events import ended, request_event
from mcp_gate.gate.marks import without_gate_meta
from mcp_gate.lang import strictjson
from mcp_gate.lang.canonical import bytes_digest
from mcp_gate.model.call import Call
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import Form
from mcp_gate.model.request import CallState, Request

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate
    from mcp_gate.gate.quarantine import Quarantine

log = logging.getLogger(__name__)

KEEP_SEC: Final = 2.0
"""How long a client waits for its withheld result to be stored before it is told that the result is lost."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the upstream said in the end."""

    form: Form
    payload: JsonObject

    @property
    def failure(self) -> bool:
        """Whether it says that the call failed, whatever the gate makes of it."""
        return self.form is Form.ERROR or self.payload.get("isError") is True

    def ended(self, common: JsonObject) -> Event:
        """The record of it."""
        match self.form:
            case Form.RESULT:
                return ended("call.executed", common, {"is_error": self.failure})
            case Form.ERROR:
                code = self.payload.get("code")
                return ended("call.failed", common, {"sent": True, "error": "upstream_error", "code": code})
            case _:
                assert_never(self.form)


class Ending:
    """Writes how a dispatched call ended: waited for when a person approved it, or it is a step of a workflow; riding
    along otherwise.

    An allowed call's outcome is durable within 20 ms of its answer; a crash in between leaves it `unknown`, which is
    the honest word. An approved call's answer waits for the record, for its result can be collected later.
    """

    def __init__(self, gate: Gate, call: Call, common: JsonObject, *, kept: bool) -> None:
        self.gate = gate
        self._kept = kept
        self.call = call
        self.common = common
        self.sample: Request | None = None
        """The request for a look at the call, if it was selected: once it is executed, or sent behind broken glass."""
        self.written = False
        """Whether its end is on its way to the record."""
        self.unheard = False
        """Whether its client went away before it could be told."""

    async def answered(self, answer: Answer, reviewed: list[Event]) -> None:
        """Record what leaves; it is kept for an approved call's client to collect."""
        body = digest = None
        if self._kept:
            body, digest = await aside(large(answer.payload), _as_kept, answer.payload)
        written = [answer.ended(self.common), *reviewed]
        match answer.form:
            case Form.RESULT:
                if digest is not None:
                    written[0].data["result_sha256"] = digest
                elif not self.unheard:  # in the same breath; an approved one says so when it is collected
                    written.append(ended("call.delivered", self.common, {}))
                await self._ran(CallState.EXECUTED, written, failure=answer.failure, result=body)
            case Form.ERROR:
                await self._failed(written, sent=True, body=body)
            case _:
                assert_never(answer.form)

    async def quarantined(self, answer: Answer, review: Event, request: Request) -> bool:
        """Keep an answer for a reviewer. False: it is not kept, for there are too many of its agent's, or it could not
        be sealed, or recorded in time."""
        opened = events.opened(self.common, request)
        written = [answer.ended(self.common), review, opened]
        quarantine = self.gate.quarantine
        sealed = None
        try:
            if await quarantine.has_room(self.call.agent):
                sealed = await quarantine.seal(self.call, without_gate_meta(answer.payload))
        except Exception:  # no memory, no files: it is withheld for good, and told so
            log.exception("a withheld result could not be kept")
        if sealed is None:
            await self._ran(
                CallState.QUARANTINED, written[:2], failure=answer.failure, result=None,
                done=answer.form is Form.RESULT,
            )  # fmt: skip
            return False
        done = asyncio.ensure_future(
            self._ran(
                CallState.QUARANTINED, written, failure=answer.failure, result=sealed, opening=[request],
                done=answer.form is Form.RESULT,
            )
        )  # fmt: skip
        done.add_done_callback(partial(_opened, quarantine, request))
        self.gate.later(done)
        await asyncio.wait((done,), timeout=KEEP_SEC)
        return _is_written(done)

    async def failed(self, kind: str, *, sent: bool) -> None:
        """Record that it came to nothing.

        Args:
            sent: whether the upstream may have seen it.
        """
        await self._failed([ended("call.failed", self.common, {"sent": sent, "error": kind})], sent=sent, body=None)

    async def _failed(self, written: list[Event], *, sent: bool, body: bytes | None) -> None:
        if sent and self.sample is not None:
            await self._ran(CallState.FAILED, written, failure=True, result=body)
        else:
            await self._waited(self._finish(CallState.FAILED, written, failure=True, sent=sent, result=body))

    async def unknown(self, cause: str) -> None:
        """Record that nobody can tell what became of it."""
        await self._ran(
            CallState.UNKNOWN, [ended("call.unknown", self.common, {"cause": cause})], failure=True, result=None
        )

    def abandoned(self) -> None:
        """The client cancelled what was already sent: whether it took effect is not known."""
        written = [ended("call.unknown", self.common, {"cause": "cancelled"})]
        if self.sample is None:
            self.gate.later(self.gate.store.finish(self.call, CallState.UNKNOWN, written, failure=True, lazy=True))
        else:
            self.gate.later(self._ran(CallState.UNKNOWN, written, failure=True, result=None))

    async def _ran(
        self, state: CallState, written: list[Event], *, failure: bool, result: bytes | None,
        opening: Sequence[Request] = (), done: bool = True,
    ) -> None:  # fmt: skip
        """It was executed, or may have been, so somebody may have to look at it."""
        sample = self.sample
        if sample is not None:
            data: JsonObject = {"why": sample.verdict["sampled"], "group": sample.group}
            written.append(request_event("sample.selected", self.common, sample.id, data))
            opening = (*opening, sample)
        ended = self._finish(state, written, failure=failure, result=result, opening=opening, done=done)
        if sample is not None:
            ended = self._announced(ended, sample)
        await self._waited(ended, kept=state is CallState.QUARANTINED)

    def _finish(
        self, state: CallState, written: list[Event], *, failure: bool, result: bytes | None, sent: bool = True,
        opening: Sequence[Request] = (), done: bool = True,
    ) -> Awaitable[None]:  # fmt: skip
        self.written = True
        return self.gate.store.finish(
            self.call, state, written, failure=failure, sent=sent, result=result, lazy=not self._kept,
            opening=opening, done=done,
        )  # fmt: skip

    async def _waited(self, done: Awaitable[None], *, kept: bool = False) -> None:
        if self._kept or kept:
            await done
        else:
            self.gate.later(done)

    async def _announced(self, done: Awaitable[None], sample: Request) -> None:
        await done
        self.gate.queue.announce("sample.selected", sample)


def _as_kept(payload: JsonObject) -> tuple[bytes, str]:
    """A payload as it is kept, and its digest."""
    body = strictjson.dumps(payload)
    return body, bytes_digest(body)


def _is_written(done: asyncio.Future[None]) -> bool:
    return done.done() and not done.cancelled() and done.exception() is None


def _opened(quarantine: Quarantine, request: Request, done: asyncio.Future[None]) -> None:
    """Whoever still waits for it."""
    if _is_written(done):
        quarantine.opened(request)
