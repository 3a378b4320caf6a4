"""Hot reload: a changed file or SIGHUP makes a new snapshot, swapped as one reference, or an alarm and the old one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import Final

from mcp_gate.evidence.hashes import job_hash
from mcp_gate.gate import clock, events
from mcp_gate.gate.directory import fingerprint, read_directory
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.hold import new_request
from mcp_gate.gate.receive import forbidden, signals_of
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call, Facts
from mcp_gate.model.config import ConfigError
from mcp_gate.model.decision import Decision
from mcp_gate.model.event import Event
from mcp_gate.model.request import Request
from mcp_gate.policy.load import Loaded, load
from mcp_gate.signals.describe import describe
from mcp_gate.signals.recorded import attributes_json, signals_json
from mcp_gate.signals.windows import Deed
from mcp_gate.store.database import Unavailable

log = logging.getLogger(__name__)

EVERY_SEC: Final = 1.0


class Reloader:
    """Watches one gate directory for one gate."""

    def __init__(self, gate: Gate, directory: Path) -> None:
        self._gate = gate
        self._directory = directory
        self._seen = fingerprint(directory)
        self._now = asyncio.Event()

    def request(self) -> None:
        """Look at once, whatever the times on the files say (SIGHUP)."""
        self._seen = ()
        self._now.set()

    async def watch_forever(self) -> None:
        """Look every second until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._now.wait(), EVERY_SEC)
            self._now.clear()
            seen = await asyncio.to_thread(fingerprint, self._directory)
            if seen != self._seen:
                self._seen = seen
                await self.reload()

    async def reload(self) -> None:
        """Read, check and swap; on any error the old snapshot stays in force and everybody is told."""
        gate = self._gate
        try:
            loaded = await asyncio.to_thread(lambda: load(read_directory(self._directory)))
            if loaded.snapshot.id == gate.loaded.snapshot.id:
                self._recovered()
                return
            files = {"files": len(loaded.snapshot.files), "previous": gate.loaded.snapshot.id}
            event = Event("policy.loaded", {"policy_snapshot": loaded.snapshot.id}, files)
            await gate.store.open_windows(loaded.policy.windows)
            await gate.store.snapshot_loaded(
                loaded.snapshot.id, loaded.snapshot.digest, loaded.snapshot.files, event
            )
            added = set(loaded.upstreams) - set(gate.loaded.upstreams)
            pins = {upstream: await gate.store.pins(upstream) for upstream in added}
        except ConfigError as e:
            await self._refused(e)
            return
        except Unavailable as e:
            log.error("the new policy could not be recorded and is not in force: %s", e)
            self._seen = ()
            return
        for upstream, accepted in pins.items():
            gate.catalog.load(upstream, accepted)
        before, gate.loaded = gate.loaded, loaded
        gate.store.keep_windows(loaded.policy.windows)
        _forget_renamed(gate, before)
        self._recovered()
        await gate.upstreams.apply(loaded.upstreams)
        for upstream in loaded.upstreams:
            gate.upstreams.look_again(upstream)  # what is mapped now may be offered now
        gate.hub.publish({"event": "policy.loaded", "policy_snapshot": loaded.snapshot.id})
        await redecide(gate)

    def _recovered(self) -> None:
        if self._gate.stale:
            self._gate.stale = ()
            self._gate.hub.publish({"event": "policy.loaded", "policy_snapshot": self._gate.loaded.snapshot.id})

    async def _refused(self, error: ConfigError) -> None:
        gate = self._gate
        gate.stale = error.problems
        log.error("the changed files are not in force:\n%s", error)
        data = {"errors": [problem.as_json() for problem in error.problems[:20]]}
        gate.note(Event("policy.refused", {"policy_snapshot": gate.loaded.snapshot.id}, data))
        gate.hub.publish({"event": "policy.refused", "policy_snapshot": gate.loaded.snapshot.id})


def _forget_renamed(gate: Gate, before: Loaded) -> None:
    """What is listed under another prefix now, or no more, is not found under its old name."""
    for upstream, spec in before.upstreams.items():
        now = gate.loaded.upstreams.get(upstream)
        if now is None or now.prefix != spec.prefix:
            gate.catalog.forget(upstream)


async def redecide(gate: Gate) -> None:
    """Decide every open request again under the snapshot in force: void the old one, open a new one.

    What the new policy denies gets no new request; its waiting client decides again and is told. A milder policy does
    not undo that a person was asked.
    """
    for request in await gate.store.open_requests():
        if request.policy_snapshot != gate.loaded.snapshot.id:
            await gate.supersede(request, "policy_changed")
            await _reopen(gate, request)


async def _reopen(gate: Gate, request: Request) -> None:
    loaded = gate.loaded
    call = _described_again(loaded, request.call, gate.clock.wall())
    if call is None:
        return
    signals = signals_of(loaded, gate.store, Deed.of(call), call.job_hash, call.claims)
    call = replace(call, signals=signals_json(signals))
    facts = Facts(
        call.agent, call.upstream, call.tool,
        describe(loaded, call.upstream, call.tool, call.method, call.arguments), call.arguments, signals,
    )  # fmt: skip
    verdict = loaded.policy.decide(facts)
    if verdict.decision is Decision.DENY:
        return
    verdict = verdict.raised(Decision.REQUIRE_APPROVAL)
    over = forbidden(verdict.constraints, facts, call.id)
    fresh = new_request(call, verdict, gate.clock.steady(), over)
    common = events.members(call, verdict.policy_snapshot)
    written = [
        events.received(common, call),
        events.decided(common, verdict),
        events.request_event("request.opened", common, fresh.id, {"group": fresh.group, "supersedes": request.id}),
    ]
    cap = loaded.settings.limits.pending_per_agent
    await gate.store.open_request(call, fresh, written, cap=cap)
    gate.waiters.adopt(fresh.id)
    gate.announce("request.opened", fresh)


def _described_again(loaded: Loaded, call: Call, now: float) -> Call | None:
    """The same call under today's mapping; None when its upstream is gone."""
    if call.upstream not in loaded.upstreams:
        return None
    description = describe(loaded, call.upstream, call.tool, call.method, call.arguments)
    tags = tuple(sorted(description.risk_tags))
    digest = job_hash(
        agent=call.agent, upstream=call.upstream, tool=call.tool, tool_hash=call.tool_hash,
        topic=description.topic, risk_tags=tags, arguments=call.arguments,
    )  # fmt: skip
    return replace(
        call, id=clock.call_id(now), ts=rfc3339(now), topic=description.topic, risk_tags=tags, job_hash=digest,
        attributes=attributes_json(description.attributes),
    )  # fmt: skip
