"""The gate as its faces see it: one snapshot, one store, its upstreams, and who is waiting."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Awaitable, Mapping
from typing import assert_never

from mcp_gate.autonomy.level import Change
from mcp_gate.gate.aside import aside
from mcp_gate.gate.clock import Clock
from mcp_gate.gate.egress import egress
from mcp_gate.gate.execute import collectable
from mcp_gate.gate.faces import Faces
from mcp_gate.gate.figures import Targets
from mcp_gate.gate.glass import Glass
from mcp_gate.gate.governing import Governing
from mcp_gate.gate.hub import Hub
from mcp_gate.gate.identity import admit_local, agent_of_token
from mcp_gate.gate.inspections import Inspections
from mcp_gate.gate.job import Caller, Exchange, Job, Sender
from mcp_gate.gate.leaving.detecting import Scanner
from mcp_gate.gate.leaving.exits import Changed, Counts, Passed, Withheld
from mcp_gate.gate.path import perform
from mcp_gate.gate.presence import Presence
from mcp_gate.gate.promoting import Promoter
from mcp_gate.gate.purging import Purging
from mcp_gate.gate.quarantine import Quarantine
from mcp_gate.gate.queue import Queue
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.reviewing import Reviewing
from mcp_gate.gate.running import Running, UnderWay, Waiters
from mcp_gate.gate.seals import Seals
from mcp_gate.gate.sharing import Sharer
from mcp_gate.gate.taint import Taint
from mcp_gate.gate.terms import Annex
from mcp_gate.gate.tokens import TokenDesk
from mcp_gate.gate.tracing import Silent, Tracing, status_of
from mcp_gate.gate.vault import Vault
from mcp_gate.gate.workflows import Workflows
from mcp_gate.lang import strictjson
from mcp_gate.model.config import Problem
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Outcome
from mcp_gate.policy.load import Loaded
from mcp_gate.scanning.failed import ScanFailed
from mcp_gate.signals.describe import always_denied
from mcp_gate.store.store import Store
from mcp_gate.upstream.catalog import Accepted, Catalog
from mcp_gate.upstream.manager import Upstreams
from mcp_gate.upstream.prompts import Prompts
from mcp_gate.wire.message import Malformed
from mcp_gate.wire.opener import QUICK

log = logging.getLogger(__name__)


class Gate:
    """Everything a face may use. One object a process; `loaded` is swapped as one reference."""

    def __init__(
        self, *, loaded: Loaded, store: Store, upstreams: Upstreams, clock: Clock, scanner: Scanner, id: str,
        key: bytes, vault: Vault | None = None, annex: Annex | None = None,
    ) -> None:  # fmt: skip
        """
        Args:
            id: the gate's own id, kept in its store.
            vault: seals results that are withheld; without one its key is made of `key`.
            annex: reads and looks at what is large; without one it does not leave.
            key: secret of the gate for seals and samples, 32 bytes, kept in its store.
        """
        self.loaded = loaded
        self.store = store
        self.upstreams = upstreams
        self.catalog = self._catalog()
        self.prompts = Prompts(self._keep_pin)
        self.clock = clock
        self.scanner = scanner
        self.annex = annex
        self.id = id
        self.key = key
        self.seals = Seals(key)
        self.faces = Faces()
        self.hub = Hub()
        self.running = Running(collectable)
        self.under_way = UnderWay()
        self.waiters = Waiters(clock.steady)
        self.queue = Queue(self)
        self.tracing: Tracing = Silent()
        self.reviewing = Reviewing(self)
        self.governing = Governing(self)
        self.purging = Purging(self)
        self.glass = Glass(self)
        self.workflows = Workflows(self)
        self.vault = vault or Vault(hashlib.sha256(b"vault" + key).digest())
        self.quarantine = Quarantine(self)
        self.taint = Taint()
        self.tokens = TokenDesk(self)
        self.found: Counts = Counter()
        """What the output review found since the start."""
        self.inspections = Inspections(clock.steady)
        self.presence = Presence(clock.steady)
        self.sharer = Sharer(self)
        self.targets = Targets(self)
        self.promoter = Promoter(self)
        self.stale: tuple[Problem, ...] = ()
        """Why the files on disk are not the policy in force; empty when they are."""
        self.stopped = asyncio.Event()
        """Set when the gate is to end."""
        self.redeciding = asyncio.Lock()
        """Held while requests are decided anew: once for each reason."""
        self._later: set[asyncio.Future[None]] = set()
        store.agents.on_level_changed(self._level_changed)

    def _catalog(self) -> Catalog:
        """By the configuration that is in force whenever it is asked."""
        return Catalog(
            prefix=lambda upstream: self.loaded.upstreams[upstream].prefix,
            mapped=lambda upstream, tool: self.loaded.is_mapped(upstream, tool, "tools/call"),
            taken=lambda listed_name: listed_name in self.loaded.workflows,
            keep=self._keep_pin,
        )

    def stop(self) -> None:
        """Begin to end: no new calls from now on; who waits for a person is told to come again."""
        self.stopped.set()
        self.hub.wake()

    # ---- calls

    async def perform(self, job: Job, caller: Caller, exchange: Exchange, send: Sender) -> Outcome:
        """The path of a call (see `gate.path`)."""
        with self.tracing.call(job, caller) as span:
            outcome = await perform(self, job, caller, exchange, send)
            span.note(status=status_of(outcome))
            return outcome

    async def egress(self, method: str, payload: JsonObject) -> JsonObject | None:
        """What may leave of something that is not the result of a call; None: nothing."""
        seen = await egress(
            self.loaded, self.scanner, method, payload, counts=self.found, earlier=self.inspections, annex=self.annex
        )
        match seen:
            case Passed(out) | Changed(out, _):
                return out
            case Withheld():
                return None
            case _:
                assert_never(seen)

    async def kept(self, data: bytes) -> JsonObject:
        """A result or error that the gate kept, as it wrote it."""
        if self.annex is not None and len(data) > QUICK:
            try:
                return await self.annex.reread(data)
            except ScanFailed as e:
                log.error("what was kept has to be read on the spot: %s", e)
        found: JsonObject = await aside(len(data) > QUICK, strictjson.parse_upstream, data)
        return found

    def listed(self, agent: str, upstream: str, tool: str, method: str) -> bool:
        """Whether a thing is shown to an agent: not where the policy denies it whatever the arguments."""
        return not always_denied(self.loaded, agent, upstream, tool, method, self.store.agents.level(agent))

    # ---- who

    def admit(self, agent: str, token: str | None) -> str:
        """The agent behind a connection to the local socket.

        Raises:
            NotAdmitted: see `gate.identity`.
        """
        return admit_local(self.loaded.settings, agent, token)

    def agent_of_token(self, token: str) -> str:
        """The agent behind a bearer token.

        Raises:
            NotAdmitted: it belongs to none.
        """
        return agent_of_token(self.loaded.settings, token)

    async def withdraw(self, agents: frozenset[str]) -> None:
        """End everything that agents wait for who are no longer admitted, and their conversations.

        Raises:
            Unavailable: not all of it could be recorded.
        """
        for request in await self.store.requests.unsettled():
            if request.holds and request.call.agent in agents:
                await self.queue.cancel(request, "credential_revoked")
        for show_out in self.faces.shown_out:
            show_out(agents)

    # ---- the record

    def note(self, event: Event) -> None:
        """Write an event that no call waits for."""
        self.later(self.store.note(event))

    def malformed(self, agent: str | None, what: Malformed) -> None:
        """Record a message that never became a call."""
        fields: JsonObject = {} if agent is None else {"agent": agent}
        data: JsonObject = {"why": what.why.value, "size": what.size}
        if what.digest:
            data["digest"] = what.digest
        self.note(Event("security.malformed", {**fields, "policy_snapshot": self.loaded.snapshot.id}, data))

    def later(self, done: Awaitable[None]) -> None:
        """Let a write finish on its own; a failure is logged, for nobody waits to be told."""
        future = asyncio.ensure_future(done)
        self._later.add(future)
        future.add_done_callback(self._written)

    def _written(self, future: asyncio.Future[None]) -> None:
        self._later.discard(future)
        if not future.cancelled() and (error := future.exception()) is not None:
            log.error("a record could not be written: %s", error)

    async def settle(self, timeout: float) -> None:
        """Wait for writes under way, and those that follow from them, at most `timeout` seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while self._later and (left := end - loop.time()) > 0:
            await asyncio.wait(self._later, timeout=left)

    def load_pins(self, upstream: str, pins: Mapping[str, Accepted]) -> None:
        """What was accepted of an upstream earlier. All keys but those of tools hold a space."""
        self.catalog.load(upstream, {name: pin for name, pin in pins.items() if " " not in name})
        self.prompts.load(upstream, pins)
        self.upstreams.programs.load(upstream, pins)

    def _keep_pin(self, upstream: str, tool: str, pin: Accepted) -> None:
        self.later(self.store.accepted.pin(upstream, tool, pin.tool_hash, pin.definition, None))

    def _level_changed(self, agent: str, change: Change) -> None:
        """The agent may see other tools now, and what it waits for is decided anew."""
        log.info("agent %s is at level %d now: %s", agent, change.now, change.cause.value)
        self.hub.publish({"event": "agent.level_changed", "agent": agent, **change.as_json()})
        self.later(redecide(self))
