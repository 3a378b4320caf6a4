"""Reads what an upstream answers over HTTP: one JSON body, or a stream of events that may break off and go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol, assert_never

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.http_wire import EVENTS, JSON, Broken, HttpAnswer, HttpWire
from mcp_gate.upstream.sse import SseEvent
from mcp_gate.wire.errors import UPSTREAM_UNREACHABLE, RpcError, Turned
from mcp_gate.wire.message import Answer, Failure, Malformed, Message, Notification, Request, RequestId
from mcp_gate.wire.opener import LARGE, Opener, opened, result_of
from mcp_gate.wire.peer import Lost

DEPTH: Final = 200
RETRY_SEC: Final = 1.0
MOST_RETRY_SEC: Final = 30.0
MOST_ATTEMPTS: Final = 5
"""In a row without anything new, before a stream that broke off is given up."""
MOST_GARBAGE: Final = 100
"""Events of one stream that are not messages, before it is given up."""
TAIL_SEC: Final = 2.0
"""How long the end of a stream is waited for after its answer, so that the connection can be used again."""


class HttpTicket:
    """A request under way in a task of its own."""

    __slots__ = ("future", "id", "method", "task")

    def __init__(self, id: int, method: str, future: asyncio.Future[JsonObject]) -> None:
        self.id: RequestId = id
        self.method = method
        self.future = future
        self.task: asyncio.Task[None] | None = None

    async def result(self) -> JsonObject:
        return result_of(self.method, await self.future)

    def succeed(self, result: JsonObject) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # whoever waits still sees it; nobody waiting is not an error


class Place:
    """How far a stream was read, and how long to wait before it is taken up again."""

    def __init__(self) -> None:
        self.id: str | None = None
        self._retry: float = RETRY_SEC

    def note(self, event: SseEvent) -> None:
        """Remember where the stream is and what the server asked for."""
        if event.id and event.id.isascii() and event.id.isprintable():
            self.id = event.id
        if event.retry_ms is not None:
            self._retry = min(event.retry_ms / 1000, MOST_RETRY_SEC)

    def wait(self, attempts: int) -> float:
        """Seconds: what the server asked for, longer after failures."""
        return self._retry if attempts == 0 else min(max(self._retry, 0.5) * 2**attempts, MOST_RETRY_SEC)


class Owner(Protocol):
    """The connection that a reader reads for."""

    def standing(self) -> dict[str, str]:
        """Headers of a request that carries no message."""
        ...

    def greeted(self, answer: HttpAnswer) -> None:
        """The headers of an answer, before its body."""
        ...

    def heard(self, method: str, params: JsonObject | None) -> None: ...

    def questioned(self, id: RequestId, method: str, params: JsonObject | None) -> None: ...

    def expired(self, answer: HttpAnswer) -> bool:
        """Whether an answer says that the session is over."""
        ...

    def over(self) -> None:
        """End the connection, because its session is over."""
        ...


class Reader:
    """Settles tickets from answers, and hands over what else is said on the way."""

    def __init__(self, wire: HttpWire, owner: Owner, opener: Opener | None = None) -> None:
        self._wire = wire
        self._opener = opener
        self._owner = owner
        self.dropped = 0
        """Events that were not messages, and answers to nothing that was asked."""

    async def take(self, ticket: HttpTicket, answer: HttpAnswer) -> None:
        """Read the answer to a request.

        Raises:
            Lost: it is none, or broke off and cannot be taken up again.
        """
        if answer.status == 200 and answer.type == EVENTS:
            self._owner.greeted(answer)
            await self._stream(ticket, answer)
        elif answer.status == 200 and answer.type == JSON:
            self._owner.greeted(answer)
            self._settle(ticket, await opened(self._opener, await answer.body(), DEPTH, self))
        else:
            await self._refused(ticket, answer)

    async def events(self, answer: HttpAnswer, place: Place) -> None:
        """Read a stream that answers nothing, to its end.

        Raises:
            Lost: it broke off, or holds what is not JSON-RPC.
        """
        garbage = 0

        async def take(event: SseEvent) -> None:
            nonlocal garbage
            place.note(event)
            garbage += bool(event.said) and not await self._message(event.said, None)
            _bear(garbage)

        await answer.events(take)

    # ---- one answer

    def _settle(self, ticket: HttpTicket, message: Message) -> None:
        match message:
            case Answer(id, result) if _same(id, ticket.id):
                ticket.succeed(result)
            case Failure(id, error) if _same(id, ticket.id):
                ticket.fail(error)
            case _:
                ticket.fail(Lost("the upstream's answer is not the answer to this request", sent=True))

    async def _refused(self, ticket: HttpTicket, answer: HttpAnswer) -> None:
        """Any other status. A JSON-RPC error in the body is the upstream's own word."""
        if self._owner.expired(answer):
            ticket.fail(Lost("the upstream does not know the session any more", sent=False))
            self._owner.over()
            return
        error = await self._error_in(answer)
        if error is None and 300 <= answer.status < 500:
            error = Turned(UPSTREAM_UNREACHABLE, f"the upstream refused the request: HTTP {answer.status}")
        ticket.fail(error or Lost(f"the upstream answered with HTTP {answer.status}", sent=True))

    async def _error_in(self, answer: HttpAnswer) -> RpcError | None:
        if answer.type != JSON:
            return None
        try:
            body = await answer.body()
            if self._opener is not None and sum(map(len, body)) > LARGE:  # then it has to be a whole message
                message = await opened(self._opener, body, DEPTH, self)
                return message.error if isinstance(message, Failure) else None
            value = strictjson.parse_upstream(b"".join(body), depth=DEPTH)
        except (Lost, strictjson.JsonError):
            return None
        error = value.get("error") if isinstance(value, dict) else None
        return RpcError.of(error) if isinstance(error, dict) else None

    # ---- a stream that answers

    async def _stream(self, ticket: HttpTicket, answer: HttpAnswer) -> None:
        """Where it breaks off and can be taken up again, it is."""
        place = Place()
        await self._until_answered(ticket, answer, place)
        attempts = 0
        while not ticket.future.done():
            if place.id is None or attempts >= MOST_ATTEMPTS:
                raise Lost("the upstream ended the stream without an answer", sent=True)
            await asyncio.sleep(place.wait(attempts))
            before = place.id
            await self._resume(ticket, place)
            attempts = attempts + 1 if place.id == before else 0

    async def _resume(self, ticket: HttpTicket, place: Place) -> None:
        written = {**self._owner.standing(), "last-event-id": place.id or ""}
        try:
            async with self._wire.send("GET", written, accept=EVENTS) as answer:
                if answer.status != 200 or answer.type != EVENTS:
                    raise Lost(f"the stream could not be taken up again: HTTP {answer.status}", sent=True)
                await self._until_answered(ticket, answer, place)
        except Lost as lost:
            if lost.sent:
                raise  # not reached at all: tried again

    async def _until_answered(self, ticket: HttpTicket, answer: HttpAnswer, place: Place) -> None:
        """Take events until the one that answers, then let the stream end by itself for a moment."""
        garbage = 0
        try:
            async with asyncio.timeout(None) as tail:

                async def take(event: SseEvent) -> None:
                    nonlocal garbage
                    if ticket.future.done():
                        return
                    place.note(event)
                    garbage += bool(event.said) and not await self._message(event.said, ticket)
                    _bear(garbage)
                    if ticket.future.done():
                        tail.reschedule(asyncio.get_running_loop().time() + TAIL_SEC)

                await answer.events(take)
        except (Broken, TimeoutError):
            if not ticket.future.done() and place.id is None:
                raise

    async def _message(self, data: Sequence[bytes], ticket: HttpTicket | None) -> bool:
        """One message on a stream; False if it is none that belongs there. What comes behind it waits."""
        message = await opened(self._opener, data, DEPTH, self)
        match message:
            case Answer(id, result) if ticket is not None and _same(id, ticket.id):
                ticket.succeed(result)
                return True
            case Failure(id, error) if ticket is not None and _same(id, ticket.id):
                ticket.fail(error)
                return True
            case Notification(method, params):
                self._owner.heard(method, params)
                return True
            case Request(id, method, params):
                self._owner.questioned(id, method, params)
                return True
            case Malformed(id=id, answers=True) if ticket is not None and _same(id, ticket.id):
                ticket.fail(Lost("the answer is not a JSON-RPC answer", sent=True))
            case Answer() | Failure() | Malformed():
                pass
            case _:
                assert_never(message)
        self.dropped += 1
        return False


def _bear(garbage: int) -> None:
    if garbage > MOST_GARBAGE:
        raise Lost("the upstream sends lines that are not JSON-RPC", sent=True)


def _same(one: RequestId | None, other: RequestId) -> bool:
    return type(one) is type(other) and one == other
