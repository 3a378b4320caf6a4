"""Keeps upstreams up: one supervised connection each that all share, and connections of their own for clients."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.link import ClientHello, Inbound, Link, open_link
from mcp_gate.wire.errors import METHOD_NOT_FOUND, RpcError
from mcp_gate.wire.peer import Lost

log = logging.getLogger(__name__)

FIRST_PAUSE_SEC: Final = 0.5
LONGEST_PAUSE_SEC: Final = 30.0
STEADY_SEC: Final = 30.0
"""Up for so long, the next failure counts as the first."""


class State(StrEnum):
    STARTING = "starting"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Health:
    """How one upstream's shared connection does."""

    upstream: str
    state: State
    version: str
    error: str
    """Why it is down; revealed."""
    restarts: int


class Upstreams:
    """All upstreams of one gate. One that fails disturbs no other."""

    def __init__(self, limits: Limits, *, jitter: Callable[[], float] = random.random) -> None:
        self._limits = limits
        self._jitter = jitter
        self._specs: dict[str, UpstreamSpec] = {}
        self._shared: dict[str, _Supervised] = {}
        self._own: dict[str, set[Link]] = {}
        self.inbound: Inbound | None = None
        """Who hears what shared connections say; set before `start`."""
        self.on_up: Callable[[str], None] = lambda upstream: None
        """Called when a shared connection comes up."""

    async def start(self, specs: Mapping[str, UpstreamSpec]) -> None:
        """Begin to bring every upstream up; returns at once."""
        for id_, spec in specs.items():
            self._specs[id_] = spec
            self._shared[id_] = _Supervised(spec, self)

    async def shared(self, upstream: str) -> Link:
        """The connection that stateless clients and the gate itself share; waits while it comes up.

        Raises:
            Lost: there is no such upstream, or the attempt that was waited for failed.
        """
        supervised = self._shared.get(upstream)
        if supervised is None:
            raise Lost(f"there is no upstream '{upstream}'", sent=False)
        return await supervised.link()

    async def open(self, upstream: str, hello: ClientHello, inbound: Inbound) -> Link:
        """A connection for one client alone, with its own handshake. Whoever opens it closes it.

        Raises:
            Lost: it cannot be opened.
        """
        spec = self._specs.get(upstream)
        if spec is None:
            raise Lost(f"there is no upstream '{upstream}'", sent=False)
        link = await open_link(spec, hello, inbound, self._limits)
        links = self._own.setdefault(upstream, set())
        links.add(link)
        for dead in [one for one in links if not one.alive]:
            links.discard(dead)
        return link

    def health(self) -> list[Health]:
        """In the order of the file."""
        return [self._shared[id_].health() for id_ in self._specs]

    async def apply(self, specs: Mapping[str, UpstreamSpec]) -> None:
        """After a reload: end what is gone or changed, start what is new."""
        kept = {id_ for id_, spec in specs.items() if id_ in self._specs and _same(self._specs[id_], spec)}
        ended = [id_ for id_ in self._specs if id_ not in kept]
        await asyncio.gather(*(self._end(id_) for id_ in ended))
        self._specs = dict(specs)
        for id_, spec in specs.items():
            if id_ not in kept:
                self._shared[id_] = _Supervised(spec, self)

    async def stop(self) -> None:
        """End every connection and every child."""
        await asyncio.gather(*(self._end(id_) for id_ in list(self._shared)))

    async def _end(self, upstream: str) -> None:
        own = self._own.pop(upstream, set())
        closing = [link.close() for link in own if link.alive]
        await asyncio.gather(self._shared.pop(upstream).stop(), *closing, return_exceptions=True)

    # ---- for `_Supervised`

    async def connect(self, spec: UpstreamSpec, inbound: Inbound) -> Link:
        return await open_link(spec, None, inbound, self._limits)

    def pause(self, failures: int) -> float:
        """Seconds until the next attempt: doubling, with jitter."""
        longest = min(LONGEST_PAUSE_SEC, FIRST_PAUSE_SEC * 2.0 ** (failures - 1))
        return longest * (0.75 + 0.5 * self._jitter())


class _Supervised:
    """One upstream's shared connection, in a task of its own; also the ears of that connection."""

    def __init__(self, spec: UpstreamSpec, owner: Upstreams) -> None:
        self._spec = spec
        self._owner = owner
        self._link: Link | None = None
        self._attempt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended = asyncio.Event()
        self._error = ""
        self._restarts = 0
        self._task = asyncio.create_task(self._run(), name=f"upstream {spec.id}")

    async def link(self) -> Link:
        if self._link is None or not self._link.alive:
            await asyncio.shield(self._attempt)
        if self._link is None or not self._link.alive:
            raise Lost(f"upstream '{self._spec.id}' is not up: {self._error}", sent=False)
        return self._link

    def health(self) -> Health:
        up = self._link is not None and self._link.alive
        state = State.UP if up else State.DOWN if self._error else State.STARTING
        version = self._link.version if up and self._link is not None else ""
        return Health(self._spec.id, state, version, "" if up else self._error, self._restarts)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))
        if self._link is not None:
            await self._link.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            await self._once()
            failures = 1 if loop.time() - began > STEADY_SEC else failures + 1
            await asyncio.sleep(self._owner.pause(failures))
            self._restarts += 1
            if self._attempt.done():
                self._attempt = loop.create_future()

    async def _once(self) -> None:
        """One attempt, and the life of the connection if it succeeds."""
        self._ended.clear()
        try:
            self._link = await self._owner.connect(self._spec, self)
        except Lost as lost:
            self._failed(lost.reason)
            return
        except Exception as e:
            log.exception("upstream %s", self._spec.id)
            self._failed(type(e).__name__)
            return
        self._error = ""
        self._attempt.set_result(None)
        self._owner.on_up(self._spec.id)
        await self._ended.wait()
        self._failed("the connection ended")
        await self._link.close()

    def _failed(self, why: str) -> None:
        self._error = reveal(why)
        log.warning("upstream %s is down: %s", self._spec.id, self._error)
        if not self._attempt.done():
            self._attempt.set_result(None)

    # ---- Inbound

    def notification(self, upstream: str, method: str, params: JsonObject | None) -> None:
        if self._owner.inbound is not None:
            self._owner.inbound.notification(upstream, method, params)

    async def request(self, upstream: str, method: str, params: JsonObject | None) -> JsonObject:
        if self._owner.inbound is None:
            raise RpcError(METHOD_NOT_FOUND, "Method not found")
        return await self._owner.inbound.request(upstream, method, params)

    def closed(self, upstream: str) -> None:
        self._ended.set()
        if self._owner.inbound is not None:
            self._owner.inbound.closed(upstream)


def _same(old: UpstreamSpec, new: UpstreamSpec) -> bool:
    return old.fingerprint == new.fingerprint
