"""Keeps upstreams up: one supervised connection each that all share, and connections of their own for clients."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.upstream.launch import Unvetted, Vetting
from mcp_gate.upstream.link import ClientHello, Inbound, Link, open_link
from mcp_gate.upstream.programs import Programs, Vetted, why
from mcp_gate.upstream.reach import Reach
from mcp_gate.upstream.supervised import Health, State, Supervised, Tap
from mcp_gate.wire.opener import Opener
from mcp_gate.wire.peer import Lost

log = logging.getLogger(__name__)

FIRST_PAUSE_SEC: Final = 0.5
LONGEST_PAUSE_SEC: Final = 30.0


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
        self._shared: dict[str, Supervised] = {}
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
            self._shared[id_] = Supervised(spec, self)

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
        tap = Tap(inbound, self)
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
        return replace(found, state=State.CHANGED, error=why(spec.id, replaced))

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
                self._shared[id_] = Supervised(spec, self)

    def _placed(self, specs: Mapping[str, UpstreamSpec]) -> dict[str, UpstreamSpec]:
        """A process starts where nobody but the admin writes: the gate's own working directory may be an agent's."""
        started = {
            id_: str(self._directory / (spec.cwd or "")) for id_, spec in specs.items() if spec.command is not None
        }
        return {id_: replace(spec, cwd=started.get(id_)) for id_, spec in specs.items()}

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

    # ---- Owner of supervised connections

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


def _same(old: UpstreamSpec, new: UpstreamSpec) -> bool:
    return old.fingerprint == new.fingerprint
