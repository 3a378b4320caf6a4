"""One upstream's shared connection: brought up, kept up with growing pauses, and how it does."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import UpstreamSpec
from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.link import Down, Inbound, Link, Misbehaved
from mcp_gate.wire.errors import METHOD_NOT_FOUND, RpcError
from mcp_gate.wire.peer import Lost

log = logging.getLogger(__name__)

TOOLS_CHANGED: Final = "notifications/tools/list_changed"
STEADY_SEC: Final = 30.0
"""Up for so long, the next failure counts as the first."""


class State(StrEnum):
    """How an upstream's shared connection stands."""

    STARTING = "starting"
    UP = "up"
    DOWN = "down"
    """Did not start, or ended; tried again with growing pauses."""
    SUSPENDED = "suspended"
    """It broke the framing or a limit; tried again after the longest pause."""
    CHANGED = "changed"
    """The program on disk is not the one that was accepted: it is not started until somebody accepts it."""


@dataclass(frozen=True, slots=True)
class Health:
    """How one upstream's shared connection does."""

    upstream: str
    state: State
    version: str
    """Protocol version, "" while it is not up."""
    error: str
    """Why it is not up, revealed; for the operator alone, for it may quote the upstream's standard error."""
    restarts: int
    since: float
    """Seconds since the epoch: when the state became what it is."""


class Owner(Protocol):
    """What a supervised connection needs of all upstreams."""

    inbound: Inbound | None
    """Who hears what shared connections say."""

    def wall(self) -> float:
        """Seconds since the epoch."""
        ...

    async def connect(self, spec: UpstreamSpec, inbound: Inbound) -> Link:
        """
        Raises:
            Lost: it cannot be opened.
        """
        ...

    def look_again(self, upstream: str) -> None:
        """Have an upstream's tools looked at."""
        ...

    def pause(self, failures: int, *, misbehaved: bool) -> float:
        """Seconds until the next attempt."""
        ...

    async def rest(self, upstream: str, seconds: float) -> None:
        """Wait before an upstream is tried again."""
        ...


class Supervised:
    """One upstream's shared connection, in a task of its own; also the ears of that connection."""

    def __init__(self, spec: UpstreamSpec, owner: Owner) -> None:
        self._spec = spec
        self._owner = owner
        self._link: Link | None = None
        self._attempt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended = asyncio.Event()
        self._down: Down | None = None
        self._blame = ""
        self._in_use = False
        self._restarts = 0
        self._shown = State.STARTING
        self._since = owner.wall()
        self._task = asyncio.create_task(self._run(), name=f"upstream {spec.id}")

    async def link(self) -> Link:
        """The connection; waits while it comes up.

        Raises:
            Lost: the attempt that was waited for failed.
        """
        if self._link is None or not self._link.alive:
            await asyncio.shield(self._attempt)
        if self._link is None or not self._link.alive:
            why = f": {self._down.reason}" if self._down is not None else ""
            raise Lost(f"upstream '{self._spec.id}' is not up{why}", sent=False)
        return self._link

    def health(self) -> Health:
        """How it does."""
        up = self._link is not None and self._link.alive
        version = self._link.version if up and self._link is not None else ""
        error = self._blame if up else self._down.detail if self._down is not None else ""
        return Health(self._spec.id, self._state(), version, error, self._restarts, self._since)

    def blame(self, why: str) -> None:
        """See `Upstreams.blame`."""
        if why and why != self._blame:
            log.warning("upstream %s: %s", self._spec.id, why)
        self._blame = why
        self._note()

    async def stop(self) -> None:
        """End the connection, and do not try again."""
        self._task.cancel()
        await asyncio.wait((self._task,))
        if self._link is not None:
            await self._link.close()
        self._down = Down("it was ended")
        if not self._attempt.done():
            self._attempt.set_result(None)

    def _state(self) -> State:
        if self._link is not None and self._link.alive:
            return State.SUSPENDED if self._blame else State.UP
        match self._down:
            case None:
                return State.STARTING
            case Misbehaved():
                return State.SUSPENDED
            case _:
                return State.DOWN

    def _note(self) -> None:
        if (state := self._state()) is not self._shown:
            self._shown, self._since = state, self._owner.wall()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            lived = await self._once()
            failures = 1 if lived > STEADY_SEC else failures + 1
            pause = self._owner.pause(failures, misbehaved=isinstance(self._down, Misbehaved))
            await self._owner.rest(self._spec.id, pause)
            self._restarts += 1
            self._attempt = loop.create_future()

    async def _once(self) -> float:
        """One attempt, and the life of the connection if it succeeds; gives the seconds it was up."""
        loop = asyncio.get_running_loop()
        try:
            link = await self._owner.connect(self._spec, self)
        except Lost as lost:
            self._failed(lost if isinstance(lost, Down) else Down(lost.reason, reveal(lost.reason)))
            return 0.0
        except Exception as e:
            log.exception("upstream %s", self._spec.id)
            self._failed(Down(f"the gate failed: {type(e).__name__}"))
            return 0.0
        began = loop.time()
        self._came_up(link)
        while link.alive:
            self._ended.clear()
            await self._ended.wait()
        self._note()
        await link.close()
        ended = link.ended
        self._failed(ended if isinstance(ended, Down) else Down("the connection ended"))
        return loop.time() - began

    def _came_up(self, link: Link) -> None:
        self._link, self._down, self._blame, self._in_use = link, None, "", True
        self._note()
        self._attempt.set_result(None)
        self._owner.look_again(self._spec.id)

    def _failed(self, down: Down) -> None:
        self._down = down
        self._note()
        log.warning("upstream %s is down: %s", self._spec.id, down.detail)
        if not self._attempt.done():
            self._attempt.set_result(None)

    # ---- Inbound

    def notification(self, upstream: str, method: str, params: JsonObject | None) -> None:
        if method == TOOLS_CHANGED:
            self._owner.look_again(upstream)
        if self._owner.inbound is not None:
            self._owner.inbound.notification(upstream, method, params)

    async def request(self, upstream: str, method: str, params: JsonObject | None) -> JsonObject:
        if self._owner.inbound is None:
            raise RpcError(METHOD_NOT_FOUND, "Method not found")
        return await self._owner.inbound.request(upstream, method, params)

    def closed(self, upstream: str) -> None:
        """Also called for what never came up: only the end of the connection in use is passed on."""
        self._ended.set()
        if self._in_use and self._owner.inbound is not None:
            self._in_use = False
            self._owner.inbound.closed(upstream)


class Tap:
    """The ears of a client's own connection, and the gate's for the one thing it must know of."""

    def __init__(self, inbound: Inbound, owner: Owner) -> None:
        self._inbound = inbound
        self._owner = owner
        self.request = inbound.request
        self.closed = inbound.closed

    def notification(self, upstream: str, method: str, params: JsonObject | None) -> None:
        if method == TOOLS_CHANGED:
            self._owner.look_again(upstream)
        self._inbound.notification(upstream, method, params)
