"""Opening a link to an upstream that speaks streamable HTTP: which era of the protocol it speaks, and the handshake."""

from __future__ import annotations

from typing import Final

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.upstream.handshake import HANDSHAKE_SEC, is_modern, refused, version_of
from mcp_gate.upstream.http import HttpLink
from mcp_gate.upstream.link import MODERN_VERSION, ClientHello, Inbound, ask, own_hello, own_meta
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.opener import Opener
from mcp_gate.wire.peer import Lost

DISCOVER_SEC: Final = 5.0


async def open_http(
    spec: UpstreamSpec, hello: ClientHello | None, inbound: Inbound, limits: Limits, opener: Opener | None = None
) -> HttpLink:
    """Connect and shake hands (see `link.open_link`)."""
    link = HttpLink(spec, inbound, limits, opener)
    try:
        if hello is None and await _discovered(link):
            return link
        await _handshake(link, hello if hello is not None else own_hello())
    except BaseException:
        await link.close()
        raise
    if hello is None:
        link.notify("notifications/initialized", None)
    return link


async def _discovered(link: HttpLink) -> bool:
    """Whether the upstream speaks the stateless protocol; if so the link does.

    Raises:
        Lost: it cannot be reached at all.
    """
    link.version = MODERN_VERSION
    try:
        hello = await ask(link, "server/discover", {"_meta": own_meta()}, DISCOVER_SEC)
    except RpcError:
        hello = {}
    except Lost as lost:
        if not lost.sent:
            raise
        hello = {}
    if is_modern(hello):
        link.hello = hello
        return True
    link.version = ""
    return False


async def _handshake(link: HttpLink, hello: ClientHello) -> None:
    """`initialize`.

    Raises:
        Lost: it failed; `Down` with what the upstream says of it.
    """
    try:
        link.hello = await ask(link, "initialize", hello.params(), HANDSHAKE_SEC)
    except RpcError as error:
        raise refused(error) from None
    except Lost as lost:
        raise Lost(lost.reason, sent=False) from None
    link.version = version_of(link.hello)
