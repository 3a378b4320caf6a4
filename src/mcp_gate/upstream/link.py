"""A live connection to an upstream, whatever carries it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.upstream.launch import Unvetted, Vetting
from mcp_gate.upstream.reach import NOWHERE, Reach
from mcp_gate.wire.message import RequestId
from mcp_gate.wire.opener import Opener
from mcp_gate.wire.peer import Lost

MODERN_VERSION: Final = "2026-07-28"
LEGACY_VERSION: Final = "2025-11-25"
GRACE_SEC: Final = 3.0
"""How long an upstream may take to heed that a request overran its time."""
MOST_QUESTIONS: Final = 100
"""Requests of one upstream under way; more are refused."""
NOTIFICATIONS_PER_SEC: Final = 200.0
"""Of one upstream; more are dropped."""
NOT_STARTED: Final = "it cannot be started"
OVERRAN: Final = "it took longer than it may"
"""The reason that an upstream is given."""


class Down(Lost):
    """A connection that did not come up, or is no more. Nothing that waits was sent.

    `reason` is fit for a client; `detail` is for the operator: revealed, it may quote what the upstream wrote to its
    standard error.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, sent=False)
        self.detail = detail or reason


class Misbehaved(Down):
    """The gate ended it: it broke the framing or a limit."""


class Inbound(Protocol):
    """Who hears what an upstream says of its own accord."""

    def notification(self, upstream: str, method: str, params: JsonObject | None) -> None:
        """Called synchronously, in the order of the wire, before any answer that followed is seen."""
        ...

    async def request(self, upstream: str, method: str, params: JsonObject | None) -> JsonObject:
        """A request of the upstream to the client; cancelled when the upstream withdraws it.

        Raises:
            RpcError: the client's own error, or that it cannot be asked.
        """
        ...

    def closed(self, upstream: str) -> None:
        """The connection ended; every request under way raises `Lost`."""
        ...


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client said of itself in its handshake; mirrored to the upstream as it is."""

    protocol_version: str
    capabilities: JsonObject
    client_info: JsonObject
    extra: JsonObject = field(default_factory=dict)
    """Other members of the params of `initialize`."""

    def params(self) -> JsonObject:
        """The params of `initialize`."""
        return {
            **self.extra,
            "protocolVersion": self.protocol_version,
            "capabilities": self.capabilities,
            "clientInfo": self.client_info,
        }


class Ticket(Protocol):
    """A request under way."""

    @property
    def id(self) -> RequestId: ...

    async def result(self) -> JsonObject:
        """Wait for the answer.

        Raises:
            RpcError: the upstream's own error.
            Lost: the connection ended; `sent` tells whether the upstream may have seen the request.
        """
        ...


class Link(Protocol):
    """One connection. All methods belong to the event loop that opened it."""

    upstream: str
    version: str
    """Protocol version agreed on."""
    hello: JsonObject
    """The whole result of `initialize` or `server/discover`."""
    alive: bool

    @property
    def ended(self) -> Lost | None:
        """Why it is no more; None while it is alive."""
        ...

    @property
    def modern(self) -> bool:
        """Whether it speaks the stateless protocol."""
        ...

    def request(self, method: str, params: JsonObject | None) -> Ticket:
        """Write a request now.

        Raises:
            Lost: the connection is closed; nothing was sent.
        """
        ...

    def cancel(self, ticket: Ticket, reason: str | None) -> None:
        """Tell the upstream that nobody waits any more, and forget the request."""
        ...

    def overran(self, ticket: Ticket) -> None:
        """Cancel a request that took longer than it may, and see to it that the upstream heeds that: within
        `GRACE_SEC` it has to show so, or what carries the request is ended."""
        ...

    def notify(self, method: str, params: JsonObject | None) -> None: ...

    def learn(self, tools: list[Json]) -> None:
        """Take note of listed tools (their schemas decide on headers over HTTP)."""
        ...

    async def close(self) -> None:
        """End it, and the process behind it."""
        ...


async def open_link(
    spec: UpstreamSpec,
    hello: ClientHello | None,
    inbound: Inbound,
    limits: Limits,
    reach: Reach = NOWHERE,
    vetting: Vetting | None = None,
    opener: Opener | None = None,
) -> Link:
    """Connect, and shake hands.

    Args:
        hello: the client to mirror; None for the gate's own connection, which prefers the stateless protocol.
        reach: what its process may reach over the network, where it is to be in a sandbox.
        vetting: whether what it runs may be started; None: whatever is there is.
        opener: reads what is large of what it says.

    Raises:
        Lost: it cannot be reached, or the handshake failed; the reason is fit for people.
    """
    if spec.command is not None:
        from mcp_gate.upstream.stdio_open import open_stdio

        return await open_stdio(spec, hello, inbound, limits, reach, vetting or Unvetted(), opener)
    from mcp_gate.upstream.http_open import open_http

    return await open_http(spec, hello, inbound, limits, opener)


def own_meta() -> JsonObject:
    """What every request of the gate's own bears in the stateless protocol."""
    from mcp_gate import __version__

    return {
        "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "mcp-gate", "version": __version__},
    }


def own_hello() -> ClientHello:
    """The gate's own handshake: it can do nothing, so that an upstream asks nothing of it."""
    from mcp_gate import __version__

    return ClientHello(LEGACY_VERSION, {}, {"name": "mcp-gate", "version": __version__})


async def ask(link: Link, method: str, params: JsonObject, seconds: float) -> JsonObject:
    """A request of the gate's own, with the envelope the connection's protocol needs.

    Raises:
        RpcError, Lost: as `Ticket.result`; `Lost` also when no answer came in time.
    """
    if link.modern:
        params = {**params, "_meta": {**params.get("_meta", {}), **own_meta()}}
    ticket = link.request(method, params)
    try:
        async with asyncio.timeout(seconds):
            return await ticket.result()
    except TimeoutError:
        link.cancel(ticket, "no answer in time")
        raise Lost(f"{method} was not answered within {seconds:g} s", sent=True) from None
    except asyncio.CancelledError:
        link.cancel(ticket, None)
        raise


async def answer_to(
    link: Link, method: str, params: JsonObject | None, limit: int | None = None,
    reason: Callable[[], str | None] = lambda: None,
) -> JsonObject:  # fmt: skip
    """Send a request; cancelling it here cancels it there.

    Args:
        limit: seconds that it may take.
        reason: gives the client's own when it was cancelled.

    Raises:
        TimeoutError: it took longer, and was ended there.
        RpcError, Lost: see `Link`.
    """
    ticket = link.request(method, params)
    try:
        async with asyncio.timeout(limit):
            return await ticket.result()
    except TimeoutError:
        link.overran(ticket)
        raise
    except asyncio.CancelledError:
        link.cancel(ticket, reason())
        raise
