"""Facts of the MCP protocol that a relay needs: versions, reserved keys, the envelope of the stateless era."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.outcome import META_PREFIX
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError
from mcp_gate.wire.tracecontext import context_of

MODERN_VERSION: Final = "2026-07-28"
HANDSHAKE_VERSIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""Oldest first."""

VERSION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY: Final = "io.modelcontextprotocol/clientCapabilities"
CLIENT_INFO_KEY: Final = "io.modelcontextprotocol/clientInfo"
LOG_LEVEL_KEY: Final = "io.modelcontextprotocol/logLevel"
SUBSCRIPTION_KEY: Final = "io.modelcontextprotocol/subscriptionId"
SERVER_INFO_KEY: Final = "io.modelcontextprotocol/serverInfo"
TASKS_EXTENSION: Final = "io.modelcontextprotocol/tasks"

UNSUPPORTED_VERSION: Final = -32022
"""The protocol's own code: `data` names what is supported and what was requested."""

INPUT_METHODS: Final = frozenset({"tools/call", "prompts/get", "resources/read"})
"""What may answer `input_required` in the stateless era."""


class Era(Enum):
    """One connection, one era."""

    UNDECIDED = "undecided"
    LEGACY = "legacy"
    MODERN = "modern"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every request of the stateless era says of its client."""

    version: str
    capabilities: JsonObject


def with_meta(payload: JsonObject, name: str, value: Json) -> JsonObject:
    """A result, or params, with one more member in its `_meta`; what is not an object there is replaced."""
    meta = payload.get("_meta")
    return {**payload, "_meta": {**(meta if isinstance(meta, dict) else {}), name: value}}


def meta_of(params: JsonObject | None) -> JsonObject:
    """The request's `_meta`, empty if it has none.

    Raises:
        RpcError: -32602, it is not an object.
    """
    meta = (params or {}).get("_meta")
    if meta is None:
        return {}
    if type(meta) is not dict:
        raise RpcError(INVALID_PARAMS, "Invalid params: _meta is not an object")
    return meta


def envelope_of(meta: JsonObject) -> Envelope | None:
    """The envelope of the stateless era; None: the request bears none.

    Raises:
        RpcError: -32602, it is not whole.
    """
    if VERSION_KEY not in meta:
        return None
    version, capabilities = meta[VERSION_KEY], meta.get(CAPABILITIES_KEY)
    if type(version) is not str:
        raise RpcError(INVALID_PARAMS, f"Invalid params: _meta[{VERSION_KEY!r}] is not a string")
    if type(capabilities) is not dict:
        raise RpcError(INVALID_PARAMS, f"Invalid params: _meta[{CAPABILITIES_KEY!r}] is missing or not an object")
    return Envelope(version, capabilities)


def unsupported(requested: Json, supported: tuple[str, ...]) -> RpcError:
    """The refusal of a protocol version."""
    data: JsonObject = {"supported": list(supported)}
    if isinstance(requested, str):
        data["requested"] = requested
    return RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", data)


def forwarded_meta(meta: JsonObject) -> JsonObject:
    """`_meta` as it may go upstream: without the gate's own keys and without the client's progress token."""
    return {k: v for k, v in meta.items() if k != "progressToken" and not k.startswith(META_PREFIX)}


def protocols_own(meta: JsonObject) -> JsonObject:
    """The part of `_meta` that says nothing about what is to be done: the envelope, and the trace."""
    envelope = (VERSION_KEY, CAPABILITIES_KEY, CLIENT_INFO_KEY, LOG_LEVEL_KEY)
    return {key: meta[key] for key in envelope if key in meta} | context_of(meta)


def text_of(params: JsonObject | None, name: str) -> str:
    """A member that has to be a string.

    Raises:
        RpcError: -32602, it is not.
    """
    value = (params or {}).get(name)
    if type(value) is not str:
        raise RpcError(INVALID_PARAMS, f"Invalid params: {name} is not a string")
    return value


def object_of(params: JsonObject | None, name: str) -> JsonObject:
    """A member that is an object, empty where it is null or missing.

    Raises:
        RpcError: -32602, it is something else.
    """
    value = (params or {}).get(name)
    if value is None:
        return {}
    if type(value) is not dict:
        raise RpcError(INVALID_PARAMS, f"Invalid params: {name} is not an object")
    return value
