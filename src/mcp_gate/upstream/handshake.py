"""What both kinds of links make of the first answers of an upstream."""

from __future__ import annotations

from typing import Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.link import LEGACY_VERSION, MODERN_VERSION, Down
from mcp_gate.wire.errors import RpcError

HANDSHAKE_SEC: Final = 30.0
"""How long `initialize` may take."""
LONGEST_TOLD: Final = 200
"""Characters of what an upstream says of itself that its operator is told."""


def is_modern(hello: JsonObject) -> bool:
    """Whether an answer to `server/discover` says that it speaks the stateless protocol."""
    supported = hello.get("supportedVersions")
    return isinstance(supported, list) and MODERN_VERSION in supported


def version_of(hello: JsonObject) -> str:
    """The protocol version that an answer to `initialize` agrees on."""
    version = hello.get("protocolVersion")
    return version if isinstance(version, str) else LEGACY_VERSION


def refused(error: RpcError) -> Down:
    """The upstream answered `initialize` with an error: its words are for the operator alone, as they may tell what no
    client may know."""
    detail = f"it refused the handshake: {error.code} {reveal(error.message[:LONGEST_TOLD])}"
    return Down("the upstream refused the handshake", detail)
