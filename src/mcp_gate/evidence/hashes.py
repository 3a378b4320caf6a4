"""What an approval is bound to, as digests (contract 8)."""

from __future__ import annotations

from collections.abc import Iterable

from mcp_gate.lang.canonical import digest
from mcp_gate.model.call import Call
from mcp_gate.model.foreign import JsonObject


def tool_hash(tool: JsonObject) -> str:
    """Digest of the whole tool object as the upstream lists it; of `{}` for what has no definition.

    Raises:
        CanonicalError: the definition holds a value without canonical form.
    """
    return digest(tool)


def job_hash(
    agent: str, upstream: str, tool: str, tool_hash: str, topic: str, risk_tags: Iterable[str], arguments: JsonObject
) -> str:
    """Digest of who does what to which tool: identical calls, and only they, have the same.

    Raises:
        CanonicalError: the arguments hold a value without canonical form.
    """
    return digest(
        {
            "agent": agent,
            "upstream": upstream,
            "tool": tool,
            "tool_hash": tool_hash,
            "topic": topic,
            "risk_tags": sorted(risk_tags),
            "arguments": arguments,
        }
    )


def hash_of(call: Call) -> str:
    """The `job_hash` of a call as it is, whatever it says of itself.

    Raises:
        CanonicalError: as `job_hash`.
    """
    return job_hash(call.agent, call.upstream, call.tool, call.tool_hash, call.topic, call.risk_tags, call.arguments)
