"""The stateless era over HTTP: every request stands for itself, and says in its headers what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import Receive, Send

from mcp_gate.faces.mcp import http_headers as checks
from mcp_gate.faces.mcp.http_door import Door
from mcp_gate.faces.mcp.http_headers import Head, Refusal, refused
from mcp_gate.faces.mcp.http_reply import Reply
from mcp_gate.faces.mcp.http_session import Conversation, Exchange
from mcp_gate.faces.mcp.http_stream import send_json
from mcp_gate.gate.clock import session_id
from mcp_gate.gate.job import Caller
from mcp_gate.gate.protocol import MODERN_VERSION, unsupported
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.wire import headers
from mcp_gate.wire.errors import INVALID_REQUEST, RpcError
from mcp_gate.wire.message import Message, Notification, Request
from mcp_gate.wire.tracecontext import with_context


class Nowhere:
    """The front of an agent's stateless requests: outside of a request nothing reaches its client."""

    def notify(self, method: str, params: JsonObject | None) -> None:
        """Dropped: a client opens a stream (`subscriptions/listen`) for what it wants to hear."""

    async def request(self, method: str, params: JsonObject | None) -> JsonObject:
        raise RpcError(INVALID_REQUEST, "The client's protocol has no requests to clients")


class Stateless:
    """One conversation for each agent, whichever of its clients asks."""

    def __init__(self, door: Door, count: Callable[[int], None]) -> None:
        """
        Args:
            count: called with 1 for a request that began, with -1 for one that ended.
        """
        self._door = door
        self._count = count
        self._conversations: dict[str, Conversation] = {}
        self._repeated: dict[str, tuple[Json, tuple[headers.Repeated, ...]]] = {}

    async def close(self) -> None:
        """End all conversations."""
        for conversation in self._conversations.values():
            await conversation.close()
        self._conversations.clear()

    async def post(self, agent: str, head: Head, message: Message, receive: Receive, send: Send) -> None:
        """Answer what was posted.

        Raises:
            Refusal: it is not a request that this era knows.
        """
        match message:
            case Request():
                pass
            case Notification():
                await self._check_version(head)
                # None means anything here: ending a stream cancels.
                return await send_json(send, 202, None, [])
            case _:
                raise refused(400, "Invalid request: this protocol has no requests to clients, and so no answers")
        try:
            checks.check_envelope(head, message)
            await self._check_version(head)
            if message.method == "tools/call":
                params = message.params or {}
                checks.check_params(head, self._repeated_of(params.get("name")), params.get("arguments"))
        except Refusal as refusal:
            refusal.id = message.id
            raise
        exchange = Exchange(message.id, None)
        conversation = self._conversations.get(agent)
        if conversation is None:
            conversation = self._door.converse(Caller(agent, session_id()), Nowhere(), modern=True)
            self._conversations[agent] = conversation
        sent = with_context(message.params, head.get)
        task = asyncio.create_task(conversation.handle(exchange, message.method, sent))
        self._count(1)
        try:
            await Reply(exchange, task, stateless=True, streams_first=False).send(receive, send, [])
        finally:
            self._count(-1)
            task.cancel()

    async def _check_version(self, head: Head) -> None:
        """
        Raises:
            Refusal: 400, a protocol version that nobody here speaks.
        """
        version = head.get(headers.VERSION)
        if version != MODERN_VERSION:
            raise Refusal(400, unsupported(version, await self._door.versions()))

    def _repeated_of(self, name: Json) -> tuple[headers.Repeated, ...]:
        """Which arguments of a tool its listed schema wants repeated in headers."""
        schema = self._door.schema(name) if isinstance(name, str) else None
        if schema is None:
            return ()
        known = self._repeated.get(name)
        if known is None or known[0] is not schema:
            known = self._repeated[name] = (schema, headers.repeated_in(schema))
        return known[1]
