"""The gate's own look at what upstreams list: at start, when one comes back, when one says that its list changed."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from mcp_gate.gate.gate import Gate
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import UPSTREAMS, ConfigError, Place, Problem
from mcp_gate.upstream.catalog import Observation, Why
from mcp_gate.upstream.listing import list_tools
from mcp_gate.wire.errors import METHOD_NOT_FOUND, RpcError
from mcp_gate.wire.peer import Lost

log = logging.getLogger(__name__)

REFUSED = frozenset({Why.COLLISION, Why.NAME})
"""Names with which the gate does not start."""


def observed(gate: Gate, upstream: str, tools: list[object]) -> Observation:
    """Compare a whole listing with what was accepted, and record what changed."""
    observation = gate.catalog.observe(upstream, tools)
    for change in observation.changes:
        gate.note(replace(change, fields={**change.fields, "policy_snapshot": gate.loaded.snapshot.id}))
    if observation.changes:
        gate.hub.publish({"event": "tool.changed", "upstream": upstream})
    return observation


async def refresh(gate: Gate, upstream: str) -> Observation | None:
    """List an upstream's tools over its shared connection; None if it cannot be asked now."""
    try:
        link = await gate.upstreams.shared(upstream)
        tools = await list_tools(link)
    except Lost as lost:
        log.warning("the tools of upstream %s are not known: %s", upstream, reveal(lost.reason))
        return None
    except RpcError as error:
        if error.code != METHOD_NOT_FOUND:
            log.warning("upstream %s does not list its tools: %s", upstream, error.code)
        return None
    link.learn(tools)
    return observed(gate, upstream, tools)


async def first_look(gate: Gate, seconds: float) -> None:
    """List every upstream that comes up in time.

    Raises:
        ConfigError: names collide, or are none that a client can be shown.
    """
    looks = [asyncio.ensure_future(refresh(gate, upstream)) for upstream in gate.loaded.upstreams]
    if not looks:
        return
    done, late = await asyncio.wait(looks, timeout=seconds)
    for look in late:
        look.add_done_callback(lambda f: f.cancelled() or f.exception())
    problems = []
    for look in done:
        observation = look.result()
        for tool in observation.withheld if observation is not None else ():
            if tool.why in REFUSED:
                what = "collides with another tool's" if tool.why is Why.COLLISION else "is not [A-Za-z0-9._-]{1,128}"
                message = f"the listed name '{reveal(tool.listed_name)}' of upstream '{tool.upstream}' {what}"
                problems.append(Problem(Place(UPSTREAMS, 1, 1), message, "give the upstream another prefix"))
    if problems:
        raise ConfigError(tuple(sorted(problems, key=str)))
