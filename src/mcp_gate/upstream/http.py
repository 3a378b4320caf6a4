"""A link to an upstream that speaks streamable HTTP, in either era of the protocol."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

from mcp_gate.lang import strictjson
from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.upstream.http_reader import MOST_ATTEMPTS, HttpTicket, Place, Reader
from mcp_gate.upstream.http_wire import EVENTS, HttpAnswer, HttpWire
from mcp_gate.upstream.link import (
    GRACE_SEC,
    MODERN_VERSION,
    MOST_QUESTIONS,
    NOTIFICATIONS_PER_SEC,
    OVERRAN,
    Down,
    Inbound,
)
from mcp_gate.upstream.rate import Rate
from mcp_gate.wire import headers
from mcp_gate.wire.errors import BUSY, RpcError
from mcp_gate.wire.message import RequestId
from mcp_gate.wire.opener import Opener
from mcp_gate.wire.peer import Lost
from mcp_gate.wire.tracecontext import context_of

log = logging.getLogger(__name__)

NOTIFY_SEC: Final = 10.0
CLOSE_SEC: Final = 2.0


class HttpLink:
    """Implements `Link`.

    Towards one client in the handshake era it is one session of the upstream; in the stateless era every request
    stands for itself and `alive` ends with `close` alone.
    """

    def __init__(self, spec: UpstreamSpec, inbound: Inbound, limits: Limits, opener: Opener | None = None) -> None:
        """
        Raises:
            Lost: the address or a header is not usable.
        """
        self.upstream = spec.id
        self.version = ""
        self.hello: JsonObject = {}
        self.alive = True
        self.dropped = 0
        """Notifications over the rate, and questions where there is nobody to ask."""
        self._why = ""
        self._inbound = inbound
        self._wire = HttpWire(spec, limits.upstream_bytes)
        self._reader = Reader(self._wire, self, opener)
        self._session: str | None = None
        self._ids = 0
        self._loop = asyncio.get_running_loop()
        self._rate = Rate(NOTIFICATIONS_PER_SEC)
        self._repeated: dict[str, tuple[headers.Repeated, ...]] = {}
        self._tickets: set[HttpTicket] = set()
        self._asked: dict[RequestId, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._said: asyncio.Task[None] | None = None
        """The newest notification on its way: what follows waits for it, so that they arrive in order."""

    @property
    def modern(self) -> bool:
        return self.version == MODERN_VERSION

    @property
    def ended(self) -> Down | None:
        return None if self.alive else Down(self._why)

    # ---- Link

    def request(self, method: str, params: JsonObject | None) -> HttpTicket:
        if not self.alive:
            raise Lost("the connection is closed", sent=False)
        self._ids += 1
        ticket = HttpTicket(self._ids, method, self._loop.create_future())
        try:
            written = self._headers(method, params)
        except UnicodeEncodeError:
            raise Lost("the name cannot be written as an HTTP header", sent=False) from None
        message: JsonObject = {"jsonrpc": "2.0", "id": ticket.id, "method": method}
        if params is not None:
            message["params"] = params
        body = strictjson.dumps(message)
        ticket.task = self._spawn(self._run(ticket, written, body))
        self._tickets.add(ticket)
        ticket.task.add_done_callback(lambda _: self._tickets.discard(ticket))
        return ticket

    def cancel(self, ticket: object, reason: str | None) -> None:
        """In the stateless era the end of the response stream is the cancellation; before, a notification is."""
        if not isinstance(ticket, HttpTicket) or ticket.task is None:
            return
        if ticket.future.done() and not ticket.future.cancelled():
            return  # answered; a future is cancelled by whoever stopped waiting for it
        ticket.future.cancel()
        if self.modern or not self.alive:
            ticket.task.cancel()
            return
        params: JsonObject = {"requestId": ticket.id}
        if reason is not None:
            params["reason"] = reason
        self._say("notifications/cancelled", params).add_done_callback(lambda _: _cancel(ticket.task))

    def overran(self, ticket: object) -> None:
        """The request is closed, also where the server does not take the notification."""
        self.cancel(ticket, OVERRAN)
        if isinstance(ticket, HttpTicket):
            self._loop.call_later(GRACE_SEC, _cancel, ticket.task)

    def notify(self, method: str, params: JsonObject | None) -> None:
        """The stateless era has no notifications towards servers: there they are dropped."""
        if not self.alive or self.modern:
            return
        said = self._say(method, params)
        if method == "notifications/initialized":
            said.add_done_callback(lambda _: self._listen())

    def learn(self, tools: list[Json]) -> None:
        for tool in tools:
            if isinstance(tool, dict) and isinstance(tool.get("name"), str):
                self._repeated[tool["name"]] = headers.repeated_in(tool.get("inputSchema"))

    async def close(self) -> None:
        if self.alive and self._session is not None:
            try:
                async with asyncio.timeout(CLOSE_SEC), self._wire.send("DELETE", self.standing()):
                    pass
            except (Lost, TimeoutError):
                log.info("upstream %s: its session could not be ended", self.upstream)
        self._end("the gate closed the connection")
        pending = [task for task in self._tasks if not task.done()]
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending, timeout=CLOSE_SEC)
        await self._wire.close()

    def _end(self, reason: str) -> None:
        if not self.alive:
            return
        self.alive = False
        self._why = reason
        for ticket in list(self._tickets):
            ticket.fail(Lost(reason, sent=True))
            _cancel(ticket.task)
        for task in list(self._asked.values()):
            _cancel(task)
        self._inbound.closed(self.upstream)

    # ---- a request

    def _headers(self, method: str, params: JsonObject | None) -> dict[str, str]:
        out = self.standing()
        if params is not None and isinstance(meta := params.get("_meta"), dict):
            out.update(context_of(meta))
        if self.modern:
            out[headers.METHOD] = method
            name = headers.name_of(method, params)
            if name is not None:
                out[headers.NAME] = headers.encode(name)
                if method == "tools/call" and params is not None and (repeated := self._repeated.get(name)):
                    out.update(headers.param_headers(repeated, params.get("arguments")))
        return out

    async def _run(self, ticket: HttpTicket, written: dict[str, str], body: bytes) -> None:
        try:
            if self._said is not None:
                await asyncio.wait((self._said,))
            async with self._wire.send("POST", written, body) as answer:
                await self._reader.take(ticket, answer)
        except Lost as lost:
            ticket.fail(lost)
        except asyncio.CancelledError:
            ticket.fail(Lost("the connection was closed", sent=True))
            raise
        except Exception as e:
            log.exception("upstream %s: reading an answer failed", self.upstream)
            ticket.fail(Lost(f"the answer could not be read ({type(e).__name__})", sent=True))

    # ---- Owner of the reader

    def standing(self) -> dict[str, str]:
        out: dict[str, str] = {}
        if self.version:
            out[headers.VERSION] = self.version
        if self._session is not None:
            out[headers.SESSION] = self._session
        return out

    def greeted(self, answer: HttpAnswer) -> None:
        """The answer to `initialize` names the session."""
        if self._session is None and not self.version:
            shown = answer.header(headers.SESSION)
            if shown is not None and not all("!" <= char <= "~" for char in shown):
                raise Lost("the upstream's session id is not visible ASCII", sent=True)
            self._session = shown or None

    def expired(self, answer: HttpAnswer) -> bool:
        return answer.status == 404 and self._session is not None

    def over(self) -> None:
        self._end("the upstream ended the session")

    def heard(self, method: str, params: JsonObject | None) -> None:
        if method == "notifications/cancelled":
            id_ = (params or {}).get("requestId")
            if type(id_) is int or type(id_) is str:
                _cancel(self._asked.get(id_))
        elif self._rate.take(self._loop.time()):
            self._inbound.notification(self.upstream, method, params)
        else:
            self.dropped += 1

    def questioned(self, id: RequestId, method: str, params: JsonObject | None) -> None:
        if self.modern:
            self.dropped += 1  # the stateless era has no requests of servers, and no way to answer one
        elif id in self._asked or len(self._asked) >= MOST_QUESTIONS:
            self._spawn(self._post({"id": id, "error": RpcError(BUSY, "too many requests").as_json()}))
        else:
            self._asked[id] = self._spawn(self._answer(id, method, params))

    async def _answer(self, id: RequestId, method: str, params: JsonObject | None) -> None:
        try:
            result = {} if method == "ping" else await self._inbound.request(self.upstream, method, params)
            await self._post({"id": id, "result": result})
        except RpcError as error:
            await self._post({"id": id, "error": error.as_json()})
        finally:
            self._asked.pop(id, None)

    # ---- the upstream's own stream

    def _listen(self) -> None:
        if self.alive:
            self._spawn(self._hear())

    async def _hear(self) -> None:
        """What the upstream says of its own accord; opened again when it ends. 405: there is no such stream."""
        place = Place()
        attempts = 0
        while self.alive and attempts < MOST_ATTEMPTS:
            written = self.standing()
            if place.id is not None:
                written["last-event-id"] = place.id
            reached = True
            try:
                async with self._wire.send("GET", written, accept=EVENTS) as answer:
                    if self.expired(answer):
                        return self.over()
                    if answer.status < 500 and answer.status != 200:
                        return None
                    if answer.status == 200 and answer.type == EVENTS:
                        attempts = 0
                        await self._reader.events(answer, place)
            except Lost as lost:
                reached = lost.sent
                log.info("upstream %s: its own stream ended: %s", self.upstream, lost.reason)
            await asyncio.sleep(place.wait(attempts))
            attempts += 1
            if attempts == MOST_ATTEMPTS and not reached:
                self._end("the upstream cannot be reached")

    # ---- what is said to the upstream

    def _say(self, method: str, params: JsonObject | None) -> asyncio.Task[None]:
        message: JsonObject = {"method": method}
        if params is not None:
            message["params"] = params
        self._said = said = self._spawn(self._post(message, after=self._said))
        said.add_done_callback(self._was_said)
        return said

    def _was_said(self, said: asyncio.Task[None]) -> None:
        if self._said is said:
            self._said = None

    async def _post(self, message: JsonObject, after: asyncio.Task[None] | None = None) -> None:
        """Post what is not answered: a notification, or an answer."""
        if after is not None:
            await asyncio.wait((after,))
        body = strictjson.dumps({"jsonrpc": "2.0", **message})
        try:
            async with asyncio.timeout(NOTIFY_SEC), self._wire.send("POST", self.standing(), body) as answer:
                if self.expired(answer):
                    self.over()
                await answer.body()
        except (Lost, TimeoutError) as e:
            log.info("upstream %s did not take a message: %s", self.upstream, type(e).__name__)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None and task is not asyncio.current_task():
        task.cancel()
