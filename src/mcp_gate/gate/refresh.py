"""The gate's own look at what upstreams list: at start, when one comes back, when one says that its list changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mcp_gate.evidence.hashes import tool_hash
from mcp_gate.gate.job import Job
from mcp_gate.gate.redecide import redecide
from mcp_gate.lang.canonical import CanonicalError
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import ConfigError, Problem
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.catalog import Observation, Why, Withheld
from mcp_gate.upstream.link import Link
from mcp_gate.upstream.listing import list_tools, named
from mcp_gate.wire.errors import METHOD_NOT_FOUND, RpcError
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

PAUSE_SEC: Final = 0.5
REFUSED = frozenset({Why.COLLISION, Why.NAME})
"""Names with which the gate does not start."""


def observed(gate: Gate, upstream: str, tools: list[object]) -> Observation:
    """Compare a whole listing with what was accepted, and record what changed."""
    observation = gate.catalog.observe(upstream, tools)
    _record(gate, upstream, observation.changes)
    return observation


def _record(gate: Gate, upstream: str, changes: tuple[Event, ...]) -> None:
    for change in changes:
        gate.note(replace(change, fields={**change.fields, "policy_snapshot": gate.loaded.snapshot.id}))
    if changes:
        gate.hub.publish({"event": "tool.changed", "upstream": upstream})
        gate.later(redecide(gate))


def accepted_prompts(gate: Gate, upstream: str, prefix: str, prompts: list[JsonObject]) -> list[JsonObject]:
    """Those of some listed prompts whose definition is the accepted one; changes are recorded."""
    judged = [(prompt, *gate.prompts.judge(upstream, prefix, prompt)) for prompt in prompts]
    _record(gate, upstream, tuple(change for _, _, change in judged if change is not None))
    return [prompt for prompt, accepted, _ in judged if accepted]


async def refresh(gate: Gate, upstream: str) -> Observation | None:
    """List an upstream's tools over its shared connection; None if it cannot be asked now. Why not is shown with the
    upstream's health."""
    try:
        link = await gate.upstreams.shared(upstream)
    except Lost as lost:
        log.warning("the tools of upstream %s are not known: %s", upstream, reveal(lost.reason))
        return None
    try:
        tools = await list_tools(link)
    except Lost as lost:
        gate.upstreams.blame(upstream, f"its tools are not known: {reveal(lost.reason)}")
        return None
    except RpcError as error:
        if error.code != METHOD_NOT_FOUND:
            gate.upstreams.blame(upstream, f"it does not list its tools: error {error.code}")
        return None
    gate.upstreams.blame(upstream, "")
    if upstream not in gate.loaded.upstreams:
        return None
    link.learn(tools)
    _record(gate, upstream, gate.catalog.missing(upstream, tools))
    return observed(gate, upstream, tools)


async def defined_now(gate: Gate, link: Link, job: Job) -> str:
    """The digest of a tool's definition as its upstream lists it right now; "" if it is not listed. One that changed
    is withheld from then on, as if its list had been asked for.

    Raises:
        RpcError, Lost: the upstream cannot be asked.
    """
    tools = await list_tools(link)
    definition = named(tools, job.tool)
    try:
        digest = "" if definition is None else tool_hash(definition)
    except CanonicalError:
        digest = ""
    if digest != job.tool_hash:
        observed(gate, link.upstream, tools)
    return digest


@contextmanager
def before_the_call() -> Iterator[None]:
    """While a tool's definition is asked for: whatever goes wrong, the call itself was not sent.

    Raises:
        Lost: the upstream cannot be asked.
    """
    try:
        yield
    except RpcError as e:
        raise Lost(f"its definition cannot be read: error {e.code}", sent=False) from None
    except Lost as lost:
        raise Lost(lost.reason, sent=False) from None


class Looker:
    """Looks when it is told that tools changed: at once, and then at most twice a second however often it is told."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._wanted: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def look(self, upstream: str) -> None:
        """Look at an upstream's tools soon; returns at once."""
        self._wanted.add(upstream)
        if upstream not in self._tasks:
            self._tasks[upstream] = asyncio.get_running_loop().create_task(self._looks(upstream))

    async def _looks(self, upstream: str) -> None:
        try:
            while upstream in self._wanted:
                self._wanted.discard(upstream)
                await refresh(self._gate, upstream)
                await asyncio.sleep(PAUSE_SEC)
        except Exception:
            log.exception("looking at the tools of upstream %s failed", upstream)
        finally:
            del self._tasks[upstream]


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
                what = _collision(gate, tool) if tool.why is Why.COLLISION else "is not [A-Za-z0-9._-]{1,128}"
                message = f"the listed name '{reveal(tool.listed_name)}' of upstream '{tool.upstream}' {what}"
                place = gate.loaded.upstreams[tool.upstream].place
                problems.append(Problem(place, message, "give the upstream another prefix"))
    if problems:
        raise ConfigError(tuple(sorted(problems, key=str)))


def _collision(gate: Gate, tool: Withheld) -> str:
    return f"collides with {'a workflow' if tool.listed_name in gate.loaded.workflows else 'another tool'}'s"
