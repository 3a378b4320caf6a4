"""Keeps upstreams up: one supervised connection each that all share, and connections of their own for clients."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.launch import Unvetted, Vetting
from mcp_gate.upstream.link import ClientHello, Down, Inbound, Link, Misbehaved, open_link
from mcp_gate.upstream.programs import Programs, Vetted, why
from mcp_gate.upstream.reach import Reach
from mcp_gate.wire.errors import METHOD_NOT_FOUND, RpcError
from mcp_gate.wire.opener import Opener
from mcp_gate.wire.peer import Lost

log = logging.getLogger(__name__)

TOOLS_CHANGED: Final = "notifications/tools/list_changed"
FIRST_PAUSE_SEC: Final = 0.5
LONGEST_PAUSE_SEC: Final = 30.0
STEADY_SEC: Final = 30.0
"""Up for so long, the next failure counts as the first."""


class State(StrEnum):
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


class Upstreams:
    """All upstreams of one gate. One that fails disturbs no other."""

    def __init__(
        self,
        limits: Limits,
        *,
        directory: Path = Path(),
        jitter: Callable[[], float] = random.random,
        wall: Callable[[], float] = time.time,
        pauses: tuple[float, float] = (FIRST_PAUSE_SEC, LONGEST_PAUSE_SEC),
    ) -> None:
        """
        Args:
            directory: where processes start, and from where a relative `cwd` counts.
            pauses: the first and the longest pause before an upstream is tried again, in seconds.
        """
        self._limits = limits
        self._directory = directory
        self._jitter = jitter
        self._pauses = pauses
        self.wall = wall
        self._specs: dict[str, UpstreamSpec] = {}
        self._shared: dict[str, _Supervised] = {}
        self._own: dict[str, set[Link]] = {}
        self._hosts: Mapping[str, frozenset[str]] = {}
        self._mended: dict[str, asyncio.Event] = {}
        """Set when an upstream that is waited for may be tried again at once."""
        self.programs = Programs()
        self.opener: Opener | None = None
        """Who reads what is large; set before `start`."""
        self.inbound: Inbound | None = None
        """Who hears what shared connections say; set before `start`."""
        self.on_tools: Callable[[str], None] = lambda upstream: None
        """Called when a shared connection comes up, and when any connection says that its tools changed."""
        self.on_refused: Callable[[str, str, int, str], None] = lambda upstream, host, port, why: None
        """Called when a process in a sandbox wanted to go where it may not: upstream, host, port, why."""

    async def start(self, specs: Mapping[str, UpstreamSpec], hosts: Mapping[str, frozenset[str]]) -> None:
        """Begin to bring every upstream up; returns at once.

        Args:
            hosts: by upstream in a sandbox, what its process may reach.
        """
        self._hosts = hosts
        self._specs = self._placed(specs)
        for id_, spec in self._specs.items():
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
        tap = _Tap(inbound, self)
        link = await open_link(spec, hello, tap, self._limits, self._reach(upstream), self._vetting(spec), self.opener)
        now = self._specs.get(upstream)
        if now is None or not _same(now, spec):  # a reload or the end overtook us
            await link.close()
            raise Lost(f"upstream '{upstream}' was changed", sent=False)
        links = self._own.setdefault(upstream, set())
        links.difference_update([one for one in links if not one.alive])
        links.add(link)
        return link

    def health(self) -> list[Health]:
        """In the order of the file."""
        return [self._health(spec) for id_, spec in self._specs.items() if id_ in self._shared]

    def _health(self, spec: UpstreamSpec) -> Health:
        found = self._shared[spec.id].health()
        replaced = self.programs.replaced(spec.id)
        if replaced is None:
            return found
        return dataclasses.replace(found, state=State.CHANGED, error=why(spec.id, replaced))

    async def rest(self, upstream: str, seconds: float) -> None:
        """Wait before an upstream is tried again, until then or until `retry`."""
        mended = self._mended.setdefault(upstream, asyncio.Event())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await mended.wait()

    def retry(self, upstream: str) -> None:
        """Have an upstream that is down tried again now: what kept it from starting is mended."""
        if (mended := self._mended.pop(upstream, None)) is not None:
            mended.set()

    def blame(self, upstream: str, why: str) -> None:
        """Show an upstream as suspended although it is up: what it lists was refused. Until it is up again, or "".

        Args:
            why: revealed.
        """
        if upstream in self._shared:
            self._shared[upstream].blame(why)

    async def apply(self, specs: Mapping[str, UpstreamSpec], hosts: Mapping[str, frozenset[str]]) -> None:
        """After a reload: end what is gone or changed, start what is new; what may be reached is in force at once."""
        self._hosts = hosts
        before, self._specs = self._specs, self._placed(specs)
        kept = {id_ for id_, spec in self._specs.items() if id_ in before and _same(before[id_], spec)}
        await asyncio.gather(*(self._end(id_) for id_ in before if id_ not in kept))
        for id_ in before.keys() - kept:
            self.programs.forget(id_)
        for id_, spec in self._specs.items():
            if id_ not in kept:
                self._shared[id_] = _Supervised(spec, self)

    def _placed(self, specs: Mapping[str, UpstreamSpec]) -> dict[str, UpstreamSpec]:
        """A process starts where nobody but the admin writes: the gate's own working directory may be an agent's."""
        started = {
            id_: str(self._directory / (spec.cwd or "")) for id_, spec in specs.items() if spec.command is not None
        }
        return {id_: dataclasses.replace(spec, cwd=started.get(id_)) for id_, spec in specs.items()}

    async def stop(self) -> None:
        """End every connection and every child."""
        self._specs = {}
        await asyncio.gather(*(self._end(id_) for id_ in {*self._shared, *self._own}))

    async def _end(self, upstream: str) -> None:
        closing = [link.close() for link in self._own.pop(upstream, ())]
        supervised = self._shared.pop(upstream, None)
        if supervised is not None:
            closing.append(supervised.stop())
        await asyncio.gather(*closing, return_exceptions=True)

    # ---- for `_Supervised` and `_Tap`

    def look_again(self, upstream: str) -> None:
        """Have an upstream's tools looked at."""
        try:
            self.on_tools(upstream)
        except Exception:
            log.exception("upstream %s: its tools could not be looked at", upstream)

    async def connect(self, spec: UpstreamSpec, inbound: Inbound) -> Link:
        reach = self._reach(spec.id)
        return await open_link(spec, None, inbound, self._limits, reach, self._vetting(spec), self.opener)

    def _vetting(self, spec: UpstreamSpec) -> Vetting:
        return Vetted(spec.id, self.programs) if spec.pin_program else Unvetted()

    def _reach(self, upstream: str) -> Reach:
        return Reach(
            lambda: self._hosts.get(upstream, frozenset()),
            lambda host, port, why: self.on_refused(upstream, host, port, why),
        )

    def pause(self, failures: int, *, misbehaved: bool) -> float:
        """Seconds until the next attempt: doubling, with jitter; the longest at once after misbehaviour."""
        first, longest = self._pauses
        pause = longest if misbehaved else min(longest, first * 2.0 ** min(failures - 1, 16))
        return pause * (0.75 + 0.5 * self._jitter())


class _Supervised:
    """One upstream's shared connection, in a task of its own; also the ears of that connection."""

    def __init__(self, spec: UpstreamSpec, owner: Upstreams) -> None:
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
        if self._link is None or not self._link.alive:
            await asyncio.shield(self._attempt)
        if self._link is None or not self._link.alive:
            why = f": {self._down.reason}" if self._down is not None else ""
            raise Lost(f"upstream '{self._spec.id}' is not up{why}", sent=False)
        return self._link

    def health(self) -> Health:
        up = self._link is not None and self._link.alive
        version = self._link.version if up and self._link is not None else ""
        error = self._blame if up else self._down.detail if self._down is not None else ""
        return Health(self._spec.id, self._state(), version, error, self._restarts, self._since)

    def blame(self, why: str) -> None:
        if why and why != self._blame:
            log.warning("upstream %s: %s", self._spec.id, why)
        self._blame = why
        self._note()

    async def stop(self) -> None:
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


class _Tap:
    """The ears of a client's own connection, and the gate's for the one thing it must know of."""

    def __init__(self, inbound: Inbound, owner: Upstreams) -> None:
        self._inbound = inbound
        self._owner = owner
        self.request = inbound.request
        self.closed = inbound.closed

    def notification(self, upstream: str, method: str, params: JsonObject | None) -> None:
        if method == TOOLS_CHANGED:
            self._owner.look_again(upstream)
        self._inbound.notification(upstream, method, params)


def _same(old: UpstreamSpec, new: UpstreamSpec) -> bool:
    return old.fingerprint == new.fingerprint
