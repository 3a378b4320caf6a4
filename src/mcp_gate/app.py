"""Puts the gate together and runs it: one process, one event loop, one writer."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from mcp_gate.annex.annex import Annex
from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.gate.checkpoints import Checkpoints
from mcp_gate.gate.clock import Clock
from mcp_gate.gate.directory import find_cache_directory, place_state
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.network import Refusals, note_unconfined
from mcp_gate.gate.programs import ProgramRecord
from mcp_gate.gate.redecide import redecide
from mcp_gate.gate.refresh import Looker, first_look
from mcp_gate.gate.reload import EVERY_SEC, Reloader
from mcp_gate.gate.revoking import revocations
from mcp_gate.gate.samples import look_at_lost
from mcp_gate.gate.sweep import sweep_forever
from mcp_gate.gate.tracing import finish, tracing
from mcp_gate.gate.vault import Vault
from mcp_gate.lang.collector import quieten
from mcp_gate.model.call import Call
from mcp_gate.model.config import SETTINGS, ConfigError
from mcp_gate.model.event import Event
from mcp_gate.notify.post import Post
from mcp_gate.policy.load import Loaded, load
from mcp_gate.scanning.scanner import Scanner
from mcp_gate.scanning.settings import options
from mcp_gate.store.database import Unavailable
from mcp_gate.store.store import CHECKPOINT_KEY, FILE_NAME, Store
from mcp_gate.upstream.manager import Upstreams

log = logging.getLogger(__name__)

FINISH_SEC: Final = 4.0
"""How long calls in flight may take to finish; what then has to be closed and killed ends within ten seconds of the
signal (contract 5, `stop`)."""
SWITCH_SEC: Final = 0.0005
"""How long the writer's thread may keep the loop waiting for the interpreter; the default is ten times that."""
ARENA_MAX: Final = -8
"""`M_ARENA_MAX` of <malloc.h>."""
IDLE_CHECK_SEC: Final = 1.0
FIRST_LOOK_SEC: Final = 10.0
"""How long the start waits for upstreams to list their tools; clients are served meanwhile."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where one gate lives."""

    directory: Path
    state: Path
    started_by_connect: bool = False
    look_sec: float = EVERY_SEC
    """How often the files of the directory are looked at."""


async def run(setting: Setting, loaded: Loaded) -> bool:
    """Serve until told to stop.

    Returns:
        Whether the person at the terminal interrupted it.

    Raises:
        ConfigError: nothing was served.
        Unavailable: the store cannot be opened, or another gate holds it.
    """
    _harden()
    sys.setswitchinterval(SWITCH_SEC)
    place_state(setting.state)
    async with AsyncExitStack() as stack:
        gate = await _open(stack, loaded, setting)
        gate.tracing = tracing(gate.id)
        stack.push_async_callback(finish, gate.tracing)
        reloader = Reloader(gate, setting.directory, setting.look_sec)
        interrupted = _obey_signals(gate, reloader)
        await _listen(stack, gate, setting.state)
        quieten()
        log.info("serving %s, policy %s", setting.directory, loaded.snapshot.id)
        checkpoints = Checkpoints(gate, await _kept(gate.store, CHECKPOINT_KEY, _secret))
        work = [
            first_look(gate, FIRST_LOOK_SEC), sweep_forever(gate), reloader.watch_forever(), checkpoints.keep_forever(),
            Post(gate).send_forever(),
        ]  # fmt: skip
        if setting.started_by_connect:
            work.append(_end_when_idle(gate))
        await _until_stopped(gate, work)
        await _wind_down(gate)
        await checkpoints.keep()
    return interrupted.is_set()


async def _open(stack: AsyncExitStack, loaded: Loaded, setting: Setting) -> Gate:
    """Store first: what it cannot record must not begin. Upstreams boot while the rest is put together."""
    clock = Clock()
    store = await Store.open(setting.state / FILE_NAME, clock=clock.wall, steady=clock.steady)
    stack.push_async_callback(store.close)
    await _record_policy(store, loaded)
    _at_hand(loaded)
    lost = await store.recover()  # after the levels: a call without an outcome counts against its agent
    gate = await _put_together(stack, store, loaded, setting, clock)
    await _take_up(gate, lost)
    return gate


async def _record_policy(store: Store, loaded: Loaded) -> None:
    """The policy that is in force from now on, with what it says of windows, levels and keys."""
    await store.windows.open(loaded.policy.windows)
    event = Event("policy.loaded", {"policy_snapshot": loaded.snapshot.id}, {"files": len(loaded.snapshot.files)})
    ladder = Ladder.of(loaded.autonomy, loaded.settings)
    await store.snapshot_loaded(
        loaded.snapshot.id, loaded.snapshot.digest, loaded.snapshot.files, event, ladder,
        await _revoked_meanwhile(store, loaded),
    )  # fmt: skip


async def _put_together(
    stack: AsyncExitStack, store: Store, loaded: Loaded, setting: Setting, clock: Clock
) -> Gate:  # fmt: skip
    """The gate with all its parts, whose upstreams begin to boot; the stack ends them."""
    upstreams = Upstreams(loaded.settings.limits, directory=setting.directory)
    stack.push_async_callback(upstreams.stop)
    cache = find_cache_directory(os.environ)
    scanner = Scanner(cache)
    stack.push_async_callback(scanner.close)
    annex = upstreams.opener = Annex(cache)
    stack.push_async_callback(annex.close)
    gate = Gate(
        loaded=loaded,
        store=store,
        upstreams=upstreams,
        clock=clock,
        scanner=scanner,
        id=await _kept(store, "gate_id", lambda: "g-" + os.urandom(8).hex()),
        key=bytes.fromhex(await _kept(store, "seal_key", _secret)),
        vault=Vault.at(setting.state),
        annex=annex,
    )
    await gate.quarantine.load()
    for upstream in loaded.upstreams:
        gate.load_pins(upstream, await store.accepted.pins(upstream))
    upstreams.on_tools = Looker(gate).look
    upstreams.on_refused = Refusals(gate).note
    ProgramRecord(gate).attach(upstreams.programs)
    note_unconfined(gate)
    await upstreams.start(loaded.upstreams, loaded.hosts)
    if loaded.outgoing.enabled:  # while they boot
        scanner.warm(options(loaded.outgoing.detection))
    return gate


async def _take_up(gate: Gate, lost: Sequence[Call]) -> None:
    """Go on with what an earlier gate left: requests, calls without an outcome, workflows."""
    for request in await gate.store.requests.unsettled():
        gate.queue.watch(request)
        if request.holds:
            gate.waiters.adopt(request.id)
    await look_at_lost(gate, lost)
    await redecide(gate)
    await gate.workflows.resume()


async def _revoked_meanwhile(store: Store, loaded: Loaded) -> tuple[Event, ...]:
    """Keys that were taken out of gate.yaml while no gate ran."""
    before = await store.accepted.last()
    if before is None or before.get(SETTINGS) == loaded.snapshot.files.get(SETTINGS):
        return ()
    try:
        return revocations(load(before).settings, loaded)
    except ConfigError:  # it is older than today's rules for files
        return ()


def _at_hand(loaded: Loaded) -> None:
    """Load what a call may need: once it does there may be no file left to open, and it would fail half done."""
    import_module("cryptography.hazmat.primitives.ciphers.aead")
    if any(one.keys for one in (loaded.settings.reviewers or {}).values()):
        import_module("cryptography.hazmat.primitives.serialization")


def _secret() -> str:
    return os.urandom(32).hex()


async def _kept(store: Store, name: str, make: Callable[[], str]) -> str:
    """A value that lives as long as the store."""
    found = await store.get_meta(name)
    if found is None:
        found = make()
        await store.put_meta(name, found)
    return found


async def _listen(stack: AsyncExitStack, gate: Gate, state: Path) -> None:
    """Open the doors; HTTP is imported only where it is asked for."""
    from mcp_gate.faces.http.serve import serve_review
    from mcp_gate.faces.mcp.socket import serve_agents

    await stack.enter_async_context(serve_agents(gate, state))
    await stack.enter_async_context(serve_review(gate, state))
    if gate.loaded.settings.listen_mcp is not None:
        from mcp_gate.faces.mcp.http import serve_mcp

        await stack.enter_async_context(serve_mcp(gate))


def _obey_signals(gate: Gate, reloader: Reloader) -> asyncio.Event:
    """Before the first door opens: from then on somebody may send one. Gives back what Ctrl-C sets."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reloader.request)
    loop.add_signal_handler(signal.SIGTERM, gate.stop)
    interrupted = asyncio.Event()

    def interrupt() -> None:
        interrupted.set()
        gate.stop()

    loop.add_signal_handler(signal.SIGINT, interrupt)
    return interrupted


async def _until_stopped(gate: Gate, work: list[Coroutine[None, None, None]]) -> None:
    """Run work in the background until the gate is to end. What fails of it ends the gate with its error."""
    stopped = asyncio.create_task(gate.stopped.wait())
    tasks = [asyncio.create_task(one) for one in work]
    waiting: set[asyncio.Task[Any]] = {stopped, *tasks}
    try:
        while not stopped.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting)


async def _end_when_idle(gate: Gate) -> None:
    """A gate that a client started ends by itself without clients and open requests (contract 9)."""
    idle_since = gate.clock.steady()
    while True:
        await asyncio.sleep(IDLE_CHECK_SEC)
        if gate.faces.clients or await _held(gate):
            idle_since = gate.clock.steady()
        elif gate.clock.steady() - idle_since > gate.loaded.settings.limits.idle_exit_sec:
            log.info("nobody is here any more")
            gate.stop()


async def _held(gate: Gate) -> bool:
    """Whether anything waits for people. A store that cannot tell holds nobody here: nothing can be recorded in it."""
    try:
        return any(request.holds for request in await gate.store.requests.unsettled())
    except Unavailable:
        return False


async def _wind_down(gate: Gate) -> None:
    """No new calls; calls in flight finish or are cancelled in time; what is on its way to the record gets there."""
    log.info("ending")
    await asyncio.gather(gate.running.finish(FINISH_SEC), gate.under_way.finish(FINISH_SEC))
    await gate.workflows.close()
    await gate.upstreams.stop()  # all at once: one that has to be killed costs seconds
    await gate.settle(1)


def _harden() -> None:
    """No core dumps, which would hold arguments and credentials; enough files; no more addresses than needed."""
    _share_one_heap()
    _keep_to_itself()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _share_one_heap() -> None:
    """The C library would set 64 MB of addresses aside for the heap of every thread, which a limit of 256 MB for the
    whole process does not bear. Other libraries than glibc know no such setting."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(ARENA_MAX, 1)


def _keep_to_itself() -> None:
    """What this process was given to hold reaches no upstream: uvloop closes nothing in the children it starts."""
    for fd in map(int, os.listdir("/dev/fd")):  # noqa: PTH208 -- numbers, no paths
        with contextlib.suppress(OSError):  # the listing's own is closed again
            os.set_inheritable(fd, fd <= 2)
