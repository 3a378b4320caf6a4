"""Hot reload: a changed file or SIGHUP makes a new snapshot, swapped as one reference, or an alarm and the old one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Final

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.gate.directory import fingerprint, read_directory
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.network import note_unconfined
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.revoking import revocations, withdrawn
from mcp_gate.model.config import ConfigError, GateSettings
from mcp_gate.model.event import Event
from mcp_gate.policy.load import Loaded, load
from mcp_gate.scanning.settings import check_detectors
from mcp_gate.store.database import Unavailable
from mcp_gate.upstream.confine import confined

log = logging.getLogger(__name__)

EVERY_SEC: Final = 1.0
"""How often the files are looked at without being asked to."""
AT_START: Final = {"listen_mcp": "listen.mcp", "listen_review": "listen.review", "state_dir": "state_dir"}
"""Settings that a running gate does not take up, and their keys."""


class Reloader:
    """Watches one gate directory for one gate."""

    def __init__(self, gate: Gate, directory: Path, every: float = EVERY_SEC) -> None:
        self._gate = gate
        self._directory = directory
        self._every = every
        self._seen = fingerprint(directory)
        self._now = asyncio.Event()

    def request(self) -> None:
        """Look at once, whatever the times on the files say (SIGHUP)."""
        self._seen = ()
        self._now.set()

    async def watch_forever(self) -> None:
        """Look at intervals, and when asked to, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._now.wait()
            self._now.clear()
            seen = await asyncio.to_thread(fingerprint, self._directory)
            if seen != self._seen:
                self._seen = seen
                await self.reload()

    async def reload(self) -> None:
        """Read, check and swap; on any error the old snapshot stays in force and everybody is told."""
        gate = self._gate
        try:
            loaded = await asyncio.to_thread(_usable, self._directory)
            if loaded.snapshot.id == gate.loaded.snapshot.id:
                self._recovered()
                await self._redecide()
                return
            files = {"files": len(loaded.snapshot.files), "previous": gate.loaded.snapshot.id}
            event = Event("policy.loaded", {"policy_snapshot": loaded.snapshot.id}, files)
            await gate.store.windows.open(loaded.policy.windows)
            await gate.store.snapshot_loaded(
                loaded.snapshot.id, loaded.snapshot.digest, loaded.snapshot.files, event,
                Ladder.of(loaded.autonomy, loaded.settings), revocations(gate.loaded.settings, loaded),
            )  # fmt: skip
            added = set(loaded.upstreams) - set(gate.loaded.upstreams)
            pins = {upstream: await gate.store.accepted.pins(upstream) for upstream in added}
        except ConfigError as e:
            await self._refused(e)
            return
        except Unavailable as e:
            log.error("the new policy could not be recorded and is not in force: %s", e)
            self._seen = ()
            return
        for upstream, accepted in pins.items():
            gate.load_pins(upstream, accepted)
        before, gate.loaded = gate.loaded, loaded
        gate.store.windows.keep(loaded.policy.windows)
        _forget_renamed(gate, before)
        _tell_what_waits(before.settings, loaded.settings)
        self._recovered()
        note_unconfined(gate)
        await gate.upstreams.apply(loaded.upstreams, loaded.hosts)
        for upstream in loaded.upstreams:
            gate.upstreams.look_again(upstream)  # what is mapped now may be offered now
        gate.hub.publish({"event": "policy.loaded", "policy_snapshot": loaded.snapshot.id})
        await self._redecide(withdrawn(before.settings, loaded.settings))

    async def _redecide(self, without: frozenset[str] = frozenset()) -> None:
        """Held calls were decided under what no longer holds. What cannot be written now is tried again.

        Args:
            without: agents that may not come any more; what they wait for ends.
        """
        try:
            if without:
                await self._gate.withdraw(without)
            await redecide(self._gate)
        except Unavailable as e:
            log.error("held calls could not be decided anew: %s", e)
            self._seen = ()

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


def _usable(directory: Path) -> Loaded:
    """
    Raises:
        ConfigError: it is wrong, or this machine cannot serve it.
    """
    loaded = confined(load(read_directory(directory)))
    check_detectors(loaded.outgoing)
    return loaded


def _tell_what_waits(before: GateSettings, now: GateSettings) -> None:
    """What is read at the start alone goes on as it is; whoever changes it should not think otherwise."""
    changed = [key for name, key in AT_START.items() if getattr(before, name) != getattr(now, name)]
    if changed:
        log.warning("gate.yaml: what changed in %s counts from the next start", ", ".join(changed))


def _forget_renamed(gate: Gate, before: Loaded) -> None:
    """What is now listed under another prefix, or no longer listed, is not found under its old name."""
    for upstream, spec in before.upstreams.items():
        now = gate.loaded.upstreams.get(upstream)
        if now is None or now.prefix != spec.prefix:
            gate.catalog.forget(upstream)
