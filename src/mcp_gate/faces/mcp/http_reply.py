"""How one request is answered: as plain JSON if nothing was said before its result, else as a stream of events."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from starlette.types import Receive, Send

from mcp_gate.faces.mcp.http_headers import error_body
from mcp_gate.faces.mcp.http_session import Exchange
from mcp_gate.faces.mcp.http_stream import (
    ALIVE,
    ALIVE_SEC,
    Headers,
    begin_events,
    event_of,
    send_events,
    send_json,
    watch,
)
from mcp_gate.gate.job import CANCELLED
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire import headers
from mcp_gate.wire.errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RpcError,
)

log = logging.getLogger(__name__)

QUICK_SEC: Final = 0.05
"""Most answers come sooner; only then is it worth watching whether the client is still there."""
SILENT_SEC: Final = 5.0
"""After so long the answer becomes a stream, so that clients and proxies hear that something lives."""
CANCELLED_CODE: Final = -32800
"""Ends the stream of a cancelled request in the handshake era, where streams end with an answer."""

_STATUS: Final = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    headers.HEADER_MISMATCH: 400,
    -32021: 400,  # a capability that the client lacks
    -32022: 400,  # a protocol version that is not served
    METHOD_NOT_FOUND: 404,
}


class Reply:
    """Carries what is said about one request to its client."""

    def __init__(
        self, exchange: Exchange, task: asyncio.Task[JsonObject], *, stateless: bool, streams_first: bool
    ) -> None:
        """
        Args:
            stateless: errors have an HTTP status of their own, and a client that leaves cancels.
            streams_first: the client would rather have a stream.
        """
        self._exchange = exchange
        self._outbox = exchange.outbox
        self._task = task
        self._stateless = stateless
        self._streams_first = streams_first
        task.add_done_callback(self._outbox.wake)

    async def send(self, receive: Receive, send: Send, extra: Headers) -> bool:
        """Answer; whether the answer is a result that went out. Ends early when the client leaves."""
        if not self._task.done():
            await self._outbox.wait(QUICK_SEC)
        if self._all_said():
            return await self._as_json(send, extra)
        watching = asyncio.create_task(watch(receive, self._outbox))
        try:
            if not self._task.done():
                await self._outbox.wait(SILENT_SEC)
            if self._all_said() and not self._outbox.gone:
                return await self._as_json(send, extra)
            return await self._as_events(send, extra)
        finally:
            watching.cancel()

    def _all_said(self) -> bool:
        """Whether the answer is all there is to say, and may be plain JSON."""
        return self._task.done() and not self._outbox and not self._streams_first

    async def _as_json(self, send: Send, extra: Headers) -> bool:
        message = self._answer()
        status = 200
        if self._stateless and "error" in message:
            status = _STATUS.get(message["error"]["code"], 200)
        await send_json(send, status, message, extra)
        return "result" in message

    async def _as_events(self, send: Send, extra: Headers) -> bool:
        if not self._outbox.gone:
            await begin_events(send, extra)
        while not self._outbox.gone:
            if self._outbox:
                await send_events(send, self._outbox.take())
            elif self._task.done():
                message = self._answer()
                await send_events(send, event_of(message), more=False)
                return "result" in message
            else:
                await self._outbox.wait(ALIVE_SEC)
                if not self._outbox and not self._task.done() and not self._outbox.gone:
                    await send_events(send, [ALIVE])
        self._exchange.left()
        if self._stateless:
            self._task.cancel(CANCELLED)
        return False

    def _answer(self) -> JsonObject:
        """The result or error of the task that is done."""
        id_ = self._exchange.id
        if self._task.cancelled():
            return error_body(id_, RpcError(CANCELLED_CODE, "Request cancelled"))
        error = self._task.exception()
        if error is None:
            return {"jsonrpc": "2.0", "id": id_, "result": self._task.result()}
        if isinstance(error, RpcError):
            return error_body(id_, error)
        log.error("a request failed", exc_info=error)
        return error_body(id_, RpcError(INTERNAL_ERROR, "Internal error"))
