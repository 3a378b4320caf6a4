"""One session of the handshake era over HTTP: what is under way in it, and what its client is asked."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from mcp_gate.faces.mcp.http_stream import Outbox
from mcp_gate.gate.front import RequestFront
from mcp_gate.gate.job import CANCELLED
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.wire.errors import INTERNAL_ERROR, REFUSED, RpcError
from mcp_gate.wire.message import RequestId

LISTEN_SEC: Final = 5.0
"""How long a question waits for the client to open the stream that it can be asked on."""
DETACH_SEC: Final = 0.5
"""How long a request whose stream was lost has until it must be at an upstream, or waits for nobody any more."""
MOST_KEPT: Final = 100
"""Notifications kept for a client that has not opened its stream yet."""


class Conversation(Protocol):
    """What a client talks to (`gate.conversation`)."""

    async def handle(self, front: RequestFront, method: str, params: JsonObject | None) -> JsonObject: ...

    def notification(self, method: str, params: JsonObject | None) -> None: ...

    def is_sent(self, task: asyncio.Task[Any]) -> bool:
        """Whether the request that a task handles is at an upstream now."""
        ...

    async def close(self) -> None: ...


class Exchange:
    """One request in flight; implements `RequestFront` on that request's own stream of events."""

    def __init__(self, id: RequestId, session: Session | None) -> None:
        """
        Args:
            session: None in the stateless era, which has no questions to clients.
        """
        self._id = id
        self._session = session
        self._questions: set[asyncio.Future[JsonObject]] = set()
        self.outbox = Outbox()

    @property
    def id(self) -> RequestId:
        return self._id

    @property
    def gone(self) -> bool:
        """Whether nobody is there to hear the answer."""
        return self.outbox.gone

    def notify(self, method: str, params: JsonObject | None) -> None:
        self.outbox.put(_message(method, params))

    async def request(self, method: str, params: JsonObject | None) -> JsonObject:
        if self._session is None:
            raise RpcError(REFUSED, "The client's protocol has no requests to clients")
        return await self._session.ask(self.outbox, method, params, self._questions)

    def left(self) -> None:
        """Nobody answers what was asked on a stream that is closed."""
        for future in self._questions:
            if not future.done():
                future.set_exception(RpcError(REFUSED, "The client is gone"))


class Session:
    """One client's session; implements `Front` on the stream that the client opens with GET."""

    def __init__(self, agent: str) -> None:
        self.id = secrets.token_hex(16)
        self.agent = agent
        self.conversation: Conversation
        self.under_way: dict[RequestId, asyncio.Task[JsonObject]] = {}
        self.outbox = Outbox()
        self.listening = False
        """Whether the client has its stream open."""
        self.closed = False
        self.held = 0
        """Requests and streams of the client that are open now."""
        self.touched = 0.0
        self._ids = itertools.count(1)
        self._asked: dict[int, asyncio.Future[JsonObject]] = {}
        self._heard = asyncio.Event()
        self._detaching: set[asyncio.Task[None]] = set()

    # ---- Front

    def notify(self, method: str, params: JsonObject | None) -> None:
        if self.listening or len(self.outbox) < MOST_KEPT:
            self.outbox.put(_message(method, params))

    async def request(self, method: str, params: JsonObject | None) -> JsonObject:
        try:
            async with asyncio.timeout(LISTEN_SEC):
                await self._heard.wait()
        except TimeoutError:
            raise RpcError(REFUSED, "The client has no stream open to be asked on") from None
        return await self.ask(self.outbox, method, params)

    async def ask(
        self,
        outbox: Outbox,
        method: str,
        params: JsonObject | None,
        questions: set[asyncio.Future[JsonObject]] | None = None,
    ) -> JsonObject:
        """Ask the client on one of its streams and wait for the answer it posts.

        Args:
            questions: where to keep the question while it waits.
        """
        if self.closed or outbox.gone:
            raise RpcError(REFUSED, "The client is gone")
        id_ = next(self._ids)
        future: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()
        self._asked[id_] = future
        questions = set() if questions is None else questions
        questions.add(future)
        outbox.put({"id": id_, **_message(method, params)}, keep=True)
        try:
            return await future
        except asyncio.CancelledError:
            outbox.put(_message("notifications/cancelled", {"requestId": id_}))
            raise
        finally:
            self._asked.pop(id_, None)
            questions.discard(future)

    # ---- the client's side

    @contextmanager
    def use(self) -> Iterator[None]:
        """While the client has a request or a stream open, the session does not grow old."""
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1
            self.touched = asyncio.get_running_loop().time()

    def started(self, id: RequestId, task: asyncio.Task[JsonObject]) -> None:
        """Remember a request until it has ended, whether or not its client still waits."""
        self.under_way[id] = task
        task.add_done_callback(lambda _: self._ended(id, task))

    def lost(self, task: asyncio.Task[JsonObject]) -> None:
        """The client lost the stream of a request.

        In this era that does not cancel it: what is at an upstream goes on. But nobody waits for the answer any more,
        and an approval that nobody waits for is never executed: a held call loses its waiter.
        """
        detaching = asyncio.create_task(self._detach(task))
        self._detaching.add(detaching)
        detaching.add_done_callback(self._detaching.discard)

    async def _detach(self, task: asyncio.Task[JsonObject]) -> None:
        while not task.done():
            await asyncio.wait((task,), timeout=DETACH_SEC)
            if not task.done() and not self.conversation.is_sent(task):
                task.cancel()

    def _ended(self, id: RequestId, task: asyncio.Task[JsonObject]) -> None:
        self.under_way.pop(id, None)
        if not task.cancelled():
            task.exception()  # its reply tells it; where the client left nobody wants it

    def answered(self, id: RequestId, result: JsonObject | RpcError) -> None:
        """An answer that the client posted; to nothing that was asked it is dropped."""
        future = self._asked.pop(id, None) if type(id) is int else None
        if future is None or future.done():
            return
        if isinstance(result, RpcError):
            future.set_exception(result)
        else:
            future.set_result(result)

    def cancelled(self, params: JsonObject | None) -> None:
        """The client cancels one of its requests."""
        id_ = (params or {}).get("requestId")
        task = self.under_way.get(id_) if type(id_) is int or type(id_) is str else None
        self.conversation.notification("notifications/cancelled", params)
        if task is not None and not task.done() and not task.cancelling():
            task.cancel(CANCELLED)

    def listen(self) -> Outbox | None:
        """Open the client's stream; None where one is open already."""
        if self.listening or self.closed:
            return None
        self.listening = True
        self._heard.set()
        return self.outbox

    def unlisten(self) -> None:
        """The client closed its stream; it may open another."""
        self.listening = False
        self._heard.clear()
        self.outbox = Outbox()

    async def close(self) -> None:
        """End it: streams close, calls nobody can be told about any more lose their waiter."""
        if self.closed:
            return
        self.closed = True
        self.outbox.leave()
        for future in list(self._asked.values()):
            if not future.done():
                future.set_exception(RpcError(INTERNAL_ERROR, "The client's session ended"))
        tasks = list(self.under_way.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2)
        await self.conversation.close()


def _message(method: str, params: JsonObject | None) -> JsonObject:
    message: dict[str, Json] = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        message["params"] = params
    return message
