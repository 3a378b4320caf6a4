"""Who writes: one thread, into whose next transaction goes everything queued while a commit runs; and for a lone body
the event loop itself, which saves waking two threads.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from mcp_gate.store.commits import Begun, Commits, Job
from mcp_gate.store.database import Unavailable, Watch
from mcp_gate.store.live import is_busy
from mcp_gate.store.tally import Tally

log = logging.getLogger(__name__)

GROUP: Final = 512
"""Most bodies in one transaction: bounds how long the first of them waits for the last."""

AT_ONCE: Final = 400
"""Commits in the event loop, before the thread writes the log back into the file: a commit that does so is long."""

SLOW_SEC: Final = 0.003
RESPITE: Final = 10
"""After a commit in the event loop that took this long there is none there for this many times as long: the disk, or
the machine, is busy with other things."""

RETRY_SEC: Final = 1.0
"""How soon an outcome that could not be written is tried again when nothing else is."""


class Writer:
    """Owns the writing connection. `put`, `at_once` and `close` belong to the event loop, the rest to whoever has the
    turn: the thread, or for a lone body the loop.
    """

    def __init__(
        self, path: Path, now: Callable[[], str], loop: asyncio.AbstractEventLoop, moved: Watch, tally: Tally
    ) -> None:
        self._tally = tally
        self._loop = loop
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._turn = threading.Lock()
        """Held by whoever uses the connection, and all that follows from what is done with it."""
        self._given = 0
        """Bodies put into the queue."""
        self._taken = 0
        """Those of them that have run."""
        self._at_once = 0
        """Commits in the event loop since the log was written back."""
        self._slow_until = 0.0
        self._commits = Commits(path, now, moved, tally)
        self._owed: list[Job] = []
        """Lazy bodies whose transaction failed; they go first in the next one."""
        self._ended = loop.create_future()
        self._thread = threading.Thread(target=self._run, name="mcp-gate-store", daemon=True)

    def start(self) -> None:
        """Open the file and begin; call from a thread that may wait.

        Raises:
            Unavailable, OSError, sqlite3.Error
        """
        self._commits.live.open()
        self._thread.start()

    def put(self, job: Job) -> None:
        """Queue a transaction for the thread."""
        self._given += 1
        self._queue.put(job)

    def at_once(self, jobs: list[Job]) -> bool:
        """Run and commit here and now, if nobody is before them: two threads less to wake, a tenth of a millisecond.
        False: nothing was done, for there is something to wait for, and waiting is the thread's business.
        """
        if self._at_once >= AT_ONCE or time.monotonic() < self._slow_until:
            return False
        if not self._turn.acquire(blocking=False):
            return False
        try:
            begun = self._begun_at_once() if self._given == self._taken else None
            if begun is None:
                return False
            started = time.monotonic()
            settled = self._transact(jobs, begun)
            owed, self._owed = self._owed, []
            self._at_once += 1
            ended = time.monotonic()
            if ended - started > SLOW_SEC:
                self._slow_until = ended + RESPITE * (ended - started)
        finally:
            self._turn.release()
        for job in owed:
            self.put(job)  # the thread tries it again; it waits for nothing else
        _resolve(settled)
        return True

    def _begun_at_once(self) -> Begun | None:
        if not self._commits.live.is_open:
            return None  # to open the file may take long
        try:
            return self._commits.begin(patient=False)
        except (sqlite3.Error, OSError, Unavailable):
            self._commits.live.roll_back()  # the thread finds the same, and deals with it
            return None

    @property
    def commits(self) -> int:
        """Transactions committed since the start."""
        return self._commits.count

    @property
    def generation(self) -> int:
        """Rises whenever the file is opened anew."""
        return self._commits.live.generation

    async def close(self) -> None:
        """Write what is queued, then end the thread."""
        self._queue.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    # -- the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            more = True
            while more:
                group, more = self._next_group()
                with self._turn:
                    self._taken += len(group)
                    settled = self._transact(group)
                self._settle(settled)
                if self._at_once >= AT_ONCE or any(job.heavy for job in group):
                    with self._turn:
                        self._at_once = 0
                        self._commits.live.write_back()
        finally:
            left = [*self._owed, *self._drain()]
            for job in left:
                job.error = Unavailable("the store was closed")
            self._settle(left)
            self._commits.live.abandon()
            with suppress(RuntimeError):  # the loop may be gone
                self._loop.call_soon_threadsafe(self._ended.set_result, None)

    def _next_group(self) -> tuple[list[Job], bool]:
        """Wait for work, then take all there is; False when asked to end. Nothing: what is owed is due."""
        try:
            first = self._queue.get(timeout=RETRY_SEC if self._owed else None)
        except queue.Empty:
            return [], True
        if first is None:
            return [], False
        group = [first]
        while len(group) < GROUP:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return group, False
            group.append(job)
        return group, True

    def _drain(self) -> list[Job]:
        out = []
        with suppress(queue.Empty):
            while True:
                job = self._queue.get_nowait()
                if job is not None:
                    out.append(job)
        return out

    def _transact(self, group: list[Job], begun: Begun | None = None) -> list[Job]:
        """Run the bodies in one transaction and commit it; returns the jobs that are settled."""
        jobs = [*self._owed, *group]
        if not jobs:
            return []
        self._owed = []
        try:
            effects = self._commits.run(jobs, begun)
        except (sqlite3.Error, OSError, Unavailable) as error:
            return self._failed(jobs, error)
        if self._tally.trouble:
            log.warning("the store can write again")
            self._tally.trouble = ""
        for effect in effects:
            effect()
        return jobs

    def _failed(self, jobs: list[Job], error: Exception) -> list[Job]:
        """Nothing of the group counts. Whoever queued behind it waited as long, and is not made to wait again."""
        text = str(error)
        if text != self._tally.trouble:
            log.error("the store cannot write: %s", text)
            self._tally.trouble = text
        if is_busy(error):
            self._commits.live.roll_back()
            waiting = self._drain_waiting()
            self._taken += len(waiting)
            jobs = [*jobs, *waiting]
        else:
            self._commits.live.abandon()
        self._owed = [job for job in jobs if job.lazy]
        settled = [job for job in jobs if not job.lazy]
        for job in settled:
            job.error = Unavailable(text)
        return settled

    def _drain_waiting(self) -> list[Job]:
        """Like `_drain`, but a request to end stays in the queue."""
        out = []
        ending = False
        with suppress(queue.Empty):
            while True:
                job = self._queue.get_nowait()
                if job is None:
                    ending = True
                else:
                    out.append(job)
        if ending:
            self._queue.put(None)
        return out

    # -- back to the loop ---------------------------------------------------------------------------------------

    def _settle(self, jobs: list[Job]) -> None:
        if jobs:
            with suppress(RuntimeError):  # the loop is gone, and with it whoever waited
                self._loop.call_soon_threadsafe(_resolve, jobs)


def _resolve(jobs: list[Job]) -> None:
    for job in jobs:
        if job.future.done():  # the caller was cancelled
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.value)
