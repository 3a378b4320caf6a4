"""From upstreams to clients: notifications in the order they came, progress under the client's own token, questions
of an upstream to the one client that can answer them."""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from mcp_gate.gate.flight import Flight
from mcp_gate.gate.front import Front
from mcp_gate.gate.inorder import InOrder
from mcp_gate.gate.owners import Owners
from mcp_gate.gate.protocol import SUBSCRIPTION_KEY
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import Foreign, Json, JsonObject
from mcp_gate.wire.errors import BUSY, METHOD_NOT_FOUND, RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

QUESTIONS: Final = {
    "sampling/createMessage": "sampling",
    "elicitation/create": "elicitation",
    "roots/list": "roots",
}
"""What an upstream may ask a client, by the capability that the client must have declared."""
LIST_CHANGED: Final = (
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
)
TASKS: Final = "notifications/tasks"
SUBSCRIBED: Final = frozenset({*LIST_CHANGED, "notifications/resources/updated", TASKS})
"""What the stateless era sends only to those who listen for it."""
ALONE: Final = frozenset({"notifications/elicitation/complete", "notifications/tasks/status"})
MOST_QUESTIONS: Final = 32
MOST_EARLY: Final = 64

_tokens = itertools.count(1_000_001)
"""Progress tokens towards upstreams: unique in the process, for clients may share a connection."""


@dataclass(slots=True)
class Client:
    """The one client behind a connection of the handshake era."""

    front: Front
    capabilities: JsonObject
    agent: str
    ready: bool = False
    """Since `notifications/initialized`; nothing is sent before."""
    early: deque[tuple[str, JsonObject | None]] = field(default_factory=lambda: deque(maxlen=MOST_EARLY))


class Stream(Protocol):
    """One `subscriptions/listen` of a client."""

    def acknowledged(self, upstream: str) -> None: ...

    def deliver(self, upstream: str, method: str, params: JsonObject) -> None:
        """Pass on what the client listens for; anything else is dropped. What is said of a task comes as it is."""


class Relay:
    """Implements `upstream.link.Inbound`, for one client with links of its own, or for all that share links."""

    def __init__(self, gate: Gate, owners: Owners, scope: str, client: Client | None = None) -> None:
        """
        Args:
            scope: under which name `owners` knows the client; "" where many share.
            client: None where many share.
        """
        self._gate = gate
        self._owners = owners
        self._scope = scope
        self.client = client
        self._flights: dict[str, list[Flight]] = {}
        self._progress: dict[int, tuple[str, Flight]] = {}
        self._asked: dict[int, tuple[str, Json]] = {}
        self._questions = 0
        self.streams: dict[tuple[str, int | str], Stream] = {}
        """By upstream and the id of our own `subscriptions/listen` there."""
        self.on_closed: list[Callable[[str], None]] = []
        self.on_changed: list[Callable[[str, str], None]] = []
        """Called with the upstream and what of it changed: `tools`, `prompts` or `resources`."""
        self.updates_for: set[str] = set()
        """Upstreams at which this client subscribed to a resource."""
        self.dropped = 0
        self._lines: dict[str, InOrder] = {}
        """What upstreams said and is being looked at."""

    # ---- requests under way

    @contextmanager
    def under_way(self, upstream: str, flight: Flight) -> Iterator[int | None]:
        """While a client's request is at an upstream; gives the progress token to send along."""
        flights = self._flights.setdefault(upstream, [])
        flights.append(flight)
        token = None
        if flight.token is not None:
            token = next(_tokens)
            self._progress[token] = (upstream, flight)
        try:
            yield token
        finally:
            flights.remove(flight)
            if token is not None:
                del self._progress[token]

    async def settled(self, upstream: str) -> None:
        """Wait until everything that an upstream said so far has left, so that an answer does not overtake it."""
        line = self._lines.get(upstream)
        if line is not None:
            await line.settled()

    # ---- Inbound

    def notification(self, upstream: str, method: str, params: JsonObject | None) -> None:
        """Called in the order of the wire, in which everything leaves again once it was looked at."""
        if method == "notifications/progress":
            self._relay_progress(upstream, params or {})
        elif method == "notifications/message":
            self._relay_log(upstream, params or {})
        elif method == "notifications/subscriptions/acknowledged":
            for stream in self._streams_for(upstream, params):
                stream.acknowledged(upstream)
        elif method in SUBSCRIBED or method in ALONE:
            if method in LIST_CHANGED:
                for heard in self.on_changed:
                    heard(upstream, method.split("/")[1])
            if self.client is not None:
                self._to_client(upstream, method, params)
            elif method in SUBSCRIBED:
                self._to_streams(upstream, method, params or {})
        elif method != "notifications/cancelled":  # the link withdraws the question by itself
            self.dropped += 1

    async def request(self, upstream: str, method: str, params: JsonObject | None) -> JsonObject:
        """Ask the client on behalf of an upstream.

        Raises:
            RpcError: the client's own error; -32601, it may not or cannot be asked.
        """
        if method == "ping":
            return {}
        client = self.client
        if client is None or QUESTIONS.get(method, "") not in client.capabilities:
            self._note("security.question_refused", upstream, method)
            raise RpcError(METHOD_NOT_FOUND, "Method not found: the client did not offer this")
        stopped = self._gate.store.agents.stopped
        if not client.ready or self._questions >= MOST_QUESTIONS or stopped(client.agent):
            raise RpcError(BUSY, "The client cannot be asked now")
        self._questions += 1
        token = None
        try:
            await self.settled(upstream)
            out = await self._outward(method, params)
            token = self._own_token(upstream, out)
            flights = self._flights.get(upstream)
            front: Front = flights[-1].front if flights and flights[-1].open else client.front
            answer = await front.request(method, out)
            if stopped(client.agent):  # nothing more of it reaches a server
                raise RpcError(BUSY, "The client cannot answer any more")
            return answer
        finally:
            self._questions -= 1
            if token is not None:
                del self._asked[token]

    def closed(self, upstream: str) -> None:
        for heard in self.on_closed:
            heard(upstream)

    # ---- from the client

    def asked(self, token: Json) -> tuple[str, Json] | None:
        """Upstream and its own token for progress that a client reports on a question."""
        return self._asked.get(token) if type(token) is int else None

    def initialized(self) -> None:
        """The client may be spoken to from now on."""
        client = self.client
        if client is None or client.ready:
            return
        client.ready = True
        while client.early:
            client.front.notify(*client.early.popleft())

    # ---- parts

    def _relay_progress(self, upstream: str, params: JsonObject) -> None:
        token = params.get("progressToken")
        owner, flight = self._progress.get(token, ("", None)) if type(token) is int else ("", None)
        if flight is None or owner != upstream:
            self.dropped += 1  # late, unknown, or another upstream's
            return
        self._let_out(upstream, "notifications/progress", params, flight.progress)

    def _relay_log(self, upstream: str, params: JsonObject) -> None:
        """To the newest request at that upstream: nothing on the wire says which one a log belongs to."""
        method = "notifications/message"
        flights = self._flights.get(upstream) or ()
        if self.client is not None:
            newest = next((f for f in reversed(flights) if f.open), None)
            tell = self._tell if newest is None else newest.notify
            self._let_out(upstream, method, params, partial(tell, method))
        elif len({flight.agent for flight in flights}) == 1:  # one agent's logs never reach another
            wanting = next((f for f in reversed(flights) if f.log_level is not None), None)
            if wanting is not None:
                self._let_out(upstream, method, params, partial(wanting.notify, method))

    def _to_streams(self, upstream: str, method: str, params: JsonObject) -> None:
        streams = self._streams_for(upstream, params)

        def deliver(out: JsonObject) -> None:
            for stream in streams:
                stream.deliver(upstream, method, out)

        if streams and method == TASKS:  # what a task came to is looked at as its call's result, by its own client's
            self._line(upstream, _as_it_is(params), deliver)
        elif streams:
            self._let_out(upstream, method, params, deliver)

    def _let_out(self, upstream: str, method: str, params: JsonObject, act: Callable[[JsonObject], None]) -> None:
        """Have something looked at that an upstream said, and passed on after what it said before."""
        self._line(upstream, self._gate.egress(method, params), act)

    def _line(
        self, upstream: str, look: Coroutine[Any, Any, JsonObject | None], act: Callable[[JsonObject], None]
    ) -> None:
        if not self._lines.setdefault(upstream, InOrder()).put(look, act):
            self.dropped += 1

    def _streams_for(self, upstream: str, params: JsonObject | None) -> list[Stream]:
        """The stream that a frame names; all of that upstream where it names none (an upstream of the other era)."""
        meta = (params or {}).get("_meta")
        named = meta.get(SUBSCRIPTION_KEY) if isinstance(meta, dict) else None
        if named is None:
            return [stream for (at, _), stream in self.streams.items() if at == upstream]
        stream = self.streams.get((upstream, named)) if type(named) in (int, str) else None
        return [stream] if stream is not None else []

    def _to_client(self, upstream: str, method: str, params: JsonObject | None) -> None:
        if method == "notifications/resources/updated" and upstream not in self.updates_for:
            self.dropped += 1
            return
        if method == "notifications/tasks/status":
            public = self._owners.public(self._scope, upstream, str((params or {}).get("taskId")))
            if public is None:
                self.dropped += 1
                return
            params = {**(params or {}), "taskId": public}
        bare = params is None
        self._let_out(upstream, method, params or {}, lambda out: self._tell(method, None if bare else out))

    def _tell(self, method: str, params: JsonObject | None) -> None:
        client = self.client
        if client is None:
            return
        if client.ready:
            client.front.notify(method, params)
        else:
            client.early.append((method, params))

    def tell_changed(self, methods: tuple[str, ...] = LIST_CHANGED) -> None:
        """Say on the gate's own account that lists changed."""
        if self.client is not None and self.client.ready:
            for method in methods:
                self._tell(method, None)

    async def _outward(self, method: str, params: JsonObject | None) -> JsonObject | None:
        if params is None:
            return None
        out = await self._gate.egress(method, params)
        if out is None:
            raise RpcError(METHOD_NOT_FOUND, "Method not found: the question may not leave the gate")
        return out

    def _own_token(self, upstream: str, params: JsonObject | None) -> int | None:
        """Give a question a progress token of our own: two upstreams may have chosen the same."""
        meta = (params or {}).get("_meta")
        if params is None or not isinstance(meta, dict) or "progressToken" not in meta:
            return None
        token = next(_tokens)
        self._asked[token] = (upstream, meta["progressToken"])
        params["_meta"] = {**meta, "progressToken": token}
        return token

    def _note(self, event: str, upstream: str, method: str) -> None:
        log.warning("upstream %s asked for %s", upstream, event)
        fields: JsonObject = {"upstream": upstream, "policy_snapshot": self._gate.loaded.snapshot.id}
        self._gate.note(Event(event, fields, {"method": Foreign(method[:128])}))


async def _as_it_is(params: JsonObject) -> JsonObject:
    return params
