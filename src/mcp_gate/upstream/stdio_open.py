"""Opening a link to an upstream that is a child process: which era of the protocol it speaks, and the handshake."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.upstream.handshake import HANDSHAKE_SEC, is_modern, refused, version_of
from mcp_gate.upstream.launch import Vetting
from mcp_gate.upstream.link import MODERN_VERSION, ClientHello, Down, Inbound, Misbehaved, ask, own_hello, own_meta
from mcp_gate.upstream.reach import Reach
from mcp_gate.upstream.stdio import StdioLink
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.opener import Opener
from mcp_gate.wire.peer import Lost

DISCOVER_SEC: Final = 10.0
"""An upstream of the handshake era may say nothing at all to the question."""


async def open_stdio(
    spec: UpstreamSpec, hello: ClientHello | None, inbound: Inbound, limits: Limits, reach: Reach, vetting: Vetting,
    opener: Opener | None = None,
) -> StdioLink:  # fmt: skip
    """Start the child and shake hands (see `link.open_link`)."""

    async def started() -> StdioLink:
        link = StdioLink(spec, inbound, limits, opener)
        await link.start(spec, reach, vetting)
        return link

    link = await _own(started) if hello is None else None
    if link is None:
        link = await started()
        await _handshake(link, hello if hello is not None else own_hello())
        if hello is None:
            link.notify("notifications/initialized", None)
    try:
        await vetting.after()
    except BaseException:
        await link.close()
        raise
    return link


async def _own(started: Callable[[], Awaitable[StdioLink]]) -> StdioLink | None:
    """The gate's own link: the stateless protocol, or a handshake with the same process. None where the process took
    offence at being asked before the handshake: a fresh one may not.

    Raises:
        Misbehaved: it would do so again.
    """
    link = await started()
    try:
        if await _discovered(link):
            return link
        await _handshake(link, own_hello())
    except Lost:
        await link.close()
        if isinstance(link.ended, Misbehaved):
            raise link.ended from None
        return None
    except BaseException:
        await link.close()
        raise
    link.notify("notifications/initialized", None)
    return link


async def _discovered(link: StdioLink) -> bool:
    """Whether the upstream speaks the stateless protocol; if so the link does.

    Raises:
        Lost: the process is gone.
    """
    try:
        hello = await ask(link, "server/discover", {"_meta": own_meta()}, DISCOVER_SEC)
    except RpcError:
        return False
    except Lost:
        if not link.alive:
            raise
        return False
    if not is_modern(hello):
        return False
    link.version, link.hello = MODERN_VERSION, hello
    return True


async def _handshake(link: StdioLink, hello: ClientHello) -> None:
    """`initialize`.

    Raises:
        Down: it failed; the link is closed.
    """
    try:
        link.hello = await ask(link, "initialize", hello.params(), HANDSHAKE_SEC)
    except RpcError as error:
        await link.close()
        raise refused(error) from None
    except Lost as lost:
        died = link.ended
        await link.close()
        if isinstance(died, Misbehaved):
            raise died from None
        ended = link.ended if died is not None else None
        raise Down(lost.reason, ended.detail if ended is not None else "") from None
    except asyncio.CancelledError:
        await link.close()
        raise
    link.version = version_of(link.hello)
