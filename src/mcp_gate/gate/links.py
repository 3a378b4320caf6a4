"""The upstream connections of one conversation: its own in the handshake era, shared ones in the stateless era."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Protocol

from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.link import ClientHello, Inbound, Link
from mcp_gate.upstream.supervised import State
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

UP_SEC: Final = 10.0
"""How long a client waits for an upstream to come up; after that the upstream is left out until it is there."""
BACK_SEC: Final = 2.0
"""How long a call waits for an upstream that is down to come back."""
STEADY_SEC: Final = 5.0
BACKOFF_SEC: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Links(Protocol):
    """How a conversation reaches upstreams."""

    async def get(self, upstream: str, *, patient: bool = True) -> Link:
        """A live connection.

        Args:
            patient: whether to wait a little also for an upstream that is known to be down.

        Raises:
            Lost: there is none within 10 s; nothing was sent.
        """
        ...

    async def close(self) -> None: ...


async def all_up(gate: Gate, links: Links) -> list[Link]:
    """The upstreams that are up, or come up within 10 s if they never failed, in the order of `upstreams.yaml`."""
    names = list(gate.loaded.upstreams)
    found = await asyncio.gather(*(links.get(name, patient=False) for name in names), return_exceptions=True)
    up: list[Link] = []
    for name, link in zip(names, found, strict=True):
        if isinstance(link, Lost):
            log.warning("upstream %s is left out: %s", name, link.reason)
        elif isinstance(link, BaseException):
            raise link
        else:
            up.append(link)
    return up


class SharedLinks:
    """The connections that all clients of the stateless era share."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def get(self, upstream: str, *, patient: bool = True) -> Link:
        upstreams = self._gate.upstreams
        down = any(h.upstream == upstream and h.state is State.DOWN for h in upstreams.health())
        if down and not patient:
            raise Lost(f"upstream '{upstream}' is down", sent=False)
        try:
            async with asyncio.timeout(BACK_SEC if down else UP_SEC):
                return await upstreams.shared(upstream)
        except TimeoutError:
            raise Lost(f"upstream '{upstream}' is not up", sent=False) from None

    async def close(self) -> None:
        """They belong to the gate."""


class OwnLinks:
    """Connections opened for one client, with its own capabilities, and opened again when they end."""

    def __init__(self, gate: Gate, hello: ClientHello, inbound: Inbound, on_late: Callable[[], None]) -> None:
        """
        Args:
            on_late: called when an upstream comes up after the client stopped waiting for it, or comes back.
        """
        self._gate = gate
        self._hello = hello
        self._inbound = inbound
        self._on_late = on_late
        self._own: dict[str, _Own] = {}
        self._closed = False
        self._initialized = False

    async def get(self, upstream: str, *, patient: bool = True) -> Link:
        if self._closed or upstream not in self._gate.loaded.upstreams:
            raise Lost(f"upstream '{upstream}' is not there", sent=False)
        if upstream not in self._own:
            self.start()
        return await self._own[upstream].get()

    def start(self) -> None:
        """Begin to open every upstream's connection."""
        for upstream in self._gate.loaded.upstreams:
            if upstream not in self._own:
                self._own[upstream] = _Own(upstream, self._open, self._gate.upstreams.rest, self._on_late)

    async def _open(self, upstream: str) -> Link:
        link = await self._gate.upstreams.open(upstream, self._hello, self._inbound)
        if self._initialized:
            link.notify("notifications/initialized", None)
        return link

    def initialized(self) -> None:
        """The client finished its handshake: so do we."""
        if not self._initialized:
            self._initialized = True
            self.notify("notifications/initialized", None)

    def notify(self, method: str, params: JsonObject | None) -> None:
        """Tell every upstream that is up."""
        for upstream in self._own:
            self.notify_one(upstream, method, params)

    def notify_one(self, upstream: str, method: str, params: JsonObject | None) -> None:
        """Tell one upstream, if it is up."""
        own = self._own.get(upstream)
        if own is not None and own.link is not None and own.link.alive:
            own.link.notify(method, params)

    def ended(self, upstream: str) -> None:
        """A connection ended; it is opened again, unless the gate ends, too."""
        if upstream in self._own and not self._gate.stopped.is_set():
            self._own[upstream].ended()

    async def follow(self) -> None:
        """After a reload: close what is gone, open what is new."""
        gone = [upstream for upstream in self._own if upstream not in self._gate.loaded.upstreams]
        await asyncio.gather(*(self._own.pop(upstream).close() for upstream in gone))
        if not self._closed:
            self.start()

    async def close(self) -> None:
        self._closed = True
        owned, self._own = list(self._own.values()), {}
        await asyncio.gather(*(own.close() for own in owned), return_exceptions=True)


class _Own:
    """One connection, kept up by a task of its own."""

    def __init__(
        self,
        upstream: str,
        connect: Callable[[str], Awaitable[Link]],
        rest: Callable[[str, float], Awaitable[None]],
        on_late: Callable[[], None],
    ) -> None:
        self._upstream = upstream
        self._connect = connect
        self._rest = rest
        self._on_late = on_late
        self.link: Link | None = None
        self._changed = asyncio.Event()
        self._why = "it is still starting"
        self._failed = asyncio.Event()
        self._task = asyncio.create_task(self._keep())

    async def get(self) -> Link:
        """Waits while the first attempt is under way; after a failure it answers at once."""
        if self.link is None or not self.link.alive:
            up = asyncio.ensure_future(self._wait_up())
            failed = asyncio.ensure_future(self._failed.wait())
            try:
                await asyncio.wait((up, failed), timeout=UP_SEC, return_when=asyncio.FIRST_COMPLETED)
            finally:
                up.cancel()
                failed.cancel()
        if self.link is None or not self.link.alive:
            raise Lost(f"upstream '{self._upstream}' is not up: {self._why}", sent=False)
        return self.link

    async def _wait_up(self) -> None:
        while self.link is None or not self.link.alive:
            self._changed.clear()
            await self._changed.wait()

    def ended(self) -> None:
        self._changed.set()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait((self._task,))
        if self.link is not None:
            await self.link.close()

    async def _keep(self) -> None:
        """Open, wait for the end, open again; what fails or ends soon is tried again after longer and longer times."""
        loop = asyncio.get_running_loop()
        failures, late, began = 0, False, loop.time()
        while True:
            opened = loop.time()
            link = await self._open()
            if link is not None:
                if late or loop.time() - began > UP_SEC:
                    self._on_late()
                await self._until_ended(link)
            late = True
            failures = 0 if link is not None and loop.time() - opened > STEADY_SEC else failures + 1
            if failures:
                await self._rest(self._upstream, BACKOFF_SEC[min(failures, len(BACKOFF_SEC)) - 1])

    async def _open(self) -> Link | None:
        try:
            self.link = await self._connect(self._upstream)
        except Exception as e:
            self._why = e.reason if isinstance(e, Lost) else type(e).__name__
            log.warning("upstream %s did not open: %s", self._upstream, self._why)
            self._failed.set()
            return None
        self._failed.clear()
        self._changed.set()
        return self.link

    async def _until_ended(self, link: Link) -> None:
        while link.alive:
            self._changed.clear()
            if link.alive:
                await self._changed.wait()
