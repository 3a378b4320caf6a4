"""What the gate asks: looks at leaves without holding anything else up."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from mcp_gate.detect.finding import Finding, Leaf, Scan
from mcp_gate.detect.ner.weights import installed
from mcp_gate.detect.options import Options
from mcp_gate.lang.reveal import reveal
from mcp_gate.scanning import frames
from mcp_gate.scanning.child import START_SEC
from mcp_gate.scanning.failed import Failure, ScanFailed
from mcp_gate.scanning.gathered import Gathered
from mcp_gate.scanning.load import SENTENCE, Detector, load
from mcp_gate.scanning.pieces import Piece, Window, pieces
from mcp_gate.scanning.pool import Pool
from mcp_gate.scanning.process import Found

log = logging.getLogger(__name__)

T = TypeVar("T")
MOST: Final = 40_000_000
"""Characters of all leaves of one result; more is not scanned."""
MOST_FINDINGS: Final = 100_000
"""In one result; more is not an answer to anything."""
WHOLE_SEC: Final = 9.0
"""How long all of it may take."""
AT_ONCE: Final = 12_288
"""Characters that are scanned on the spot where few signs of anything are in them: within two milliseconds."""
AT_ONCE_LEAVES: Final = 1_000
BIT_BY_BIT: Final = 1_048_576
"""Characters that are scanned here as well, others having their turn in between: to send them to a process and back
takes as long as to find that hardly anything is in them."""
A_BIT: Final = 32_768
"""Characters of several leaves in one bit."""
LONG: Final = 65_536
"""Characters of a text that nothing may go through as a whole."""
SIGNS: Final = 1_000
"""How many places are looked at closely on the spot: some microseconds each."""
SAMPLE: Final = Piece((Leaf(SENTENCE),), (Window(0),))
SLICE: Final = 5_000
"""Leaves that are gone through before others have their turn."""


class Scanner:
    """One for a gate. Starts nothing before the first text comes along, or `warm` is called."""

    def __init__(self, rules: Path, *, pool: Pool | None = None) -> None:
        """
        Args:
            rules: a directory, the caller's alone, in which compiled rules are kept.
        """
        self._rules = rules
        self._pool = pool or Pool(rules)
        self._here: asyncio.Task[Detector] | None = None
        self._first: asyncio.Task[Found] | None = None
        self._one_at_a_time = asyncio.Lock()

    def warm(self, options: Options = Options()) -> None:  # noqa: B008 - frozen
        """Load in the background what the first text needs."""
        if self._here is not None:
            return
        self._here = asyncio.create_task(asyncio.to_thread(load, self._rules, replace(options, ner=False)))
        self._here.add_done_callback(self._told)
        if options.ner and installed():  # most prose then goes to a process
            self._first = asyncio.create_task(self._pool.scan(SAMPLE, frames.encode_options(options)))
            self._first.add_done_callback(self._told)

    def _told(self, loading: asyncio.Task[Any]) -> None:
        if not loading.cancelled() and (error := loading.exception()) is not None and not self._pool.closed:
            log.error("detectors cannot be loaded: %s", error)

    @property
    def pids(self) -> frozenset[int]:
        """Of the processes that scan."""
        return self._pool.pids

    async def close(self) -> None:
        """End in order; what is being scanned fails."""
        await self._pool.close()
        loading = [task for task in (self._here, self._first) if task is not None]
        if loading:
            await asyncio.wait(loading)

    async def scan(self, leaves: Sequence[Leaf], options: Options = Options()) -> Scan:  # noqa: B008 - frozen
        """What was found in each leaf. The event loop is not held for longer than a few milliseconds.

        Raises:
            ScanFailed: nothing is known of them, and nothing of them may leave.
        """
        size = 0
        async for part in _slices(leaves):
            size += sum([len(text) for text, _ in part])
        if not size:
            return Scan(tuple(() for _ in leaves))
        if size > MOST:
            raise ScanFailed(Failure.TOO_LARGE, f"more than {MOST // 1_000_000} million characters")
        found = None
        if size <= AT_ONCE and len(leaves) <= AT_ONCE_LEAVES:
            found = await self._at_once(leaves, options)
        elif size <= BIT_BY_BIT:
            found = await self._bit_by_bit(leaves, options)
        if found is not None:
            return found
        try:
            async with asyncio.timeout(WHOLE_SEC if self._pool.warm else WHOLE_SEC + START_SEC):
                return await self._in_pieces(leaves, options)
        except TimeoutError:
            raise ScanFailed(Failure.TIME) from None

    async def _at_once(self, leaves: Sequence[Leaf], options: Options) -> Scan | None:
        """None if it would take too long."""
        from mcp_gate.detect.ner.find import wanted

        if options.ner and installed() and wanted(leaves):
            self.warm(options)
            return None
        detector = await self._loaded(options)
        from mcp_gate.detect.scan import TooManySigns
        from mcp_gate.detect.secrets.find import ShapesWanted

        try:
            return detector(leaves, replace(options, ner=False) if installed() else options, SIGNS)
        except TooManySigns:
            return None
        except ShapesWanted:
            await self._shapes_loaded(options)
            return await self._at_once(leaves, options)
        except Exception as e:
            raise ScanFailed(Failure.DETECTOR, type(e).__name__) from e

    async def _bit_by_bit(self, leaves: Sequence[Leaf], options: Options) -> Scan | None:
        """None if it would take too long."""
        from mcp_gate.detect.ner.find import wanted

        names = options.ner and installed()
        async for part in _slices(leaves):
            if any(_for_a_process(leaf.text, options) for leaf in part if len(leaf.text) > LONG):
                return None
        await self._loaded(options)
        from mcp_gate.detect.scan import TooManySigns, steps
        from mcp_gate.detect.secrets.find import ShapesWanted

        gathered = Gathered(len(leaves))
        try:
            for piece in pieces(leaves, A_BIT):
                if names and wanted(piece.leaves):
                    return None
                scan = await _turn_by_turn(steps(piece.leaves, replace(options, ner=False), SIGNS))
                gathered.add(piece, ((which, one) for which, own in enumerate(scan.findings) for one in own))
        except (TooManySigns, ShapesWanted):
            return None
        except Exception as e:
            raise ScanFailed(Failure.DETECTOR, type(e).__name__) from e
        return await _whole(gathered)

    async def _shapes_loaded(self, options: Options) -> None:
        """Of vendors' keys, which many a gate never needs: they are a third of all its memory."""
        from mcp_gate.detect.secrets.find import load_shapes

        async with self._one_at_a_time:
            await _done(asyncio.create_task(asyncio.to_thread(load_shapes, needed=options.vendor_shapes)))

    async def _loaded(self, options: Options) -> Detector:
        """Of the gate's own process. What is on its way is waited for: a process would take longer."""
        self.warm(options)
        assert self._here is not None
        return await _done(self._here)

    async def _in_pieces(self, leaves: Sequence[Leaf], options: Options) -> Scan:
        """By processes. Each works at a piece; one more is waiting, so that none is idle in between."""
        given = frames.encode_options(options)
        gathered = Gathered(len(leaves))
        under_way: deque[tuple[Piece, asyncio.Task[Found]]] = deque()
        try:
            for piece in pieces(leaves):
                under_way.append((piece, asyncio.create_task(self._pool.scan(piece, given))))
                await asyncio.sleep(0)
                if len(under_way) > self._pool.most:
                    await _collect(gathered, under_way)
            while under_way:
                await _collect(gathered, under_way)
        finally:
            for _, task in under_way:
                task.cancel()
        return await _whole(gathered)


def _for_a_process(text: str, options: Options) -> bool:
    """Whether something that cannot be interrupted goes through the whole of a long text: what undoes escapes, an
    admin's patterns, what looks for prose with names."""
    if not text.isascii() or any(escape in text for escape in "\\%&"):
        return True
    return bool(options.custom) or (options.ner and installed() and " " in text)


async def _turn_by_turn(work: Generator[None, None, Scan]) -> Scan:
    """Work that lets others have their turn between its steps."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            done: Scan = end.value
            return done
        await asyncio.sleep(0)


async def _done(loading: asyncio.Task[T]) -> T:
    """What was loaded, however many wait for it.

    Raises:
        ScanFailed: it cannot be had.
    """
    try:
        return loading.result() if loading.done() else await asyncio.shield(loading)
    except asyncio.CancelledError:
        raise
    except Exception as e:
        raise ScanFailed(Failure.MISSING, reveal(str(e))) from e


async def _collect(gathered: Gathered, under_way: deque[tuple[Piece, asyncio.Task[Found]]]) -> None:
    """Wait for the oldest piece and put in what it found."""
    piece, task = under_way.popleft()
    found, partial = await task
    gathered.partial.update(partial)
    async for part in _slices(found):
        gathered.add(piece, part)
    if gathered.count > MOST_FINDINGS:
        raise ScanFailed(Failure.TOO_LARGE, f"more than {MOST_FINDINGS} findings in it")


async def _whole(gathered: Gathered) -> Scan:
    out: list[tuple[Finding, ...]] = []
    async for part in _slices(range(gathered.size)):
        out += gathered.of(part)
    return Scan(tuple(out), tuple(sorted(gathered.partial)))


async def _slices(items: Sequence[T]) -> AsyncIterator[Sequence[T]]:
    """Parts that are gone through within a few milliseconds; others have their turn in between."""
    for at in range(0, len(items), SLICE):
        if at:
            await asyncio.sleep(0)
        yield items[at : at + SLICE]
