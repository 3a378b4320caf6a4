"""One client's conversation: its era, its requests in flight, its upstreams; every message finds its surface here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from mcp_gate.gate.flight import Flight
from mcp_gate.gate.front import Front, RequestFront
from mcp_gate.gate.job import CANCELLED, Caller
from mcp_gate.gate.links import Links, OwnLinks
from mcp_gate.gate.memory import memory_of
from mcp_gate.gate.protocol import (
    HANDSHAKE_VERSIONS,
    MODERN_VERSION,
    Era,
    envelope_of,
    meta_of,
    unsupported,
)
from mcp_gate.gate.relay import Client, Relay
from mcp_gate.gate.routes import Routes
from mcp_gate.gate.surfaces import completion, handshake, logs, prompts, resources, subscriptions, tasks, tools
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.link import ClientHello
from mcp_gate.wire.errors import (
    BUSY,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    UPSTREAM_UNREACHABLE,
    RpcError,
)
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

MOST_IN_FLIGHT: Final = 2048

Surface = Callable[["Conversation", Flight, JsonObject], Awaitable[JsonObject]]

BOTH: Final[dict[str, Surface]] = {
    "tools/list": tools.list_tools,
    "tools/call": tools.call,
    "resources/list": resources.list_resources,
    "resources/templates/list": resources.list_templates,
    "resources/read": resources.read,
    "prompts/list": prompts.list_prompts,
    "prompts/get": prompts.get,
    "completion/complete": completion.complete,
    "tasks/get": tasks.get,
    "tasks/cancel": tasks.cancel,
}
LEGACY: Final[dict[str, Surface]] = {
    **BOTH,
    "ping": handshake.ping,
    "logging/setLevel": logs.set_level,
    "resources/subscribe": resources.subscribe,
    "resources/unsubscribe": resources.unsubscribe,
    "tasks/result": tasks.result,
    "tasks/list": tasks.list_tasks,
}
MODERN: Final[dict[str, Surface]] = {
    **BOTH,
    "server/discover": handshake.discover,
    "subscriptions/listen": subscriptions.listen,
    "tasks/update": tasks.update,
}
"""What the gate knows. A method that stands in no table never reaches an upstream."""


class Conversation:
    """What a face holds for one client connection, or for one agent's stream of stateless requests."""

    def __init__(self, gate: Gate, caller: Caller, front: Front, *, modern: bool | None) -> None:
        """
        Args:
            modern: the era, where the face knows it; None: the first request decides.
        """
        self.gate = gate
        self.caller = caller
        self.front = front
        self.memory = memory_of(gate)
        self.era = Era.UNDECIDED if modern is None else Era.MODERN if modern else Era.LEGACY
        self.scope = caller.agent
        """The name under which this client's tasks are remembered."""
        self.links: Links = self.memory.links
        self.relay: Relay = self.memory.relay
        self.routes: Routes = self.memory.routes
        self.version = MODERN_VERSION
        self.dropped = 0
        """How many notifications came that mean nothing to the gate."""
        self._own: OwnLinks | None = None
        self._flights: set[Flight] = set()
        self._sending = 0
        self._idle = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    # ---- for the face

    async def handle(self, front: RequestFront, method: str, params: JsonObject | None) -> JsonObject:
        """Answer one request; cancelling this task cancels the request.

        Raises:
            RpcError: the answer is an error.
        """
        try:
            if self.gate.stopped.is_set():
                raise RpcError(BUSY, "The gate is stopping")
            if len(self._flights) >= MOST_IN_FLIGHT:
                raise RpcError(BUSY, f"More than {MOST_IN_FLIGHT} requests in flight")
            if method == "initialize":
                return await handshake.initialize(self, front, params or {})
            flight, surface = await self._admitted(front, method, params)
            with self._in_flight(flight):
                return await surface(self, flight, params or {})
        except Lost as lost:
            raise RpcError(UPSTREAM_UNREACHABLE, f"The upstream cannot be reached: {lost.reason}") from None
        except (RpcError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("a request of %s failed", self.caller.agent)
            raise RpcError(INTERNAL_ERROR, "Internal error") from None

    def notification(self, method: str, params: JsonObject | None) -> None:
        """Take a notification. `notifications/cancelled` cancels the request here; the face has nothing to add."""
        params = params or {}
        if method == "notifications/cancelled":
            self._cancel(params)
        elif self._own is None:
            self._drop(method)
        elif method == "notifications/initialized":
            self._own.initialized()
            self.relay.initialized()
        elif method == "notifications/roots/list_changed":
            self._own.notify(method, params or None)
        elif method == "notifications/progress":
            self._progress(params)
        else:
            self._drop(method)

    async def close(self) -> None:
        """The client is gone: cancel what it waits for, then let go of its upstreams.

        Approved calls under way are the gate's, not the client's; their connections stay until they have ended.
        """
        if self._watch is not None:
            self._watch.cancel()
        for flight in list(self._flights):
            if flight.task is not None and flight.task is not asyncio.current_task():
                flight.task.cancel()
        while self._sending:
            self._idle.clear()
            await self._idle.wait()
        if self._own is not None:
            await self._own.close()
        if self.dropped:
            fields: JsonObject = {"agent": self.caller.agent, "policy_snapshot": self.gate.loaded.snapshot.id}
            self.gate.note(Event("security.notifications_dropped", fields, {"count": self.dropped}))

    # ---- for surfaces

    def begin(self, hello: ClientHello) -> OwnLinks:
        """Become a conversation of the handshake era, with upstream connections of its own."""
        self.era = Era.LEGACY
        self.scope = self.caller.session
        self.relay = Relay(
            self.gate, self.memory.owners, self.scope, Client(self.front, hello.capabilities, self.caller.agent)
        )
        self.routes = Routes()
        self.relay.on_changed.append(self.routes.forget)
        own = OwnLinks(self.gate, hello, self.relay, self.relay.tell_changed)
        self.links = self._own = own
        self.relay.on_closed.append(own.ended)
        own.start()
        self._watch = asyncio.create_task(self._follow(own))
        return own

    @property
    def begun(self) -> bool:
        """Whether `initialize` was answered, or is being answered."""
        return self._own is not None

    @contextmanager
    def sending(self) -> Iterator[None]:
        """While a request is at an upstream, its connection stays."""
        self._sending += 1
        try:
            yield
        finally:
            self._sending -= 1
            if not self._sending:
                self._idle.set()

    # ---- parts

    async def _admitted(self, front: RequestFront, method: str, params: JsonObject | None) -> tuple[Flight, Surface]:
        """The request as a flight of this connection's era, and the surface that answers it."""
        meta = meta_of(params)
        envelope = envelope_of(meta)
        if self.era is Era.LEGACY or (self.era is Era.UNDECIDED and envelope is None):
            if envelope is not None:
                raise RpcError(INVALID_REQUEST, f"Invalid request: this connection speaks {self.version}")
            surface = LEGACY.get(method)
            if surface is None:
                raise RpcError(METHOD_NOT_FOUND, "Method not found")
            if not self.begun and method != "ping":
                raise RpcError(INVALID_REQUEST, "Invalid request: initialize comes first")
            return Flight(front, method, meta, self.caller.agent, None), surface
        if envelope is None:
            raise RpcError(INVALID_PARAMS, "Invalid params: the envelope of the protocol is missing in _meta")
        if envelope.version != MODERN_VERSION:
            supported = (MODERN_VERSION,) if await handshake.speaks_modern(self.gate) else HANDSHAKE_VERSIONS
            raise unsupported(envelope.version, supported)
        surface = MODERN.get(method)
        if surface is None:
            raise RpcError(METHOD_NOT_FOUND, "Method not found")
        if not await handshake.speaks_modern(self.gate):
            if method == "server/discover":
                raise RpcError(METHOD_NOT_FOUND, "Method not found")
            raise unsupported(envelope.version, HANDSHAKE_VERSIONS)
        if method != "server/discover" and not self.begun:
            self.era = Era.MODERN
        return Flight(front, method, meta, self.caller.agent, envelope), surface

    @contextmanager
    def _in_flight(self, flight: Flight) -> Iterator[None]:
        self._flights.add(flight)
        try:
            yield
        finally:
            flight.open = False
            self._flights.discard(flight)

    def _cancel(self, params: JsonObject) -> None:
        wanted, reason = params.get("requestId"), params.get("reason")
        for flight in self._flights:
            if type(flight.front.id) is type(wanted) and flight.front.id == wanted and flight.task is not None:
                flight.reason = reason if isinstance(reason, str) else None
                flight.open = False
                if not flight.task.cancelling():
                    flight.task.cancel(CANCELLED)
                return

    def _progress(self, params: JsonObject) -> None:
        asked = self.relay.asked(params.get("progressToken"))
        if asked is None or self._own is None:
            return
        upstream, token = asked
        self._own.notify_one(upstream, "notifications/progress", {**params, "progressToken": token})

    def _drop(self, method: str) -> None:
        self.dropped += 1
        if self.dropped == 1:
            log.info("agent %s sends notifications that mean nothing here", self.caller.agent)

    async def _follow(self, own: OwnLinks) -> None:
        """Keep up with reloads: the lists a client holds may no longer be true."""
        with self.gate.hub.subscribe() as messages:
            while True:
                message = await messages.get()
                if message["event"] in subscriptions.CHANGING:
                    with contextlib.suppress(Lost):
                        await own.follow()
                    self.relay.tell_changed()
