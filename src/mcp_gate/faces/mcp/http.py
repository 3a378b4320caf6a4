"""The endpoint that clients reach over streamable HTTP, in both eras of the protocol, at one path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, assert_never

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mcp_gate.faces.bound import address_of, bind
from mcp_gate.faces.mcp import http_headers as checks
from mcp_gate.faces.mcp.http_body import read_body
from mcp_gate.faces.mcp.http_door import Door, GateDoor
from mcp_gate.faces.mcp.http_headers import EVENTS, JSON, Head, Refusal, error_body, refused
from mcp_gate.faces.mcp.http_reply import Reply
from mcp_gate.faces.mcp.http_server import make_server
from mcp_gate.faces.mcp.http_session import Conversation, Exchange, Session
from mcp_gate.faces.mcp.http_sessions import Sessions
from mcp_gate.faces.mcp.http_stateless import Stateless
from mcp_gate.faces.mcp.http_stream import ALIVE, ALIVE_SEC, Headers, begin_events, send_events, send_json, watch
from mcp_gate.gate.clock import session_id
from mcp_gate.gate.front import Front
from mcp_gate.gate.identity import NotAdmitted
from mcp_gate.gate.job import Caller
from mcp_gate.model.event import Event
from mcp_gate.wire import headers
from mcp_gate.wire.errors import BUSY, INVALID_REQUEST, NOT_ADMITTED, RpcError
from mcp_gate.wire.message import Answer, Failure, Malformed, Message, Notification, Request, RequestId, Why, read
from mcp_gate.wire.tracecontext import with_context

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

PATH: Final = "/mcp"
DEPTH: Final = 64
MOST_UNDER_WAY: Final = 2048
"""Requests of one session."""


def build_app(gate: Gate, door: Door) -> Starlette:
    """The application: one path, nothing else. It keeps sessions, so that it serves one event loop."""
    endpoint = Endpoint(gate, door)
    app = Starlette(routes=[Route(PATH, endpoint, methods=["GET", "POST", "DELETE"])])
    app.router.redirect_slashes = False
    app.state.close = endpoint.close
    return app


class Endpoint:
    """An ASGI application for one path."""

    def __init__(self, gate: Gate, door: Door) -> None:
        self._gate = gate
        self._door = door
        self._sessions: Sessions | None = None
        self._stateless = Stateless(door, self._count)
        self._closing = False

    @property
    def sessions(self) -> Sessions:
        if self._sessions is None:
            self._sessions = Sessions(self._begin, on_change=self._count)
        return self._sessions

    async def close(self) -> None:
        """End all sessions; what is under way ends without an answer."""
        self._closing = True
        if self._sessions is not None:
            await self._sessions.close()
        await self._stateless.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            head = Head(scope["headers"])
            checks.check_address(head, (scope.get("server") or ("", 0))[1] or 0)
            agent = self._admitted(head)
            match scope["method"]:
                case "POST":
                    await self._post(agent, head, receive, send)
                case "GET":
                    await self._get(agent, head, receive, send)
                case "DELETE":
                    await self._delete(agent, head, send)
                case _:
                    raise _not_allowed("GET, POST, DELETE")
        except Refusal as refusal:
            extra = [(name.encode(), value.encode()) for name, value in refusal.extra.items()]
            await send_json(send, refusal.status, error_body(refusal.id, refusal.error), extra)

    # ---- who

    def _admitted(self, head: Head) -> str:
        if self._closing:
            raise refused(503, "The gate is stopping", BUSY)
        try:
            return self._gate.agent_of_token(checks.token_of(head))
        except NotAdmitted:
            self._gate.note(Event("security.auth_failed", {"policy_snapshot": self._gate.loaded.snapshot.id}))
            raise checks.unauthorized() from None

    def _begin(self, agent: str, front: Front) -> Conversation:
        return self._door.converse(Caller(agent, session_id()), front, modern=False)

    def _count(self, change: int) -> None:
        self._gate.faces.clients += change

    # ---- POST

    async def _post(self, agent: str, head: Head, receive: Receive, send: Send) -> None:
        checks.check_content(head)
        checks.check_accept(head, JSON, EVENTS)
        if not head.stateless and headers.VERSION in head.twice:
            raise refused(400, f"Bad request: the header {headers.VERSION} stands there twice")
        limits = self._gate.loaded.settings.limits
        body = await read_body(head, receive, limits.message_bytes)
        message = read(body, upstream=False, depth=max(DEPTH, limits.depth + 8))
        if isinstance(message, Malformed):
            raise self._malformed(agent, message)
        if head.stateless:
            await self._stateless.post(agent, head, message, receive, send)
        else:
            await self._session_post(agent, head, message, receive, send)

    def _malformed(self, agent: str, what: Malformed) -> Refusal:
        self._gate.malformed(agent, what)
        return Refusal(400, what.error, id=what.id)

    # ---- the handshake era

    async def _session_post(self, agent: str, head: Head, message: Message, receive: Receive, send: Send) -> None:
        if isinstance(message, Request) and message.method == "initialize" and head.get(headers.SESSION) is None:
            return await self._initialize(agent, head, message, receive, send)
        session = self._session(agent, head, message.id if isinstance(message, Request) else None)
        match message:
            case Request():
                await self._session_request(session, head, message, receive, send)
                return
            case Notification("notifications/cancelled", params):
                session.cancelled(params)
            case Notification(method, params):
                session.conversation.notification(method, params)
            case Answer(id, result):
                session.answered(id, result)
            case Failure(id, error):
                session.answered(id, error)
            case Malformed():
                raise self._malformed(agent, message)
            case _:
                assert_never(message)
        await send_json(send, 202, None, [])

    async def _initialize(self, agent: str, head: Head, message: Request, receive: Receive, send: Send) -> None:
        """A session begins with its first answer; a handshake that fails leaves none."""
        session = self.sessions.open(agent)
        if session is None:
            raise Refusal(503, RpcError(BUSY, "Too many sessions are open"), id=message.id)
        shown = [(headers.SESSION.encode(), session.id.encode())]
        begun = False
        try:
            begun = await self._session_request(session, head, message, receive, send, shown)
        finally:
            if not begun:
                await self.sessions.end(session)

    async def _session_request(
        self, session: Session, head: Head, message: Request, receive: Receive, send: Send, extra: Headers | None = None
    ) -> bool:
        """Answer one request; whether its answer is a result."""
        if message.id in session.under_way:
            self._gate.malformed(session.agent, Malformed(Why.DUPLICATE_ID, RpcError(INVALID_REQUEST, ""), message.id))
            raise Refusal(400, RpcError(INVALID_REQUEST, "Invalid request: the id is in flight already"), id=message.id)
        if len(session.under_way) >= MOST_UNDER_WAY:
            raise Refusal(429, RpcError(BUSY, f"More than {MOST_UNDER_WAY} requests in flight"), id=message.id)
        exchange = Exchange(message.id, session)
        sent = with_context(message.params, head.get)
        task = asyncio.create_task(session.conversation.handle(exchange, message.method, sent))
        session.started(message.id, task)
        with session.use():
            reply = Reply(exchange, task, stateless=False, streams_first=head.streams_first)
            told = await reply.send(receive, send, extra or [])
        if exchange.gone and not task.done():
            session.lost(task)
        return told

    def _session(self, agent: str, head: Head, id: RequestId | None = None) -> Session:
        """
        Raises:
            Refusal: 400, no session is named; 404, the agent has no such session.
        """
        shown = head.get(headers.SESSION)
        if shown is None:
            raise Refusal(400, RpcError(INVALID_REQUEST, "Bad request: the header mcp-session-id is missing"), id=id)
        session = self.sessions.get(shown, agent)
        if session is None:
            raise Refusal(404, RpcError(NOT_ADMITTED, "Session not found"), id=id)
        return session

    # ---- GET, DELETE

    async def _get(self, agent: str, head: Head, receive: Receive, send: Send) -> None:
        """The stream of what is said outside of any request; one a session."""
        _handshake_era(head)
        checks.check_accept(head, EVENTS)
        session = self._session(agent, head)
        outbox = session.listen()
        if outbox is None:
            raise refused(409, "Conflict: the session has its stream open already")
        watching = asyncio.create_task(watch(receive, outbox))
        try:
            with session.use():
                await begin_events(send, [])
                await send_events(send, [ALIVE])
                while not outbox.gone:
                    await outbox.wait(ALIVE_SEC)
                    if not outbox.gone:
                        await send_events(send, outbox.take() or [ALIVE])
                await send_events(send, [], more=False)
        finally:
            watching.cancel()
            session.unlisten()

    async def _delete(self, agent: str, head: Head, send: Send) -> None:
        _handshake_era(head)
        await self.sessions.end(self._session(agent, head))
        await send_json(send, 204, None, [])


def _handshake_era(head: Head) -> None:
    if head.stateless:
        raise _not_allowed("POST")


def _not_allowed(methods: str) -> Refusal:
    return Refusal(405, RpcError(INVALID_REQUEST, "Method not allowed"), extra={"allow": methods})


@asynccontextmanager
async def serve_mcp(gate: Gate) -> AsyncIterator[None]:
    """Serve at `listen.mcp` while the context lasts; `gate.faces.listening["mcp"]` is the address.

    Raises:
        ConfigError: the address is not this machine's own, or cannot be bound.
    """
    wanted = gate.loaded.settings.listen_mcp
    if wanted is None:
        yield
        return
    sock = bind("mcp", wanted)
    app = build_app(gate, GateDoor(gate))
    server = make_server(app)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    gate.faces.listening["mcp"] = address_of(sock)
    try:
        yield
    finally:
        del gate.faces.listening["mcp"]
        await app.state.close()
        server.should_exit = True
        await serving
        sock.close()
